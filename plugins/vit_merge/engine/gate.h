#pragma once
// Gates: networks that say from a picture which task or domain it comes from (specification 2.2). Work thread.
#include "core/nn/network.h"
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace lathe { class TensorIndex; }

namespace lathe::vit_merge {

class Gate : public Network {
public:
    virtual std::string kind() const = 0;                  ///< "small", "mobilenet_v2"
    virtual std::int64_t models() const = 0;               ///< N
    virtual at::Tensor features(const at::Tensor& images) = 0;              ///< [N, channels, h, w] before the mean
    void set_batch_statistics(bool on);                    ///< batch norms: those of the batch (training), else the running ones
    const std::vector<std::string>& names() const { return m_names; }       ///< of the models, in the order of its outputs; may be empty
    /// From now on its outputs are those of these models, in this order: a gate serves some of the models it was trained for. Throws Error(invalid_value) where it does not know one by name.
    void keep_models(const std::vector<std::string>& names);
    /// [N, C, H, W] normalised as for the ViTs -> logits [N, models] (the forward of Network gives the same).
    at::Tensor logits(const at::Tensor& images) { return forward({images}, nullptr); }
protected:
    virtual void keep_outputs(const std::vector<std::int64_t>& places);     ///< throws Error(unsupported) where a kind cannot
    std::vector<std::string> m_names;
};

/// The default of section 8: three 3 x 3 convolutions of stride 2 with 16, 32, 64 channels, batch norm, ReLU6; mean; linear.
std::unique_ptr<Gate> make_small_gate(std::int64_t models, std::int64_t channels, std::vector<std::string> names, std::uint64_t seed);
/// MobileNetV2 in Hugging Face's layout (padding as TensorFlow, eps 1e-3), width 1.0, classifier Linear(1280, models).
std::unique_ptr<Gate> make_mobilenet_gate(std::int64_t models, std::vector<std::string> names, std::uint64_t seed);
/// config() is {"gate", "models", "channels", "names"}; a file that a training writes carries it as metadata "lathe.config".
/// By the keys of the file: a gate of either kind; of an ImageNet MobileNetV2 only the trunk is taken (`models` > 0). Throws Error(wrong_format, invalid_value) with what it found.
std::unique_ptr<Gate> open_gate(const std::filesystem::path& file, std::int64_t models = 0);
std::unique_ptr<Gate> open_gate(const TensorIndex& file, std::int64_t models = 0);
/// The gate for these models: some of its outputs, where it knows all of them by name. Throws what require_gate_for throws.
void fit_gate(Gate& gate, const std::vector<std::string>& names);
/// Throws Error(invalid_value) where the gate is for another number of models, or for others than these names.
void require_gate_for(const Gate& gate, const std::vector<std::string>& names);

/// Softmax of logits / temperature -> [N, models].
at::Tensor gate_probabilities(const at::Tensor& logits, double temperature);

}
