#include "plugins/hypergraph/panel/answers.h"
#include "core/method/tensor_bytes.h"
#include <QCryptographicHash>
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {
namespace {

template <class T> std::vector<T> values_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns) {
    const TensorBytes tensor = tensor_of(artifact);
    const bool is_flat = columns == 0;
    const bool fits = tensor.shape.size() == (is_flat ? 1U : 2U) && (rows < 0 || tensor.shape[0] == rows) && (is_flat || columns < 0 || tensor.shape[1] == columns);
    if (!fits) {
        std::string shape;
        for (const std::int64_t size : tensor.shape) shape += (shape.empty() ? "" : ", ") + std::to_string(size);
        refuse_answer("tensor " + artifact.key, "it is [" + shape + "]");
    }
    return tensor.values<T>();
}

}

QString shown_cell(const std::string& cell) {
    const auto number = parse_number(cell);
    if (!number || !std::isfinite(*number)) return QString::fromStdString(cell);
    return *number == std::floor(*number) && std::abs(*number) < 1e15 ? QString::number(*number, 'f', 0) : QString::number(*number, 'g', 5);
}

std::vector<float> floats_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns) { return values_of<float>(artifact, rows, columns); }
std::vector<std::int32_t> wholes_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns) { return values_of<std::int32_t>(artifact, rows, columns); }
std::vector<std::uint8_t> bytes_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns) { return values_of<std::uint8_t>(artifact, rows, columns); }

QString kept_name(const Bytes& bytes, const QString& name) {
    if (!bytes) return {};
    const QByteArray hash = QCryptographicHash::hash(QByteArrayView(bytes->data(), qsizetype(bytes->size())), QCryptographicHash::Sha256);
    return QStringLiteral("%1-%2.safetensors").arg(name, QString::fromLatin1(hash.toHex().left(12)));
}

Bytes positions_bytes(const std::vector<float>& x, const std::vector<float>& y) {
    std::string head = Json{{"positions", {{"dtype", "F32"}, {"shape", Json::array({x.size(), std::size_t{2}})}, {"data_offsets", Json::array({std::size_t{0}, 8 * x.size()})}}}}.dump();
    head.resize((head.size() + 7) / 8 * 8, ' ');
    const std::uint64_t size = head.size();
    std::string out(reinterpret_cast<const char*>(&size), sizeof size);
    out += head;
    for (std::size_t i = 0; i < x.size(); ++i)
        for (const float value : {x[i], y[i]}) out.append(reinterpret_cast<const char*>(&value), sizeof value);
    return std::make_shared<const std::string>(std::move(out));
}

}
