#pragma once
// Colour maps shared by the windows and the reports: perceptually even ones only. A table of 33 samples each, interpolated linearly.
// Sources: viridis, inferno, magma (S. van der Walt, N. Smith, CC0), cividis (Nuñez, Anderton, Renslow 2018), twilight (B. Bechtold, CC0).
#include <cstdint>
#include <optional>
#include <string_view>

namespace lathe {

struct Rgb { std::uint8_t r = 0, g = 0, b = 0; };

/// Magnitude: viridis. Response, probability: inferno. Error >= 0: magma. Count: cividis. Phase: twilight (cyclic). Signed: diverging. grey: as it is.
enum class ColourMapId { grey, viridis, inferno, magma, cividis, twilight, diverging };
std::string_view name(ColourMapId map);
std::optional<ColourMapId> colour_map_named(std::string_view name);

/// Colour at position t in [0, 1]; outside is clamped (twilight wraps). NaN gives the colour of missing values, #FF00FF.
/// `middle` is the colour of 0 of the diverging map: the canvas it lies on.
Rgb colour_at(ColourMapId map, double t, Rgb middle = {0xF7, 0xF7, 0xF7});

}
