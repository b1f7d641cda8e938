#include "plugins/hypergraph/panel/training.h"
#include "core/method/tensor_bytes.h"
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {

bool Training::take(const Artifact& artifact) {
    if (artifact.key == "predictions") {
        if (tensor_of(artifact).dtype == "F32") values = floats_of(artifact, -1, 0);
        else predictions = wholes_of(artifact, -1, 0);
    } else if (artifact.key == "logits") {
        logits = floats_of(artifact, -1, -1);
    } else if (artifact.key == "parts") {
        parts = bytes_of(artifact, -1, 0);
    } else if (artifact.key == "embedding") {
        embedding = artifact.bytes;
        embedding_name = kept_name(embedding, QStringLiteral("embedding"));
    } else if (artifact.key == "confusion") {
        confusion = table_of(artifact);
    } else if (artifact.key == "model.safetensors" || artifact.key == "model") {
        model = artifact.bytes;
    } else {
        return false;
    }
    return true;
}

bool Training::take(const RunEvent& event) {
    if (const auto* made = std::get_if<event::ArtifactMade>(&event.body)) return take(made->artifact);
    if (series.take(event)) return true;
    const auto* done = std::get_if<event::Finished>(&event.body);
    if (!done) return false;
    finished = true;
    summary = done->summary.is_object() ? done->summary : Json::object();
    return true;
}

bool Training::fits(const ShownGraph& graph) const {
    const std::size_t count = std::max(predictions.size(), values.size());
    return count > 0 && count == std::size_t(graph.data->nodes);
}

double Training::confidence(std::int32_t node) const {
    if (predictions.empty() || logits.size() % predictions.size() != 0 || std::size_t(node) >= predictions.size()) return std::nan("");
    const std::size_t classes = logits.size() / predictions.size();
    const std::int32_t predicted = predictions[std::size_t(node)];
    if (predicted < 0 || std::size_t(predicted) >= classes) return std::nan("");
    const std::span row(logits.data() + std::size_t(node) * classes, classes);
    double sum = 0;
    for (const float logit : row) sum += std::exp(double(logit) - double(row[std::size_t(predicted)]));
    return 1 / sum;
}

QString part_name(int part) {
    static const QStringList names{QStringLiteral("train"), QStringLiteral("validation"), QStringLiteral("test")};
    return names.value(part - 1);
}

}
