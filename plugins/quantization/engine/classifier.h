#pragma once
// Networks that tell classes of pictures apart, and what their families share: sizes from JSON, loading below a prefix, facts.
#include "core/nn/model_family.h"
#include <array>
#include <string_view>

namespace lathe::quantization {

/// [N, C, H, W] normalised -> logits [N, classes].
class Classifier : public Network {
public:
    virtual std::int64_t classes() const = 0;
    virtual std::int64_t channels() const = 0;
    virtual std::int64_t image_size() const = 0;         ///< height and width of the pictures that it is made for
    /// He initialisation of the weights; normalisations and biases as they are made.
    void initialize(std::uint64_t seed);
protected:
    /// The one input. Throws Error(invalid_value) where it is no batch of float32 pictures with the network's channels.
    at::Tensor checked_input(const std::vector<at::Tensor>& inputs) const;
};

/// What stands in front of the keys of public checkpoints.
inline constexpr std::array<std::string_view, 5> kKeyPrefixes{"", "module.", "state_dict.module.", "state_dict.", "model."};

/// The whole number under `key`, `fallback` where there is none. Throws Error(invalid_value) naming the field.
int config_number(const Json& config, const char* key, int fallback, int lowest, int highest);

/// channels, classes, size, parameters, macs (multiply-adds of convolutions and linear layers for one picture), config.
Json classifier_facts(const Network& network);
/// Random numbers as inputs, [batch, C, size, size].
std::vector<at::Tensor> classifier_example(const Network& network, std::int64_t batch, std::uint64_t seed);

}
