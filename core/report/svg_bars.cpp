// Bars lie: the names of what is compared are long.
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/report/svg.h"
#include <algorithm>
#include <cmath>

namespace lathe::svg {
namespace {

constexpr double kBar = 14, kBarGap = 2, kGroupGap = 10, kMostLabel = 240;

std::string fitted(std::string_view text, double width) {
    if (text_width(text) <= width) return std::string(text);
    std::string out(text);
    while (!out.empty() && text_width(out) > width - 12) {
        do out.pop_back();
        while (!out.empty() && !is_utf8(out));
    }
    return out + "…";
}

}

void draw_bars(Canvas& canvas, const Chart& chart) {
    double low = 0, high = 0, widest = 0;   // bars begin at 0
    for (const ChartSeries& s : chart.series) {
        if (s.y.size() != chart.categories.size())
            throw Error(ErrorCode::invalid_value, "There are " + std::to_string(s.y.size()) + " bars for " + std::to_string(chart.categories.size()) + " names.", chart.title + ", " + s.name);
        for (const double v : s.y)
            if (std::isfinite(v)) {
                low = std::min(low, v);
                high = std::max(high, v);
            }
    }
    for (const std::string& name : chart.categories) widest = std::max(widest, text_width(name));
    Frame f{};
    f.left = 12 + std::min(kMostLabel, widest);
    f.right = canvas.width - 60;
    f.x = axis_ticks(low, high, chart.x.whole && high - low >= 4);
    f.top = 8 + legend(canvas, chart.series, f.left, f.right, false);
    const double group = double(chart.series.size()) * (kBar + kBarGap) + kGroupGap;
    f.bottom = f.top + std::max(kGroupGap, double(chart.categories.size()) * group) + kGroupGap / 2;
    canvas.height = f.bottom + 40;
    x_axis(canvas, f, chart.x);
    for (std::size_t c = 0; c < chart.categories.size(); ++c) {
        const double top = f.top + kGroupGap / 2 + double(c) * group;
        canvas.text(f.left - 6, top + (group - kGroupGap) / 2 + 4, fitted(chart.categories[c], kMostLabel), "t", "end");
        for (std::size_t i = 0; i < chart.series.size(); ++i) {
            const double v = chart.series[i].y[c], y = top + double(i) * (kBar + kBarGap);
            const double x0 = f.px(0), x1 = f.px(std::isfinite(v) ? v : 0);
            canvas.rect(std::min(x0, x1), y, std::max(1.0, std::abs(x1 - x0)), kBar, "class=\"b" + std::to_string(i % 5 + 1) + "\"");
            canvas.text(std::max(x0, x1) + 4, y + kBar - 3, short_number(v, 4), "a");
        }
    }
    canvas.line(f.px(0), f.top, f.px(0), f.bottom, "x");
}

}
