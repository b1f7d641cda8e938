#include "core/base/error.h"
#include "plugins/delta_cache/engine/dit.h"
#include <array>

namespace lathe::delta_cache {
namespace {

void check(bool ok, const std::string& what, const std::string& where) {
    if (!ok) throw Error(ErrorCode::invalid_value, what, where, "Correct the size of the network.");
}

}

Json to_json(const DitConfig& c) {
    return {{"input_size", c.input_size}, {"patch_size", c.patch}, {"in_channels", c.in_channels}, {"hidden_size", c.hidden}, {"depth", c.depth}, {"num_heads", c.heads},
        {"mlp_ratio", c.mlp_ratio}, {"num_classes", c.num_classes}, {"learn_sigma", c.learn_sigma}, {"class_dropout_prob", c.class_dropout}, {"freq_shift", c.freq_shift},
        {"norm2_eps", c.norm2_eps}};
}

DitConfig dit_config_from(const Json& json) {
    check(json.is_object(), "The description of a DiT must be an object.", json.dump());
    DitConfig c;
    const auto number = [&json](const char* key, auto& value) {
        const auto it = json.find(key);
        if (it == json.end()) return;
        check(it->is_number() || it->is_boolean(), std::string(key) + " must be a number.", it->dump());
        it->get_to(value);
    };
    number("input_size", c.input_size);
    number("patch_size", c.patch);
    number("in_channels", c.in_channels);
    number("hidden_size", c.hidden);
    number("depth", c.depth);
    number("num_heads", c.heads);
    number("mlp_ratio", c.mlp_ratio);
    number("num_classes", c.num_classes);
    number("class_dropout_prob", c.class_dropout);
    number("freq_shift", c.freq_shift);
    number("norm2_eps", c.norm2_eps);
    if (const auto it = json.find("learn_sigma"); it != json.end()) {
        check(it->is_boolean(), "learn_sigma must be true or false.", it->dump());
        c.learn_sigma = it->get<bool>();
    }
    const auto in = [](int value, int low, int high) { return value >= low && value <= high; };
    check(in(c.input_size, 1, 4096) && in(c.patch, 1, 256) && c.input_size % c.patch == 0, "input_size must be a multiple of patch_size.", std::to_string(c.input_size) + " and " + std::to_string(c.patch));
    check(in(c.in_channels, 1, 1024), "in_channels must be 1 to 1024.", std::to_string(c.in_channels));
    check(in(c.hidden, 4, 16384) && c.hidden % 4 == 0 && in(c.heads, 1, c.hidden) && c.hidden % c.heads == 0, "hidden_size must be a multiple of 4 and of num_heads.",
        std::to_string(c.hidden) + " and " + std::to_string(c.heads));
    check(in(c.depth, 1, 1024), "depth must be 1 to 1024.", std::to_string(c.depth));
    check(c.mlp_ratio > 0 && c.mlp_ratio <= 64 && c.mlp_hidden() > 0, "mlp_ratio must be above 0 and at most 64.", number_text(c.mlp_ratio));
    check(in(c.num_classes, 1, 1'000'000), "num_classes must be 1 to 1000000.", std::to_string(c.num_classes));
    check(c.class_dropout >= 0 && c.class_dropout <= 1, "class_dropout_prob must be 0 to 1.", number_text(c.class_dropout));
    check(c.freq_shift == 0 || c.freq_shift == 1, "freq_shift must be 0 (official) or 1 (diffusers).", std::to_string(c.freq_shift));
    check(c.norm2_eps > 0 && c.norm2_eps < 1, "norm2_eps must be between 0 and 1.", number_text(c.norm2_eps));
    return c;
}

DitConfig dit_size(std::string_view name) {
    struct Size { std::string_view name; int depth, hidden, heads; };
    constexpr std::array<Size, 4> sizes{{{"S", 12, 384, 6}, {"B", 12, 768, 12}, {"L", 24, 1024, 16}, {"XL", 28, 1152, 16}}};
    const auto slash = name.find('/');
    for (const auto& size : sizes)
        for (const int patch : {2, 4, 8})
            if (slash != name.npos && name.substr(0, slash) == size.name && name.substr(slash + 1) == std::to_string(patch)) {
                DitConfig c;
                c.depth = size.depth;
                c.hidden = size.hidden;
                c.heads = size.heads;
                c.patch = patch;
                return c;
            }
    throw Error(ErrorCode::unknown_name, "There is no DiT of this size.", std::string(name), "Sizes are S, B, L and XL with patch 2, 4 or 8, for example XL/2.");
}

}
