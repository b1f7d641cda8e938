#include "plugins/quantization/engine/onnx_model.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/version.h"
#include <ATen/ATen.h>
#include <limits>
// As Debian's libonnx is built.
#ifndef ONNX_ML
#define ONNX_ML 1
#endif
#ifndef ONNX_NAMESPACE
#define ONNX_NAMESPACE onnx
#endif
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

namespace lathe::quantization {
namespace {

constexpr int kFirstOpset = 13, kLastOpset = 22;

/// The version of the file format that came with an opset.
int ir_version_of(int opset) { return opset <= 14 ? 7 : opset <= 18 ? 8 : opset <= 20 ? 9 : 10; }

int onnx_type_of(at::ScalarType type, const std::string& name) {
    switch (type) {
    case at::kFloat: return onnx::TensorProto::FLOAT;
    case at::kChar: return onnx::TensorProto::INT8;
    case at::kByte: return onnx::TensorProto::UINT8;
    case at::kInt: return onnx::TensorProto::INT32;
    case at::kLong: return onnx::TensorProto::INT64;
    default: throw Error(ErrorCode::unsupported, std::string("A tensor of type ") + c10::toString(type) + " is not exported.", "ONNX tensor " + valid_text(name, 256), "Convert it to float32 or an integer type.");
    }
}

void set_attribute(onnx::AttributeProto& out, const OnnxAttribute& value) {
    using Type = onnx::AttributeProto;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        out.set_type(Type::INT);
        out.set_i(*whole);
    } else if (const auto* number = std::get_if<float>(&value)) {
        out.set_type(Type::FLOAT);
        out.set_f(*number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        out.set_type(Type::STRING);
        out.set_s(*text);
    } else if (const auto* wholes = std::get_if<std::vector<std::int64_t>>(&value)) {
        out.set_type(Type::INTS);
        out.mutable_ints()->Add(wholes->begin(), wholes->end());
    } else {
        const auto& numbers = std::get<std::vector<float>>(value);
        out.set_type(Type::FLOATS);
        out.mutable_floats()->Add(numbers.begin(), numbers.end());
    }
}

}

OnnxModel::OnnxModel(const std::string& graph_name, int opset) : m_model(std::make_unique<onnx::ModelProto>()) {
    if (opset < kFirstOpset || opset > kLastOpset)
        throw Error(ErrorCode::unsupported, "This opset is not written.", "opset " + std::to_string(opset), "Choose one from " + std::to_string(kFirstOpset) + " to " + std::to_string(kLastOpset) + ".");
    m_model->set_ir_version(ir_version_of(opset));
    m_model->set_producer_name("Lathe");
    m_model->set_producer_version(version());
    m_model->add_opset_import()->set_version(opset);
    m_model->mutable_graph()->set_name(graph_name);
}

OnnxModel::~OnnxModel() = default;
OnnxModel::OnnxModel(OnnxModel&&) noexcept = default;
OnnxModel& OnnxModel::operator=(OnnxModel&&) noexcept = default;

void OnnxModel::take_name(const std::string& name, const char* what) {
    if (name.empty() || !is_utf8(name)) throw Error(ErrorCode::invalid_value, "A name is empty or no UTF-8 text.", std::string(what) + " of the ONNX graph", "Give it a name.");
    if (!m_names.insert(name).second) throw Error(ErrorCode::invalid_value, "The name is taken.", std::string(what) + " " + valid_text(name, 256) + " of the ONNX graph", "Every tensor needs a name of its own.");
}

void OnnxModel::describe(onnx::ValueInfoProto& info, const std::string& name, at::ScalarType type, const std::vector<std::int64_t>& shape) {
    info.set_name(name);
    auto* tensor = info.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(onnx_type_of(type, name));
    auto* sizes = tensor->mutable_shape();
    int any = 0;
    for (const std::int64_t size : shape) {
        if (size >= 0) sizes->add_dim()->set_dim_value(size);
        else sizes->add_dim()->set_dim_param(any++ == 0 ? "N" : name + "_" + std::to_string(any));
    }
}

void OnnxModel::add_input(const std::string& name, at::ScalarType type, const std::vector<std::int64_t>& shape) {
    onnx_type_of(type, name);   // before the name is taken
    take_name(name, "Input");
    describe(*m_model->mutable_graph()->add_input(), name, type, shape);
}

void OnnxModel::add_output(const std::string& name, at::ScalarType type, const std::vector<std::int64_t>& shape) {
    onnx_type_of(type, name);
    if (!defines(name)) throw Error(ErrorCode::invalid_value, "No node makes this output.", "output " + valid_text(name, 256) + " of the ONNX graph", "Add the node first.");
    describe(*m_model->mutable_graph()->add_output(), name, type, shape);
}

void OnnxModel::add_initializer(const std::string& name, const at::Tensor& value) {
    if (!value.defined()) throw Error(ErrorCode::invalid_value, "The tensor is undefined.", "initializer " + valid_text(name, 256) + " of the ONNX graph", "Give it a value.");
    const int type = onnx_type_of(value.scalar_type(), name);
    take_name(name, "Initializer");
    const at::Tensor dense = value.detach().to(at::kCPU).contiguous();
    auto& out = *m_model->mutable_graph()->add_initializer();
    out.set_name(name);
    out.set_data_type(type);
    for (const std::int64_t size : dense.sizes()) out.add_dims(size);
    out.set_raw_data(dense.const_data_ptr(), dense.nbytes());
}

void OnnxModel::add_initializer(const std::string& name, const std::vector<std::int64_t>& values) { add_initializer(name, at::tensor(values, at::kLong)); }

void OnnxModel::add_node(const std::string& op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs, const OnnxAttributes& attributes) {
    if (outputs.empty()) throw Error(ErrorCode::invalid_value, "A node has no output.", "ONNX operator " + valid_text(op, 64), "Name its output.");
    for (const std::string& input : inputs)
        if (!input.empty() && !defines(input))
            throw Error(ErrorCode::invalid_value, "An input of a node is not made before it.", "tensor " + valid_text(input, 256) + ", ONNX operator " + valid_text(op, 64), "Add what makes it first.");
    for (const std::string& output : outputs) take_name(output, "Output");
    auto& node = *m_model->mutable_graph()->add_node();
    node.set_op_type(op);
    node.set_name(outputs.front() + "/" + op);
    for (const std::string& input : inputs) node.add_input(input);
    for (const std::string& output : outputs) node.add_output(output);
    for (const auto& [key, value] : attributes) {
        auto& attribute = *node.add_attribute();
        attribute.set_name(key);
        set_attribute(attribute, value);
    }
}

void OnnxModel::set_metadata(const std::string& key, const std::string& value) {
    auto& entry = *m_model->add_metadata_props();
    entry.set_key(valid_text(key));
    entry.set_value(valid_text(value));
}

int OnnxModel::node_count() const { return m_model->graph().node_size(); }

void OnnxModel::check() const {
    try {
        onnx::checker::check_model(*m_model, true);
    } catch (const std::exception& error) {
        throw Error(ErrorCode::invalid_value, "The ONNX checker refuses the graph: " + one_sentence(error.what()), "ONNX graph " + valid_text(m_model->graph().name(), 256),
                    "Report it with the network and the settings of the export.");
    }
}

std::string OnnxModel::bytes() const {
    if (m_model->ByteSizeLong() > std::size_t(std::numeric_limits<int>::max()))
        throw Error(ErrorCode::unsupported, "The ONNX model would be larger than 2 GiB.", "ONNX graph " + valid_text(m_model->graph().name(), 256), "Export a smaller network.");
    return m_model->SerializeAsString();
}

void OnnxModel::save(const std::filesystem::path& file) const {
    const std::string all = bytes();   // the checker cannot take more than this either
    check();
    write_file(file, all);
}

}
