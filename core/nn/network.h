#pragma once
// Base of every network in Lathe: named parameters under their published checkpoint keys, layers that report to Taps, and one forward.
#include "core/base/json.h"
#include "core/nn/tap.h"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lathe {

class TensorIndex;

/// A node in the tree of layers. Members carry exactly the names of the published checkpoint, so loading is a walk over names.
class Module {
public:
    virtual ~Module() = default;
    Module() = default;
    Module(const Module&) = delete;
    Module& operator=(const Module&) = delete;

    using Visit = std::function<void(const std::string& key, at::Tensor& tensor)>;
    void visit(const std::string& prefix, const Visit& visit);     ///< parameters and buffers, depth first, in order of declaration
    void visit_parameters(const std::string& prefix, const Visit& visit);
    void visit_modules(const std::string& prefix, const std::function<void(const std::string&, Module&)>& visit);
    virtual void weights_changed() {}                              ///< prepacked copies are stale

protected:
    void own(std::string name, at::Tensor& parameter);             ///< call in the constructor; the tensor is a member; names may have dots
    void own_buffer(std::string name, at::Tensor& buffer);         ///< saved and loaded like a parameter, never trained
    void own(std::string name, Module& child);                     ///< an empty name: the child's tensors stand directly under this module's key
private:
    struct Owned { std::string name; at::Tensor* tensor; bool trained; };
    std::vector<Owned> m_tensors;
    std::vector<std::pair<std::string, Module*>> m_children;
    friend class Network;
};

/// Registers a layer with its network and returns its id: (name, type, point, block).
using AddLayer = std::function<int(std::string, std::string, std::string, int)>;

class Network : public Module {
public:
    const std::vector<LayerInfo>& layers() const { return m_layers; }
    /// Positional inputs as the family documents them. `taps` may be null or empty.
    virtual at::Tensor forward(std::vector<at::Tensor> inputs, TapStack* taps) = 0;

    /// Copies every tensor from `find` (key -> tensor or undefined) into the parameters, in their dtype. Throws one Error(wrong_format) listing
    /// missing, wrong-shape, integer instead of floating, NaN and (if `strict`) unexpected keys.
    void load(const std::function<at::Tensor(const std::string& key)>& find, const std::vector<std::string>& available, bool strict);
    std::map<std::string, at::Tensor> state();                     ///< by checkpoint key, not copied
    std::int64_t parameter_count();                                ///< without buffers, as it is published
    void set_training(bool training);                              ///< grad on every parameter, plain linears
    void prepare_inference();                                      ///< prepack
    const Json& config() const { return m_config; }
protected:
    int add_layer(std::string name, std::string type, std::string point, int block = -1);
    AddLayer layer_adder() { return [this](std::string name, std::string type, std::string point, int block) { return add_layer(std::move(name), std::move(type), std::move(point), block); }; }
    Json m_config;
private:
    std::vector<LayerInfo> m_layers;
};

}
