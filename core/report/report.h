#pragma once
// What a report of runs holds, and its writers: one HTML file that needs nothing else, or Markdown with a folder of pictures. All texts may come from a
// foreign project: they are escaped, and nothing in a report can run or load anything. Any thread.
#include "core/report/chart.h"
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace lathe {

struct ReportFact { std::string name, text; };
struct ReportTable { std::string title; std::vector<std::string> columns; std::vector<std::vector<std::string>> rows; std::size_t left_out = 0; };   ///< left_out: rows not shown
struct ReportPicture { std::string caption, media, bytes; };                      ///< PNG, JPEG, GIF or WebP; others are not shown
struct ReportText { std::string title, text; };

struct ReportRun {
    std::string title, number, uuid, method, state, problem, notes;              ///< number: "#12"; problem: why it failed
    std::vector<std::string> tags;
    std::vector<ReportFact> facts, parameters, environment, inputs, summary;     ///< facts: when, how long, seed
    std::vector<ReportTable> tables;
    std::vector<Chart> charts;
    std::vector<ReportPicture> pictures;
    std::vector<ReportText> texts;
    std::vector<std::string> remarks;                                            ///< what is in the project and not in the report
    std::string command;                                                         ///< repeats the run
};

struct Report {
    std::string title, program, source;                                          ///< program: "Lathe 0.1.0"; source: name of the project's file
    std::int64_t created = 0;                                                    ///< ms UTC
    std::vector<ReportRun> runs;
    // Where there are several runs: what differs among them, and only that.
    ReportTable differences;
    std::size_t equal = 0;                                                       ///< how many values are the same in all
    std::vector<std::string> warnings;
    std::vector<Chart> charts;                                                   ///< of all runs together
};

std::string to_html(const Report& report);

struct MarkdownReport { std::string text; std::vector<std::pair<std::string, std::string>> files; };   ///< name below `folder`, bytes
MarkdownReport to_markdown(const Report& report, const std::string& folder);

enum class ReportFormat { html, markdown };
/// By the ending of the name: .html, .htm, .md, .markdown. Throws Error(invalid_value).
ReportFormat report_format(const std::filesystem::path& file);
/// Writes the report; Markdown also NAME_files beside it. Returns what was written. Throws Error(io, invalid_value).
std::vector<std::filesystem::path> write_report(const Report& report, const std::filesystem::path& file);

/// Width and height that a PNG claims; {0, 0}: it is none.
std::pair<std::uint32_t, std::uint32_t> png_size(std::string_view bytes);
bool is_shown_picture(std::string_view media);

}
