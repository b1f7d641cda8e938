// Lines and points over two axes.
#include "core/report/svg.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::svg {
namespace {

constexpr std::size_t kMarkersOnLine = 12;
constexpr double kWhole = 4;   // shorter ranges of whole numbers get fractions too

struct AxisRange {
    double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
    void add(double v) {
        low = std::min(low, v);
        high = std::max(high, v);
    }
    bool empty() const { return !(low <= high); }
};

bool is_drawn(const ChartSeries& s, std::size_t i) { return std::isfinite(s.x[i]) && std::isfinite(s.y[i]); }

void draw_line(Canvas& canvas, const Frame& f, const ChartSeries& s, std::size_t index) {
    std::string path;
    std::vector<std::size_t> shown;
    bool pen_down = false;
    for (std::size_t i = 0; i < s.x.size(); ++i) {
        if (!is_drawn(s, i)) {
            pen_down = false;
            continue;
        }
        shown.push_back(i);
        const bool alone = !pen_down && (i + 1 == s.x.size() || !is_drawn(s, i + 1));
        if (alone) marker(canvas, index, s.is_reference, f.px(s.x[i]), f.py(s.y[i]));   // a line of one point is not seen
        path += (pen_down ? "L" : "M") + num(f.px(s.x[i])) + " " + num(f.py(s.y[i]));
        pen_down = true;
    }
    const std::string css_class = s.is_reference ? "ref" : series_class(index);
    if (!path.empty()) canvas.body += "<path d=\"" + path + "\" class=\"l " + css_class + "\"/>";
    if (!has_markers(index) || s.is_reference) return;
    const std::size_t every = std::max<std::size_t>(1, shown.size() / kMarkersOnLine);
    for (std::size_t k = 0; k < shown.size(); k += every) marker(canvas, index, false, f.px(s.x[shown[k]]), f.py(s.y[shown[k]]));
}

}

void draw_plot(Canvas& canvas, const Chart& chart) {
    const bool lines = chart.kind == Chart::Kind::line;
    AxisRange x, y;
    for (const ChartSeries& s : chart.series)
        for (std::size_t i = 0; i < s.x.size(); ++i)
            if (is_drawn(s, i)) {
                x.add(s.x[i]);
                y.add(s.y[i]);
            }
    const bool nothing = x.empty();
    if (nothing) {
        x.add(0);
        y.add(0);
    }
    Frame f{0, 0, canvas.width - 16, canvas.height - 40, axis_ticks(x.low, x.high, chart.x.whole), axis_ticks(y.low, y.high, chart.y.whole && y.high - y.low >= kWhole)};
    double widest = 0;
    for (const std::string& label : f.y.labels) widest = std::max(widest, text_width(label));
    f.left = 30 + widest;
    f.top = 8 + legend(canvas, chart.series, f.left, f.right, lines);
    f.bottom = std::max(f.bottom, f.top + 60);
    canvas.height = std::max(canvas.height, f.bottom + 40);
    y_axis(canvas, f, chart.y);
    x_axis(canvas, f, chart.x);
    if (nothing) return canvas.text((f.left + f.right) / 2, (f.top + f.bottom) / 2, "no finite values", "a", "middle");
    for (std::size_t i = 0; i < chart.series.size(); ++i) {
        const ChartSeries& s = chart.series[i];
        if (lines) {
            draw_line(canvas, f, s, i);
            continue;
        }
        for (std::size_t k = 0; k < s.x.size(); ++k)
            if (is_drawn(s, k)) marker(canvas, i, s.is_reference, f.px(s.x[k]), f.py(s.y[k]));
    }
}

}
