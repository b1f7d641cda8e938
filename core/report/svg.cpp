#include "core/report/svg.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/report/escape.h"
#include <algorithm>
#include <charconv>
#include <cmath>

namespace lathe {
namespace svg {

std::string num(double value) {
    char buffer[64];
    const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, std::round(std::clamp(value, -1e7, 1e7) * 100) / 100);
    return std::string(buffer, error == std::errc() ? end : buffer);
}

double text_width(std::string_view text) {
    double width = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x80 && byte < 0xc0) continue;   // the rest of a character
        width += byte >= 0xe0 ? 11 : (c == 'i' || c == 'l' || c == '.' || c == ',' || c == ' ' || c == ':') ? 3.6 : (c >= 'A' && c <= 'Z') || c == 'm' || c == 'w' ? 8.4 : 6.6;
    }
    return width;
}

void Canvas::line(double x1, double y1, double x2, double y2, const char* css_class) {
    body += "<line x1=\"" + num(x1) + "\" y1=\"" + num(y1) + "\" x2=\"" + num(x2) + "\" y2=\"" + num(y2) + "\" class=\"" + css_class + "\"/>";
}

void Canvas::text(double x, double y, std::string_view text, const char* css_class, const char* anchor) {
    body += "<text x=\"" + num(x) + "\" y=\"" + num(y) + "\" class=\"" + css_class + "\" text-anchor=\"" + anchor + "\">" + html_escaped(text) + "</text>";
}

void Canvas::vertical_text(double x, double y, std::string_view text, const char* css_class) {
    body += "<text transform=\"translate(" + num(x) + " " + num(y) + ") rotate(-90)\" class=\"" + css_class + "\" text-anchor=\"middle\">" + html_escaped(text) + "</text>";
}

void Canvas::rect(double x, double y, double w, double h, std::string_view attributes) {
    body += "<rect x=\"" + num(x) + "\" y=\"" + num(y) + "\" width=\"" + num(w) + "\" height=\"" + num(h) + "\" " + std::string(attributes) + "/>";
}

std::string series_class(std::size_t i) { return "s" + std::to_string(i % 5 + 1); }

bool has_markers(std::size_t i) { return i >= 4; }

void marker(Canvas& canvas, std::size_t i, bool is_reference, double x, double y) {
    const std::string css_class = "m " + (is_reference ? std::string("ref") : series_class(i));
    const std::size_t shape = i < 5 ? 0 : (i / 5 - 1) % 3;
    if (shape == 0) canvas.body += "<circle cx=\"" + num(x) + "\" cy=\"" + num(y) + "\" r=\"3.2\" class=\"" + css_class + "\"/>";
    else if (shape == 1) canvas.rect(x - 3, y - 3, 6, 6, "class=\"" + css_class + "\"");
    else canvas.body += "<path d=\"M" + num(x) + " " + num(y - 3.8) + "l3.6 6.6h-7.2z\" class=\"" + css_class + "\"/>";
}

double legend(Canvas& canvas, const std::vector<ChartSeries>& series, double left, double right, bool with_lines) {
    constexpr double kRow = 18, kSample = 26, kGap = 16;
    if (series.size() == 1 && series[0].name.empty()) return 0;
    double x = left, y = 12;
    for (std::size_t i = 0; i < series.size(); ++i) {
        const double width = kSample + 6 + text_width(series[i].name) + kGap;
        if (x > left && x + width > right) {
            x = left;
            y += kRow;
        }
        const std::string name = series[i].is_reference ? "ref" : series_class(i);
        if (with_lines) canvas.line(x, y - 4, x + kSample, y - 4, ("l " + name).c_str());
        if (!with_lines || has_markers(i)) marker(canvas, i, series[i].is_reference, x + kSample / 2, y - 4);
        canvas.text(x + kSample + 6, y, series[i].name, "t");
        x += width;
    }
    return y + 8;
}

std::string axis_title(const ChartAxis& axis) { return axis.unit.empty() ? axis.title : axis.title.empty() ? axis.unit : axis.title + " (" + axis.unit + ")"; }

void x_axis(Canvas& canvas, const Frame& f, const ChartAxis& axis) {
    for (std::size_t i = 0; i < f.x.values.size(); ++i) {
        const double x = f.px(f.x.values[i]);
        canvas.line(x, f.top, x, f.bottom, f.x.values[i] == 0 && i > 0 ? "z" : "g");
        canvas.text(x, f.bottom + 15, f.x.labels[i], "a", "middle");
    }
    canvas.line(f.left, f.bottom, f.right, f.bottom, "x");
    canvas.text((f.left + f.right) / 2, f.bottom + 32, axis_title(axis), "a", "middle");
}

