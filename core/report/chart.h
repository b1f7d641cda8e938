#pragma once
// Charts of reports, drawn as SVG without any graphics library, so that the command line and the window make the same ones. Any thread.
// Colours come from CSS variables and follow prefers-color-scheme (ui.md, sections 3 and 4).
#include "core/base/colour_map.h"
#include <string>
#include <vector>

namespace lathe {

struct ChartAxis { std::string title, unit; bool whole = false; };   ///< whole: steps, blocks, counts
struct ChartSeries { std::string name; std::vector<double> x, y; bool is_reference = false; };   ///< what is not finite leaves a gap
struct HeatValues { std::size_t rows = 0, columns = 0; std::vector<double> values; ColourMapId map = ColourMapId::viridis; };   ///< row by row, from the top

struct Chart {
    enum class Kind { line, scatter, bars, heat_map };
    Kind kind = Kind::line;
    std::string title;                       ///< shown above by the writers, and the accessible name
    ChartAxis x, y;                          ///< bars: x is the value axis, y names the categories; heat_map: columns and rows
    std::vector<ChartSeries> series;         ///< line, scatter; bars: y[i] is the bar of category i, x is not used
    std::vector<std::string> categories;     ///< bars
    HeatValues heat;
    ChartAxis value;                         ///< heat_map: what its colours mean
};

enum class SvgUse { inline_in_page, file };   ///< a file brings its own style and the XML declaration
/// Width and height in pixels; the height of bars and heat maps follows from what they hold. Throws Error(invalid_value) for a chart whose parts do not fit.
std::string chart_svg(const Chart& chart, SvgUse use, int width = 640, int height = 300);
/// The style that inline charts need, once in a page.
std::string chart_style();

}
