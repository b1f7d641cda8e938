// Cells in colours, with a legend that says what they mean. Cells of one colour side by side are one rectangle.
#include "core/base/error.h"
#include "core/report/svg.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::svg {
namespace {

constexpr double kLegend = 96, kLargestCell = 28;
constexpr std::size_t kMostCells = 200'000;

std::string hex(Rgb c) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string out = "#";
    for (const std::uint8_t v : {c.r, c.g, c.b}) {
        out += kDigits[v >> 4];
        out += kDigits[v & 15];
    }
    return out;
}

struct Range { double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity(); std::size_t missing = 0; };

Range range_of(const HeatValues& heat) {
    Range r;
    for (const double v : heat.values) {
        if (!std::isfinite(v)) {
            ++r.missing;
            continue;
        }
        r.low = std::min(r.low, v);
        r.high = std::max(r.high, v);
    }
    if (!(r.low <= r.high)) r.low = r.high = 0;
    if (heat.map == ColourMapId::diverging) {
        r.high = std::max(std::abs(r.low), std::abs(r.high));
        r.low = -r.high;
    }
    return r;
}

double position(double v, const Range& r) { return r.high > r.low ? (v - r.low) / (r.high - r.low) : 0.5; }

void cells(Canvas& canvas, const HeatValues& heat, const Range& range, double left, double top, double w, double h) {
    for (std::size_t row = 0; row < heat.rows; ++row) {
        for (std::size_t c = 0; c < heat.columns;) {
            const auto fill_at = [&](std::size_t column) {
                const double v = heat.values[row * heat.columns + column];
                return std::isfinite(v) ? hex(colour_at(heat.map, position(v, range))) : std::string("url(#missing)");
            };
            const std::string fill = fill_at(c);
            std::size_t end = c + 1;
            while (end < heat.columns && fill_at(end) == fill) ++end;
            canvas.rect(left + double(c) * w, top + double(row) * h, double(end - c) * w, h, "fill=\"" + fill + "\"");
            c = end;
        }
    }
}

/// Numbers of columns and rows stand at the middle of their cells.
void numbers(Canvas& canvas, std::size_t count, double cell, bool columns, double left, double top, double bottom) {
    const Ticks ticks = axis_ticks(0, double(count) - 1, true);
    for (std::size_t i = 0; i < ticks.values.size(); ++i) {
        if (ticks.values[i] > double(count) - 1) continue;
        const double at = (ticks.values[i] + 0.5) * cell;
        if (columns) canvas.text(left + at, bottom + 14, ticks.labels[i], "a", "middle");
        else canvas.text(left - 6, top + at + 4, ticks.labels[i], "a", "end");
    }
}

void colour_legend(Canvas& canvas, const Chart& chart, const Range& range, double left, double top, double bottom) {
    constexpr int kSteps = 32;
    const double h = (bottom - top) / kSteps;
    for (int i = 0; i < kSteps; ++i) canvas.rect(left, bottom - double(i + 1) * h, 12, h + 0.5, "fill=\"" + hex(colour_at(chart.heat.map, (i + 0.5) / kSteps)) + "\"");
    canvas.text(left + 18, bottom, short_number(range.low, 4), "a");
    canvas.text(left + 18, top + 9, short_number(range.high, 4), "a");
    canvas.vertical_text(left + 28, (top + bottom) / 2, axis_title(chart.value), "a");
}

}

void draw_heat_map(Canvas& canvas, const Chart& chart) {
    const HeatValues& heat = chart.heat;
    if (heat.rows == 0 || heat.columns == 0 || heat.rows > kMostCells / heat.columns || heat.values.size() != heat.rows * heat.columns)
        throw Error(ErrorCode::invalid_value, "A heat map of " + std::to_string(heat.rows) + " x " + std::to_string(heat.columns) + " cells cannot be drawn from " + std::to_string(heat.values.size()) + " values.",
            chart.title, "It has at most " + std::to_string(kMostCells) + " cells.");
    const Range range = range_of(heat);
    const double left = 56, top = 10, room = canvas.width - left - kLegend - 16;
    const double w = std::min(kLargestCell, room / double(heat.columns));
    const double h = std::clamp(std::min(w, 480 / double(heat.rows)), std::min(6.0, 480 / double(heat.rows)), kLargestCell);
    const double right = left + w * double(heat.columns), bottom = top + h * double(heat.rows), legend_bottom = std::max(bottom, top + 90);
    canvas.width = std::min(canvas.width, std::max(right + kLegend, left + text_width(axis_title(chart.x))));
    canvas.height = legend_bottom + (range.missing ? 56 : 40);
    canvas.body += "<defs><pattern id=\"missing\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\"><rect width=\"6\" height=\"6\" fill=\"#FF00FF\"/><path d=\"M0 6L6 0\" stroke=\"#000\"/></pattern></defs>";
    cells(canvas, heat, range, left, top, w, h);
    numbers(canvas, heat.columns, w, true, left, top, bottom);
    numbers(canvas, heat.rows, h, false, left, top, bottom);
    canvas.text((left + right) / 2, bottom + 30, axis_title(chart.x), "a", "middle");
    canvas.vertical_text(12, (top + bottom) / 2, axis_title(chart.y), "a");
    colour_legend(canvas, chart, range, right + 20, top, legend_bottom);
    if (range.missing) {
        canvas.rect(left, legend_bottom + 38, 12, 12, "fill=\"url(#missing)\"");
        canvas.text(left + 18, legend_bottom + 48, std::to_string(range.missing) + " not finite", "a");
    }
}

}
