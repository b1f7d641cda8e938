#include "core/base/time.h"
#include "core/report/escape.h"
#include "core/report/report.h"
#include <algorithm>

namespace lathe {
namespace {

class Writer {
public:
    Writer(std::string folder) : m_folder(std::move(folder)) {}

    void heading(int level, std::string_view text) { m_report.text += "\n" + std::string(std::size_t(level), '#') + " " + markdown_escaped(text) + "\n\n"; }
    void paragraph(std::string_view text) { m_report.text += markdown_escaped(text) + "\n\n"; }

    void comment(std::string_view text) { m_report.text += "<!-- " + html_escaped(text) + " -->\n\n"; }

    /// A fence longer than any row of back ticks in it.
    void code(std::string_view text) {
        std::size_t longest = 2, row = 0;
        for (const char c : text) {
            row = c == '`' ? row + 1 : 0;
            longest = std::max(longest, row);
        }
        const std::string fence(longest + 1, '`');
        m_report.text += fence + "\n" + std::string(text) + (text.ends_with('\n') ? "" : "\n") + fence + "\n\n";
    }

    void facts(const char* title, const std::vector<ReportFact>& facts) {
        if (facts.empty()) return;
        ReportTable table{title, {"", ""}, {}, 0};
        for (const ReportFact& fact : facts) table.rows.push_back({fact.name, fact.text});
        this->table(table);
    }

    void table(const ReportTable& table) {
        if (table.columns.empty()) return;
        if (!table.title.empty()) heading(3, table.title);
        row(table.columns, table.columns.size());
        m_report.text += "|";
        for (std::size_t i = 0; i < table.columns.size(); ++i) m_report.text += " --- |";
        m_report.text += "\n";
        for (const auto& cells : table.rows) row(cells, table.columns.size());
        m_report.text += "\n";
        if (table.left_out) paragraph(std::to_string(table.left_out) + " more rows are not shown.");
    }

    void charts(const char* title, const std::vector<Chart>& charts, const std::string& prefix) {
        if (charts.empty()) return;
        heading(3, title);
        for (const Chart& chart : charts) picture(chart.title, prefix + chart.title, ".svg", chart_svg(chart, SvgUse::file));
    }

    void pictures(const std::vector<ReportPicture>& pictures, const std::string& prefix) {
        if (pictures.empty()) return;
        heading(3, "Pictures");
        for (const ReportPicture& p : pictures)
            if (is_shown_picture(p.media)) picture(p.caption, prefix + p.caption, "." + p.media.substr(6), p.bytes);
    }

    MarkdownReport take() { return std::move(m_report); }

private:
    void row(const std::vector<std::string>& cells, std::size_t columns) {
        m_report.text += "|";
        for (std::size_t i = 0; i < columns; ++i) m_report.text += " " + (i < cells.size() ? markdown_escaped(cells[i]) : std::string()) + " |";
        m_report.text += "\n";
    }
    void picture(const std::string& caption, const std::string& wanted, const std::string& ending, std::string bytes) {
        std::string name = file_name_from(wanted) + ending;
        const auto taken = [&] { return std::any_of(m_report.files.begin(), m_report.files.end(), [&](const auto& f) { return f.first == name; }); };
        for (int n = 2; taken(); ++n) name = file_name_from(wanted) + "_" + std::to_string(n) + ending;
        m_report.files.emplace_back(name, std::move(bytes));
        m_report.text += "![" + markdown_escaped(caption) + "](<" + m_folder + "/" + name + ">)\n\n";
    }
    std::string m_folder;
    MarkdownReport m_report;
};

void run_section(Writer& out, const ReportRun& run) {
    out.heading(2, run.title + (run.number.empty() ? "" : " " + run.number));
    if (!run.uuid.empty()) out.comment("lathe-run: " + run.uuid);   // a dropped report finds its run again
    out.paragraph(run.method + " · " + run.state);
    if (!run.tags.empty()) {
        std::string tags;
        for (const std::string& tag : run.tags) tags += (tags.empty() ? "Tags: " : ", ") + tag;
        out.paragraph(tags);
    }
    if (!run.problem.empty()) out.paragraph(run.problem);
    if (!run.notes.empty()) out.paragraph(run.notes);
    const std::string prefix = (run.number.empty() ? "run" : "run" + run.number.substr(1)) + "_";
    out.facts("", run.facts);
    out.facts("Results", run.summary);
    out.pictures(run.pictures, prefix);
    out.charts("Curves", run.charts, prefix);
    for (const ReportTable& table : run.tables) out.table(table);
    for (const ReportText& text : run.texts) {
        out.heading(3, text.title);
        out.code(text.text);
    }
    out.facts("Parameters", run.parameters);
    out.facts("Models and data", run.inputs);
    out.facts("Environment", run.environment);
    if (!run.command.empty()) {
        out.heading(3, "The same run again");
        out.code(run.command);
    }
    for (const std::string& remark : run.remarks) out.paragraph(remark);
}

}

MarkdownReport to_markdown(const Report& report, const std::string& folder) {
    Writer out(folder);
    out.heading(1, report.title);
    out.paragraph((report.source.empty() ? "" : report.source + " · ") + std::to_string(report.runs.size()) + (report.runs.size() == 1 ? " run · " : " runs · ") + iso_time(report.created) + " · " + report.program);
    for (const std::string& warning : report.warnings) out.paragraph(warning);
    out.table(report.differences);
    if (report.equal) out.paragraph(std::to_string(report.equal) + " values are the same in all runs and not shown here.");
    out.charts("Curves of all runs", report.charts, "all_");
    for (const ReportRun& run : report.runs) run_section(out, run);
    return out.take();
}

}
