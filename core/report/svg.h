#pragma once
// The few elements that charts are made of. Internal to core/report.
#include "core/report/chart.h"
#include "core/report/ticks.h"
#include <string>
#include <string_view>

namespace lathe::svg {

std::string num(double value);                       ///< a coordinate: two decimals at most
double text_width(std::string_view text);            ///< at 11 px, an estimate on the safe side

struct Canvas {
    double width = 0, height = 0;
    std::string body;
    void line(double x1, double y1, double x2, double y2, const char* css_class);
    void text(double x, double y, std::string_view text, const char* css_class, const char* anchor = "start");
    void vertical_text(double x, double y, std::string_view text, const char* css_class);   ///< read from below
    void rect(double x, double y, double w, double h, std::string_view attributes);
};

/// Classes of the i-th series: colour and dash (five of them), then the same with markers.
std::string series_class(std::size_t i);
bool has_markers(std::size_t i);
/// A marker of the i-th series at a point.
void marker(Canvas& canvas, std::size_t i, bool is_reference, double x, double y);

/// Samples and names above the plot, in as many rows as they need. Returns the height used.
double legend(Canvas& canvas, const std::vector<ChartSeries>& series, double left, double right, bool with_lines);
std::string axis_title(const ChartAxis& axis);       ///< "Deviation (%)"

struct Frame {                                       ///< where the data lies, and how numbers become coordinates
    double left, top, right, bottom;
    Ticks x, y;
    double px(double v) const { return left + (v - x.low) / (x.high - x.low) * (right - left); }
    double py(double v) const { return bottom - (v - y.low) / (y.high - y.low) * (bottom - top); }
};
void x_axis(Canvas& canvas, const Frame& frame, const ChartAxis& axis);
void y_axis(Canvas& canvas, const Frame& frame, const ChartAxis& axis);

void draw_plot(Canvas& canvas, const Chart& chart);      // line, scatter
void draw_bars(Canvas& canvas, const Chart& chart);      // sets the height
void draw_heat_map(Canvas& canvas, const Chart& chart);  // sets the height

}
