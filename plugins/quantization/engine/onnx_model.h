#pragma once
// Builds an ONNX model node by node on ONNX's own messages (opset 13 to 22), checks it with ONNX's checker and shape inference, and saves it.
// What a quantised graph looks like in it: section 2.1 of the specification of quantization. One object on one thread; different objects are independent.
#include <ATen/core/Tensor.h>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace onnx { class AttributeProto; class ModelProto; class ValueInfoProto; }

namespace lathe::quantization {

using OnnxAttribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>>;
using OnnxAttributes = std::map<std::string, OnnxAttribute>;

class OnnxModel {
public:
    /// Throws Error(unsupported) for another opset: before 13 there is no per-channel QuantizeLinear, after 22 Debian's libraries do not follow.
    explicit OnnxModel(const std::string& graph_name, int opset = 13);
    ~OnnxModel();
    OnnxModel(OnnxModel&&) noexcept;
    OnnxModel& operator=(OnnxModel&&) noexcept;

    /// Types: float32, int8, uint8, int32, int64. A size of -1 is any size; the first such is named "N". Throws Error(invalid_value) for a name that is
    /// taken or empty, Error(unsupported) for another type; the same holds for initializers and nodes.
    void add_input(const std::string& name, at::ScalarType type, const std::vector<std::int64_t>& shape);
    void add_output(const std::string& name, at::ScalarType type, const std::vector<std::int64_t>& shape);
    void add_initializer(const std::string& name, const at::Tensor& value);
    void add_initializer(const std::string& name, const std::vector<std::int64_t>& values);   ///< int64 [n], as sizes and pads are given
    /// One node of the standard domain, after those that make its inputs. An empty input is one that is left out. The node is named after its first output.
    void add_node(const std::string& op, const std::vector<std::string>& inputs, const std::vector<std::string>& outputs, const OnnxAttributes& attributes = {});
    void set_metadata(const std::string& key, const std::string& value);   ///< e.g. what the export could not express

    bool defines(const std::string& name) const { return m_names.contains(name); }
    int node_count() const;

    /// The checker with full shape inference. Throws Error(invalid_value) with the checker's words.
    void check() const;
    std::string bytes() const;                              ///< throws Error(unsupported) above 2 GiB
    void save(const std::filesystem::path& file) const;     ///< checks, then writes atomically. Throws as check(), and Error(io)

private:
    void take_name(const std::string& name, const char* what);
    static void describe(onnx::ValueInfoProto& info, const std::string& name, at::ScalarType type, const std::vector<std::int64_t>& shape);
    std::unique_ptr<onnx::ModelProto> m_model;
    std::set<std::string> m_names;                          ///< inputs, initializers and outputs of nodes
};

}