void y_axis(Canvas& canvas, const Frame& f, const ChartAxis& axis) {
    for (std::size_t i = 0; i < f.y.values.size(); ++i) {
        const double y = f.py(f.y.values[i]);
        canvas.line(f.left, y, f.right, y, f.y.values[i] == 0 && i > 0 ? "z" : "g");
        canvas.text(f.left - 6, y + 4, f.y.labels[i], "a", "end");
    }
    canvas.line(f.left, f.top, f.left, f.bottom, "x");
    canvas.vertical_text(12, (f.top + f.bottom) / 2, axis_title(axis), "a");
}

}

namespace {

struct Palette { const char *text, *text2, *grid, *axis, *canvas; const char* series[5]; };
constexpr Palette kLight{"#1C2026", "#4D5661", "#E6E9ED", "#8A93A0", "#FFFFFF", {"#0072B2", "#B86A00", "#147D5C", "#A5527E", "#D55E00"}};
constexpr Palette kDark{"#E4E7EB", "#A7AFBA", "#2C3036", "#5B636E", "#17191D", {"#56B4E9", "#E69F00", "#00B383", "#CC79A7", "#E8743B"}};

/// Plain rules: CSS variables are known to browsers only.
std::string colours(const Palette& p) {
    const auto rule = [](const std::string& selector, const char* property, const char* colour) { return ".chart " + selector + "{" + property + ":" + colour + "}"; };
    std::string out = rule(".t", "fill", p.text) + rule(".a", "fill", p.text2) + rule(".g", "stroke", p.grid) + rule(".x", "stroke", p.axis) + rule(".z", "stroke", p.axis) + rule(".bg", "fill", p.canvas) + rule(".m", "fill", p.canvas) +
        rule(".ref", "stroke", p.text);
    for (std::size_t i = 0; i < std::size(p.series); ++i) {
        const std::string number = std::to_string(i + 1);
        out += rule(".s" + number, "stroke", p.series[i]) + rule(".b" + number, "fill", p.series[i]);
    }
    return out;
}

}

std::string chart_style() {
    return std::string(R"(.chart{font:11px Inter,"DejaVu Sans",sans-serif}.chart text{font-variant-numeric:tabular-nums}
.chart .l{fill:none;stroke-width:2;stroke-linejoin:round}.chart .m{stroke-width:1.5}.chart .l.ref{stroke-width:1.5}
.chart .l.s2{stroke-dasharray:6 3}.chart .l.s3{stroke-dasharray:2 3}.chart .l.s4{stroke-dasharray:8 3 2 3}.chart .l.s5{stroke-dasharray:5 3}
)") + colours(kLight) + "\n@media screen and (prefers-color-scheme:dark){" + colours(kDark) + "}\n";
}

std::string chart_svg(const Chart& chart, SvgUse use, int width, int height) {
    svg::Canvas canvas{double(std::clamp(width, 200, 4000)), double(std::clamp(height, 120, 4000)), {}};
    for (const ChartSeries& s : chart.series)
        if (chart.kind != Chart::Kind::bars && s.x.size() != s.y.size())
            throw Error(ErrorCode::invalid_value, "A curve has " + std::to_string(s.x.size()) + " positions for " + std::to_string(s.y.size()) + " values.", chart.title + ", " + s.name);
    if (chart.kind == Chart::Kind::bars) svg::draw_bars(canvas, chart);
    else if (chart.kind == Chart::Kind::heat_map) svg::draw_heat_map(canvas, chart);
    else svg::draw_plot(canvas, chart);
    const std::string size = "width=\"" + svg::num(canvas.width) + "\" height=\"" + svg::num(canvas.height) + "\" viewBox=\"0 0 " + svg::num(canvas.width) + " " + svg::num(canvas.height) + "\"";
    std::string out;
    if (use == SvgUse::file) out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    out += "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" " + size + ">";
    out += "<title>" + html_escaped(chart.title) + "</title>";
    if (use == SvgUse::file) out += "<style>" + html_escaped(chart_style()) + "</style>";
    canvas.body.insert(0, "<rect width=\"100%\" height=\"100%\" class=\"bg\"/>");
    return out + canvas.body + "</svg>\n";
}

}
