#include "plugins/bev/engine/ablation.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include <algorithm>
#include <cmath>

namespace lathe::bev {
namespace {

class Variants {
public:
    Variants(const Experiment& base, const DetectorConfig& config, const std::vector<std::string>& channels, std::uint64_t seed) : m_base(base), m_config(config), m_channels(channels), m_seed(seed) {
        m_out.push_back({"baseline", "", base, true});
    }

    void add(std::string_view axis) {
        const auto with = [&](std::string value, auto change) {
            m_out.push_back({std::string(axis), std::move(value), m_base, axis == "suppression"});
            change(m_out.back().experiment);
        };
        const auto rule = [&](const char* value, auto member, auto to) {
            if (m_base.rules.*member != to) with(value, [&](Experiment& e) { e.rules.*member = to; });
        };
        if (axis == "overlap") {
            rule("last", &ViewRules::overlap, Overlap::last);
            rule("first", &ViewRules::overlap, Overlap::first);
            rule("average", &ViewRules::overlap, Overlap::average);
        } else if (axis == "rounding") {
            rule("half to even", &ViewRules::rounding, Rounding::half_even);
            rule("half away", &ViewRules::rounding, Rounding::half_away);
        } else if (axis == "sampling") {
            rule("corner", &ViewRules::sampling, Sampling::corner);
            rule("centre", &ViewRules::sampling, Sampling::centre);
        } else if (axis == "grid") {
            for (const double cell : {0.8, 1.25}) with("cells " + number_text(cell) + " x", [cell](Experiment& e) { e.grid.cell *= cell; });
            for (const double up : {-0.5, -0.25, 0.25, 0.5}) with((up > 0 ? "up " : "down ") + number_text(std::abs(up)) + " m", [up](Experiment& e) { e.grid.up += up; });
        } else if (axis == "frames") {
            const int used = m_base.frames > 0 ? std::min(m_base.frames, m_config.frames) : m_config.frames;
            for (int n = 1; n <= m_config.frames; ++n)
                if (n != used) with(std::to_string(n), [n](Experiment& e) { e.frames = n; });
        } else if (axis == "alignment") {
            if (m_config.frames > 1) with(m_base.align.ego_motion ? "off" : "on", [](Experiment& e) { e.align.ego_motion = !e.align.ego_motion; });
        } else if (axis == "rotation") {
            for (const double degrees : {0.25, 0.5, 1.0, 2.0}) with(number_text(degrees) + "°", [&](Experiment& e) { spoil(e, degrees, 0); });
        } else if (axis == "position") {
            for (const int centimetres : {5, 10, 20, 40}) with(std::to_string(centimetres) + " cm", [&](Experiment& e) { spoil(e, 0, 0.01 * centimetres); });
        } else if (axis == "cameras") {
            for (std::size_t i = 0; i < m_channels.size(); ++i) {
                if (!m_base.dropped.empty() && m_base.dropped[i]) continue;
                with("without " + m_channels[i], [&](Experiment& e) {
                    e.dropped.resize(m_channels.size(), false);
                    e.dropped[i] = true;
                });
            }
        } else if (axis == "suppression") {
            with(m_base.post.scale_nms ? "not scaled" : "scaled", [](Experiment& e) { e.post.scale_nms = !e.post.scale_nms; });
        } else {
            throw Error(ErrorCode::unknown_name, "There is no such axis.", "axes, \"" + std::string(axis) + "\"", "Known: " + Json(kAxes).dump() + ".");
        }
    }
    std::vector<Variant> take() { return std::move(m_out); }

private:
    void spoil(Experiment& e, double degrees, double metres) const {
        e.align.noise.clear();
        for (std::size_t i = 0; i < m_channels.size(); ++i) e.align.noise.push_back(draw_noise(degrees, metres, m_seed * 64 + i));
    }

    const Experiment& m_base;
    const DetectorConfig& m_config;
    const std::vector<std::string>& m_channels;
    std::uint64_t m_seed;
    std::vector<Variant> m_out;
};

}

std::vector<Variant> variants_of(const Experiment& base, const DetectorConfig& config, const std::vector<std::string>& channels, const std::vector<std::string>& axes, std::uint64_t seed) {
    Variants variants(base, config, channels, seed);
    for (const std::string& axis : axes) variants.add(axis);
    return variants.take();
}

}
