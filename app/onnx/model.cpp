#include "app/onnx/model.h"
#include "app/onnx/schema_noise.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include <limits>
#include <onnx/checker.h>
#include <set>

namespace lathe::onnx_program {

onnx::ModelProto read_model(const std::filesystem::path& file) {
    const MappedFile map(file);
    onnx::ModelProto model;
    if (map.bytes().size() > std::size_t(std::numeric_limits<int>::max()))
        throw Error(ErrorCode::wrong_format, "The model is larger than 2 GiB.", file.string(), "Keep its weights in an external data file.");
    if (!model.ParseFromArray(map.bytes().data(), int(map.bytes().size())) || !model.has_graph())
        throw Error(ErrorCode::wrong_format, "This is no ONNX model.", file.string(), "Choose a file that an ONNX exporter has written; a download may have been cut off.");
    return model;
}

void check_model(const std::filesystem::path& file) {
    read_model(file);
    const SchemaNoiseFilter quiet;
    try {
        onnx::checker::check_model(file.string(), true);
    } catch (const std::exception& error) {
        throw Error(ErrorCode::wrong_format, "The ONNX checker refuses the model: " + one_sentence(error.what()), file.string(), "Export the model again, or mend the named node.");
    }
}

Json operator_counts(const onnx::GraphProto& graph) {
    Json counts = Json::object();
    for (const onnx::NodeProto& node : graph.node()) {
        const std::string key = node.domain().empty() || node.domain() == "ai.onnx" ? node.op_type() : node.domain() + ":" + node.op_type();
        counts[valid_text(key, 256)] = counts.value(valid_text(key, 256), 0) + 1;
    }
    return counts;
}

Json describe(const onnx::ModelProto& model) {
    Json opsets = Json::object(), weights = Json::object();
    for (const auto& set : model.opset_import()) opsets[valid_text(set.domain(), 256)] = set.version();
    for (const auto& tensor : model.graph().initializer()) {
        const std::string type = onnx::TensorProto::DataType_Name(tensor.data_type());
        weights[type] = weights.value(type, 0) + 1;
    }
    return {{"ir_version", model.ir_version()}, {"opsets", opsets}, {"producer", valid_text(model.producer_name() + " " + model.producer_version(), 256)},
            {"operators", operator_counts(model.graph())}, {"initializers", weights}};
}

void add_outputs(onnx::ModelProto& model, const std::vector<std::string>& names, bool all) {
    auto& graph = *model.mutable_graph();
    std::set<std::string> there;
    for (const auto& output : graph.output()) there.insert(output.name());
    std::vector<std::string> inner;
    for (const auto& node : graph.node())
        for (const std::string& name : node.output())
            if (!name.empty()) inner.push_back(name);
    const std::set<std::string> known(inner.begin(), inner.end());
    for (const std::string& name : names) {
        if (known.contains(name)) continue;
        const std::string near = nearest_name(name, inner);
        throw Error(ErrorCode::unknown_name, "No node of the model gives a tensor of this name.", "tensor " + valid_text(name, 256), near.empty() ? "Choose an output of a node." : "Did you mean " + near + "?");
    }
    for (const std::string& name : all ? inner : names)   // without a type: the runtime infers it
        if (there.insert(name).second) graph.add_output()->set_name(name);
}

}
