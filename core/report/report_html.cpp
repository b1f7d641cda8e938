#include "core/base/time.h"
#include "core/report/escape.h"
#include "core/report/report.h"
#include <algorithm>

namespace lathe {
namespace {

constexpr std::uint32_t kSmallPicture = 160;   // smaller ones are enlarged by whole factors
constexpr int kChartWidth = 520, kChartHeight = 260;

const char* style() {
    return R"(:root{color-scheme:light dark;--bg:#FAFBFC;--text:#1C2026;--text2:#4D5661;--line:#D3D8DE;--alt:#F2F4F6;--accent:#1D5FB0;--err:#B3261E;--errbg:#FBE9E7;--warnbg:#FBF1DA}
@media screen and (prefers-color-scheme:dark){:root{--bg:#212429;--text:#E4E7EB;--text2:#A7AFBA;--line:#33383F;--alt:#25282E;--accent:#6FB0F5;--err:#F08A7E;--errbg:#3A2424;--warnbg:#372E1E}}
body{margin:0 auto;max-width:1120px;padding:24px;background:var(--bg);color:var(--text);font:13px/18px Inter,"DejaVu Sans",sans-serif}
h1{font-size:22px;line-height:26px;font-weight:600;margin:0}h2{font-size:15px;line-height:22px;font-weight:600;margin:32px 0 4px;padding-top:12px;border-top:1px solid var(--line)}h3{font-size:13px;font-weight:600;margin:18px 0 6px}
p{margin:4px 0}.quiet,figcaption,.facts dt{color:var(--text2)}table{border-collapse:collapse;font-size:12px;line-height:16px;font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:anywhere}th{background:var(--alt);font-weight:600}td.n,th.n{text-align:right;overflow-wrap:normal}
.wide{overflow-x:auto}.facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 14px;margin:0;font-size:12px;line-height:16px}.facts dd{margin:0;overflow-wrap:anywhere}
.flow{display:flex;flex-wrap:wrap;gap:16px}figure{margin:0}figcaption{font-size:11px;line-height:14px;max-width:540px}img{display:block;max-width:100%;image-rendering:pixelated}img.large{image-rendering:auto}svg.chart{max-width:100%;height:auto;display:block}
pre{font:12px/16px "JetBrains Mono","DejaVu Sans Mono",monospace;background:var(--alt);border:1px solid var(--line);border-radius:4px;padding:8px;white-space:pre-wrap;overflow-wrap:anywhere;margin:6px 0}
.problem,.warning{padding:8px 12px;border-radius:4px;margin:8px 0;background:var(--warnbg)}.problem{background:var(--errbg)}summary{cursor:pointer}.tag{border:1px solid var(--line);border-radius:10px;padding:0 8px;margin-right:4px}
@media print{:root{color-scheme:light;--bg:#FFFFFF;--text:#000000;--text2:#4D5661;--line:#D3D8DE;--alt:#F2F4F6;--errbg:#FFFFFF;--warnbg:#FFFFFF}body{max-width:none;padding:0}h2,h3{break-after:avoid}figure,tr,.problem,.warning{break-inside:avoid}.problem,.warning{border:1px solid #4D5661}}
)";
}

class Page {
public:
    std::string take() { return std::move(m_out); }
    void raw(std::string_view html) { m_out += html; }
    void element(const char* name, std::string_view text, const char* attributes = "") { m_out += std::string("<") + name + attributes + ">" + html_escaped(text) + "</" + name + ">\n"; }

    void facts(const char* title, const std::vector<ReportFact>& facts) {
        if (facts.empty()) return;
        if (*title) element("h3", title);
        list(facts);
    }

    void folded(const char* title, const std::vector<ReportFact>& facts, bool open) {
        if (facts.empty()) return;
        m_out += std::string("<details") + (open ? " open" : "") + "><summary><h3 style=\"display:inline\">" + title + "</h3></summary>\n";
        list(facts);
        m_out += "</details>\n";
    }

    void table(const ReportTable& table) {
        if (table.columns.empty()) return;
        if (!table.title.empty()) element("h3", table.title);
        std::vector<bool> numeric(table.columns.size(), !table.rows.empty());
        for (const auto& row : table.rows)
            for (std::size_t i = 0; i < numeric.size(); ++i) numeric[i] = numeric[i] && (i >= row.size() || row[i].empty() || looks_like_number(row[i]));
        m_out += "<div class=\"wide\"><table><thead><tr>";
        for (std::size_t i = 0; i < table.columns.size(); ++i) cell("th", table.columns[i], numeric[i]);
        m_out += "</tr></thead><tbody>\n";
        for (const auto& row : table.rows) {
            m_out += "<tr>";
            for (std::size_t i = 0; i < table.columns.size(); ++i) cell("td", i < row.size() ? row[i] : std::string(), numeric[i]);
            m_out += "</tr>\n";
        }
        m_out += "</tbody></table></div>\n";
        if (table.left_out) element("p", std::to_string(table.left_out) + " more rows are not shown.", " class=\"quiet\"");
    }

    void charts(const char* title, const std::vector<Chart>& charts) {
        if (charts.empty()) return;
        element("h3", title);
        m_out += "<div class=\"flow\">";
        for (const Chart& chart : charts) {
            m_out += "<figure>" + chart_svg(chart, SvgUse::inline_in_page, kChartWidth, kChartHeight) + "<figcaption>" + html_escaped(chart.title) + "</figcaption></figure>\n";
        }
        m_out += "</div>\n";
    }

    void pictures(const std::vector<ReportPicture>& pictures) {
        if (pictures.empty()) return;
        element("h3", "Pictures");
        m_out += "<div class=\"flow\">";
        for (const ReportPicture& p : pictures) {
            if (!is_shown_picture(p.media)) continue;
            const auto [width, height] = png_size(p.bytes);
            std::string size;
            if (width > 0 && height > 0) {
                const std::uint32_t factor = std::max(1u, kSmallPicture / std::max(width, height));
                size = " width=\"" + std::to_string(std::uint64_t(width) * factor) + "\"";
            }
            m_out += "<figure><img" + size + (width > 2 * kSmallPicture ? " class=\"large\"" : "") + " alt=\"" + html_escaped(p.caption) + "\" src=\"data:" + p.media + ";base64," + base64(p.bytes) + "\"><figcaption>" +
                html_escaped(p.caption) + "</figcaption></figure>\n";
        }
        m_out += "</div>\n";
    }

private:
    static bool looks_like_number(const std::string& text) { return text.find_first_not_of("+-.0123456789eE") == std::string::npos || text == "nan" || text == "inf" || text == "-inf"; }
    void cell(const char* name, const std::string& text, bool numeric) { m_out += std::string("<") + name + (numeric ? " class=\"n\">" : ">") + html_escaped(text) + "</" + name + ">"; }
    void list(const std::vector<ReportFact>& facts) {
        m_out += "<dl class=\"facts\">";
        for (const ReportFact& fact : facts) m_out += "<dt>" + html_escaped(fact.name) + "</dt><dd>" + html_escaped(fact.text) + "</dd>\n";
        m_out += "</dl>\n";
    }
    std::string m_out;
};

void run_section(Page& page, const ReportRun& run, bool only_one) {
    page.element("h2", run.title + (run.number.empty() ? "" : " " + run.number), run.uuid.empty() ? "" : (" id=\"run-" + html_escaped(run.uuid) + "\"").c_str());
    page.element("p", run.method + " · " + run.state, " class=\"quiet\"");
    if (!run.tags.empty()) {
        page.raw("<p>");
        for (const std::string& tag : run.tags) page.element("span", tag, " class=\"tag\"");
        page.raw("</p>\n");
    }
    if (!run.problem.empty()) page.element("p", run.problem, " class=\"problem\"");
    if (!run.notes.empty()) page.element("p", run.notes, " style=\"white-space:pre-wrap\"");
    page.facts("", run.facts);
    page.facts("Results", run.summary);
    page.pictures(run.pictures);
    page.charts("Curves", run.charts);
    for (const ReportTable& table : run.tables) page.table(table);
    for (const ReportText& text : run.texts) {
        page.element("h3", text.title);
        page.element("pre", text.text);
    }
    page.folded("Parameters", run.parameters, only_one);
    page.facts("Models and data", run.inputs);
    page.folded("Environment", run.environment, only_one);
    if (!run.command.empty()) {
        page.element("h3", "The same run again");
        page.element("pre", run.command);
    }
    for (const std::string& remark : run.remarks) page.element("p", remark, " class=\"quiet\"");
}

}

std::string to_html(const Report& report) {
    Page page;
    page.raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n"
             "<meta name=\"viewport\" content=\"width=device-width\">\n");
    page.element("title", report.title);
    page.raw("<style>");
    page.raw(style());
    page.raw(chart_style());
    page.raw("</style></head>\n<body>\n");
    page.element("h1", report.title);
    page.element("p", (report.source.empty() ? "" : report.source + " · ") + std::to_string(report.runs.size()) + (report.runs.size() == 1 ? " run · " : " runs · ") + iso_time(report.created) + " · " + report.program,
        " class=\"quiet\"");
    for (const std::string& warning : report.warnings) page.element("p", warning, " class=\"warning\"");
    page.table(report.differences);
    if (report.equal) page.element("p", std::to_string(report.equal) + " values are the same in all runs and not shown here.", " class=\"quiet\"");
    page.charts("Curves of all runs", report.charts);
    for (const ReportRun& run : report.runs) run_section(page, run, report.runs.size() == 1);
    page.raw("</body></html>\n");
    return page.take();
}

}
