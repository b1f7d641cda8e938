#include "core/base/colour_map.h"
#include <algorithm>
#include <array>
#include <cmath>

namespace lathe {
namespace {

using Table = std::array<std::uint32_t, 33>;

constexpr Table kViridis = {
    0x440154, 0x480D60, 0x48186A, 0x482273, 0x472D7B, 0x453781, 0x434086, 0x404A89, 0x3D528C, 0x395B8D, 0x34638E,
    0x306B8E, 0x2B728E, 0x277A8E, 0x23818D, 0x21898C, 0x1F908B, 0x1F988A, 0x219F87, 0x24A684, 0x2AAE80, 0x32B57B,
    0x3DBC74, 0x4AC26B, 0x5AC861, 0x6CCE56, 0x80D349, 0x95D83C, 0xACDC30, 0xC2DF25, 0xD8E21D, 0xECE51B, 0xFDE725};
constexpr Table kInferno = {
    0x000004, 0x030417, 0x0B062C, 0x15083D, 0x21094A, 0x2E0B55, 0x3B0C5D, 0x490E63, 0x561168, 0x63136B, 0x70176C,
    0x7D1B6B, 0x8A1F69, 0x962466, 0xA22960, 0xAE2F5A, 0xBA3652, 0xC53D48, 0xCF453E, 0xD94E34, 0xE2582A, 0xEA6320,
    0xF16F18, 0xF67C12, 0xF98A0F, 0xFA990F, 0xFAA913, 0xF9BA1D, 0xF7CB2C, 0xF5DB41, 0xF3EA5D, 0xF4F87F, 0xFCFFA4};
constexpr Table kMagma = {
    0x000004, 0x030412, 0x0A0826, 0x130A38, 0x1E0D49, 0x290F59, 0x361166, 0x421371, 0x4F167A, 0x5C1880, 0x691B84,
    0x761E86, 0x832286, 0x912684, 0x9E2A81, 0xAB307D, 0xB73577, 0xC43B72, 0xCF436C, 0xDA4B67, 0xE45463, 0xED5E60,
    0xF46A5F, 0xFA7660, 0xFE8463, 0xFF9368, 0xFFA36F, 0xFFB479, 0xFEC584, 0xFCD591, 0xFAE49F, 0xFBF0AD, 0xFCFDBF};
constexpr Table kCividis = {
    0x00224E, 0x00265D, 0x012B65, 0x083169, 0x11366C, 0x1C3C6E, 0x26426E, 0x31476E, 0x3C4D6E, 0x47536D, 0x51586E,
    0x5A5E6E, 0x62646F, 0x6A6A70, 0x727071, 0x797673, 0x7F7C75, 0x868276, 0x8C8877, 0x938E78, 0x9A9478, 0xA19B78,
    0xA9A177, 0xB2A874, 0xBBAF71, 0xC5B66D, 0xCEBD68, 0xD8C462, 0xE2CB5C, 0xEBD355, 0xF3DA4F, 0xFAE249, 0xFEE838};
constexpr Table kTwilight = {
    0xE2D9E2, 0xC6D0D5, 0xB0C5CD, 0x9BB9C8, 0x89ACC5, 0x799FC2, 0x6E91C0, 0x6682BD, 0x6173BA, 0x5F62B4, 0x5E52AD,
    0x5D41A3, 0x5B3196, 0x562284, 0x4E186E, 0x421256, 0x32123A, 0x481442, 0x5C1749, 0x701C4E, 0x822450, 0x923050,
    0xA03E50, 0xAC4D51, 0xB55D54, 0xBD6D5A, 0xC37D64, 0xC78E71, 0xCB9E83, 0xCFAE97, 0xD4BDAE, 0xDBCBC6, 0xE2D9E2};

// The two arms of the diverging map, from next to the middle to the end: blue below 0, orange above. On a dark middle they grow lighter, on a light one darker.
constexpr Rgb kBlueOnDark{0x56, 0xB4, 0xE9}, kOrangeOnDark{0xF2, 0x8C, 0x3A}, kBlueOnLight{0x0B, 0x5F, 0xA8}, kOrangeOnLight{0xB3, 0x4E, 0x00};
constexpr Rgb kMissing{0xFF, 0x00, 0xFF};

std::uint8_t mix(double a, double b, double share) {
    return std::uint8_t(std::lround(a + (b - a) * share));
}

Rgb mix(Rgb a, Rgb b, double share) {
    return {mix(a.r, b.r, share), mix(a.g, b.g, share), mix(a.b, b.b, share)};
}

Rgb entry(const Table& table, std::size_t index) {
    const std::uint32_t v = table[index];
    return {std::uint8_t(v >> 16), std::uint8_t(v >> 8), std::uint8_t(v)};
}

Rgb sample(const Table& table, double t) {
    const double position = t * double(table.size() - 1);
    const auto index = std::min(std::size_t(position), table.size() - 2);
    return mix(entry(table, index), entry(table, index + 1), position - double(index));
}

Rgb diverging(double t, Rgb middle) {
    const bool dark = 0.299 * middle.r + 0.587 * middle.g + 0.114 * middle.b < 128;
    const double share = std::abs(t - 0.5) * 2;
    if (t < 0.5) return mix(middle, dark ? kBlueOnDark : kBlueOnLight, share);
    return mix(middle, dark ? kOrangeOnDark : kOrangeOnLight, share);
}

struct Named { ColourMapId id; std::string_view name; };
constexpr Named kNames[] = {{ColourMapId::grey, "grey"}, {ColourMapId::viridis, "viridis"}, {ColourMapId::inferno, "inferno"}, {ColourMapId::magma, "magma"},
    {ColourMapId::cividis, "cividis"}, {ColourMapId::twilight, "twilight"}, {ColourMapId::diverging, "diverging"}};

}

std::string_view name(ColourMapId map) {
    return kNames[std::size_t(map)].name;
}

std::optional<ColourMapId> colour_map_named(std::string_view name) {
    for (const Named& n : kNames)
        if (n.name == name) return n.id;
    return std::nullopt;
}

Rgb colour_at(ColourMapId map, double t, Rgb middle) {
    if (std::isnan(t)) return kMissing;
    t = map == ColourMapId::twilight && std::isfinite(t) ? t - std::floor(t) : std::clamp(t, 0.0, 1.0);
    switch (map) {
    case ColourMapId::grey: return mix(Rgb{0, 0, 0}, Rgb{255, 255, 255}, t);
    case ColourMapId::viridis: return sample(kViridis, t);
    case ColourMapId::inferno: return sample(kInferno, t);
    case ColourMapId::magma: return sample(kMagma, t);
    case ColourMapId::cividis: return sample(kCividis, t);
    case ColourMapId::twilight: return sample(kTwilight, std::clamp(t, 0.0, 1.0));
    case ColourMapId::diverging: return diverging(t, middle);
    }
    return kMissing;
}

}
