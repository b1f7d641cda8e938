#include "app/onnx/session.h"
#include "app/onnx/model.h"
#include "app/onnx/schema_noise.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <onnxruntime_session_options_config_keys.h>

namespace lathe::onnx_program {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (const std::int64_t size : shape) text += (text.size() > 1 ? ", " : "") + (size < 0 ? std::string("any") : std::to_string(size));
    return text + "]";
}

std::string type_text(int onnx) {
    const ElementType* type = element_type(onnx);
    return type ? std::string(type->name) : "type " + std::to_string(onnx) + " of ONNX";
}

Ort::SessionOptions options_of(const std::filesystem::path& model, const SessionSettings& settings) {
    Ort::SessionOptions options;
    options.SetGraphOptimizationLevel(settings.optimise ? ORT_ENABLE_ALL : ORT_DISABLE_ALL);
    options.SetIntraOpNumThreads(settings.threads);
    options.SetInterOpNumThreads(1);
    options.SetExecutionMode(ORT_SEQUENTIAL);
    options.AddConfigEntry(kOrtSessionOptionsConfigAllowIntraOpSpinning, "0");   // idle threads leave the cores to the engine
    if (settings.precise) options.AddConfigEntry(kOrtSessionOptionsAvx2PrecisionMode, "1");
    if (!settings.optimised_file.empty()) options.SetOptimizedModelFilePath(settings.optimised_file.c_str());
    options.AddConfigEntry(kOrtSessionOptionsModelExternalInitializersFileFolderPath, std::filesystem::absolute(model).parent_path().c_str());
    return options;
}

}

Session::Session(const std::filesystem::path& model, const SessionSettings& settings) : m_where(model.string()), m_env(ORT_LOGGING_LEVEL_ERROR, "lathe-onnx") {
    onnx::ModelProto proto = read_model(model);
    add_outputs(proto, settings.tensors, settings.all_tensors);
    const std::string bytes = proto.SerializeAsString();
    proto.Clear();
    try {
        const SchemaNoiseFilter quiet;
        m_session = Ort::Session(m_env, bytes.data(), bytes.size(), options_of(model, settings));
    } catch (const Ort::Exception& error) {
        const bool missing = error.GetOrtErrorCode() == ORT_NOT_IMPLEMENTED;
        throw Error(missing ? ErrorCode::unsupported : ErrorCode::wrong_format, "ONNX Runtime cannot load the model: " + one_sentence(error.what()), m_where,
                    missing ? "Export the model with another opset or without this operator." : "Run lathe-onnx check on it, and export it again.");
    }
    Ort::AllocatorWithDefaultOptions allocator;
    for (std::size_t i = 0; i < m_session.GetInputCount(); ++i) m_inputs.push_back(slot(m_session.GetInputNameAllocated(i, allocator).get(), m_session.GetInputTypeInfo(i)));
    for (std::size_t i = 0; i < m_session.GetOutputCount(); ++i) {
        m_outputs.push_back(slot(m_session.GetOutputNameAllocated(i, allocator).get(), m_session.GetOutputTypeInfo(i)));
        m_output_names.push_back(m_outputs.back().name);
    }
}

Session::Slot Session::slot(std::string name, const Ort::TypeInfo& info) {
    Slot out{std::move(name)};
    if (info.GetONNXType() != ONNX_TYPE_TENSOR) return out;
    const auto tensor = info.GetTensorTypeAndShapeInfo();
    out.type = int(tensor.GetElementType());
    out.shape = tensor.GetShape();
    return out;
}

Json Session::describe_all(const std::vector<Slot>& slots) {
    Json all = Json::array();
    for (const Slot& s : slots) all.push_back({{"name", valid_text(s.name, 256)}, {"dtype", type_text(s.type)}, {"shape", s.shape}});
    return all;
}

Ort::Value Session::value_of(const Slot& input, FileTensor& tensor) const {
    const std::string where = m_where + ", input " + valid_text(input.name, 256);
    if (tensor.type->onnx != input.type)
        throw Error(ErrorCode::invalid_value, "The input takes " + type_text(input.type) + " and was given " + std::string(tensor.type->name) + ".", where, "Convert the tensor.");
    bool fits = tensor.shape.size() == input.shape.size();
    for (std::size_t i = 0; fits && i < input.shape.size(); ++i) fits = input.shape[i] < 0 || input.shape[i] == tensor.shape[i];
    if (!fits)
        throw Error(ErrorCode::invalid_value, "The input takes the shape " + shape_text(input.shape) + " and was given " + shape_text(tensor.shape) + ".", where, "Give a tensor of that shape.");
    const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
    return Ort::Value::CreateTensor(memory, tensor.bytes.data(), tensor.bytes.size(), tensor.shape.data(), tensor.shape.size(), ONNXTensorElementDataType(input.type));
}

std::vector<Ort::Value> Session::run(std::map<std::string, FileTensor>& tensors) {
    std::vector<const char*> input_names, output_names;
    std::vector<Ort::Value> values;
    for (const Slot& input : m_inputs) {
        auto found = tensors.find(input.name);
        if (found == tensors.end() && m_inputs.size() == 1 && tensors.size() == 1) found = tensors.begin();
        if (found == tensors.end())
            throw Error(ErrorCode::invalid_value, "The file of inputs has no tensor for this input.", m_where + ", input " + valid_text(input.name, 256), "Name the tensor like the input, or say --input NAME=TENSOR.");
        values.push_back(value_of(input, found->second));
        input_names.push_back(input.name.c_str());
    }
    for (const std::string& name : m_output_names) output_names.push_back(name.c_str());
    try {
        return m_session.Run(Ort::RunOptions{}, input_names.data(), values.data(), values.size(), output_names.data(), output_names.size());
    } catch (const Ort::Exception& error) {
        throw Error(ErrorCode::invalid_value, "ONNX Runtime cannot run the model: " + one_sentence(error.what()), m_where, "Check the sizes of the inputs against the named node.");
    }
}

Json runtime_facts() {
    Json cpu = Json::object();
#if defined(__x86_64__)
    cpu = {{"avx2", __builtin_cpu_supports("avx2") != 0}, {"avx512_vnni", __builtin_cpu_supports("avx512vnni") != 0}, {"avx_vnni", __builtin_cpu_supports("avxvnni") != 0}};
#endif
    return {{"onnx_runtime", Ort::GetVersionString()}, {"provider", "CPUExecutionProvider"}, {"cpu", cpu}};
}

}
