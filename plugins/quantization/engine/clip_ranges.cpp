#include "plugins/quantization/engine/clip_ranges.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <set>

namespace lathe::quantization {
namespace {

constexpr std::array<std::string_view, 5> kLayouts{"general", "tensorrt", "snpe", "ppl", "vitis"};

std::string range_place(const TensorRange& r) { return "tensor " + valid_text(r.name, 256); }

void check_range(const TensorRange& r) {
    const char* wrong = nullptr;
    if (r.name.empty()) wrong = "A tensor has no name.";
    else if (r.scale.empty() || r.scale.size() != r.zero_point.size()) wrong = "A tensor needs as many scales as zero points, one at least.";
    else if (r.quant_min >= r.quant_max) wrong = "The integer range is empty.";
    else if (!std::ranges::all_of(r.scale, [](double s) { return std::isfinite(s) && s > 0; })) wrong = "A scale is not a positive number.";
    if (wrong) throw Error(ErrorCode::invalid_value, wrong, range_place(r), "Calibrate the network again.");
}

double range_low(const TensorRange& r, std::size_t c) { return double(r.quant_min - r.zero_point[c]) * r.scale[c]; }
double range_high(const TensorRange& r, std::size_t c) { return double(r.quant_max - r.zero_point[c]) * r.scale[c]; }

/// A number, or a list where there are channels.
template <class F> Json one_or_list(const TensorRange& r, F value) {
    if (r.scale.size() == 1) return value(std::size_t{0});
    Json list = Json::array();
    for (std::size_t c = 0; c < r.scale.size(); ++c) list.push_back(value(c));
    return list;
}

Json range_scale(const TensorRange& r) { return one_or_list(r, [&](std::size_t c) { return Json(r.scale[c]); }); }
Json range_zero(const TensorRange& r) { return one_or_list(r, [&](std::size_t c) { return Json(r.zero_point[c]); }); }
Json range_min(const TensorRange& r) { return one_or_list(r, [&](std::size_t c) { return Json(range_low(r, c)); }); }
Json range_max(const TensorRange& r) { return one_or_list(r, [&](std::size_t c) { return Json(range_high(r, c)); }); }

void need_one_scale(const TensorRange& r, std::string_view layout) {
    if (r.scale.size() > 1) throw Error(ErrorCode::unsupported, "The layout " + std::string(layout) + " has one scale per tensor.", range_place(r), "Give this tensor one scale, or choose another layout.");
}

Json general_entry(const TensorRange& r) {
    return {{"name", r.name}, {"weight", r.is_weight}, {"scale", range_scale(r)}, {"zero_point", range_zero(r)}, {"quant_min", r.quant_min}, {"quant_max", r.quant_max},
        {"bits", bits_of(r.quant_min, r.quant_max)}, {"min", range_min(r)}, {"max", range_max(r)}};
}

Json tensorrt_entry(const TensorRange& r) {
    need_one_scale(r, "tensorrt");
    if (r.zero_point[0] != 0) throw Error(ErrorCode::unsupported, "TensorRT takes symmetric ranges only.", range_place(r) + ", zero point " + std::to_string(r.zero_point[0]), "Choose the TensorRT preset, or another layout.");
    return r.scale[0] * double(std::max(-r.quant_min, r.quant_max));
}

Json snpe_entry(const TensorRange& r) {
    need_one_scale(r, "snpe");
    return Json::array({{{"bitwidth", bits_of(r.quant_min, r.quant_max)}, {"min", range_low(r, 0)}, {"max", range_high(r, 0)}}});
}

Json ppl_entry(const TensorRange& r) {
    return {{"step", range_scale(r)}, {"zero_point", range_zero(r)}, {"min", range_min(r)}, {"max", range_max(r)}, {"bit", bits_of(r.quant_min, r.quant_max)}, {"type", "biased"}};
}

Json vitis_entry(const TensorRange& r) {
    need_one_scale(r, "vitis");
    return {{"scale", r.scale[0]}};
}

}

int bits_of(std::int64_t quant_min, std::int64_t quant_max) {
    const std::uint64_t steps = std::uint64_t(quant_max) - std::uint64_t(quant_min);   // one less than the number of values
    return std::bit_width(steps);
}

void copy_back(std::vector<TensorRange>& ranges, std::span<const std::pair<std::string, std::string>> views) {
    for (auto view = views.rbegin(); view != views.rend(); ++view) {
        const auto& [input, output] = *view;
        const auto found = std::ranges::find(ranges, output, &TensorRange::name);
        if (found == ranges.end() || std::ranges::find(ranges, input, &TensorRange::name) != ranges.end()) continue;
        TensorRange copy = *found;
        copy.name = input;
        ranges.push_back(std::move(copy));
    }
}

std::span<const std::string_view> clip_range_layouts() { return kLayouts; }

Json clip_ranges(const std::vector<TensorRange>& ranges, std::string_view layout) {
    if (std::ranges::find(kLayouts, layout) == kLayouts.end()) {
        const std::string near = nearest_name(layout, {kLayouts.begin(), kLayouts.end()});
        throw Error(ErrorCode::unknown_name, "There is no such layout of ranges.", valid_text(layout, 64), near.empty() ? "Choose general, tensorrt, snpe, ppl or vitis." : "Did you mean " + near + "?");
    }
    std::set<std::string_view> names;
    Json tensors = layout == "general" ? Json::array() : Json::object();
    for (const TensorRange& r : ranges) {
        check_range(r);
        if (!names.insert(r.name).second) throw Error(ErrorCode::invalid_value, "Two ranges are of one tensor.", range_place(r), "Give each tensor once.");
        const bool activations_only = layout == "tensorrt" || layout == "snpe";
        if (r.is_weight && activations_only) continue;
        if (layout == "general") tensors.push_back(general_entry(r));
        else if (layout == "tensorrt") tensors[r.name] = tensorrt_entry(r);
        else if (layout == "snpe") tensors[r.name] = snpe_entry(r);
        else if (layout == "ppl") tensors[r.name] = ppl_entry(r);
        else tensors[r.name] = vitis_entry(r);
    }
    if (layout == "general") return {{"lathe", {{"tensors", std::move(tensors)}}}};
    if (layout == "tensorrt") return {{"tensorrt", {{"blob_range", std::move(tensors)}}}};
    if (layout == "snpe") return {{"activation_encodings", std::move(tensors)}, {"param_encodings", Json::object()}};
    return {{std::string(layout), std::move(tensors)}};
}

}
