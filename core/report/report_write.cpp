#include "core/base/error.h"
#include "core/base/file.h"
#include "core/report/report.h"
#include "core/report/escape.h"

namespace lathe {
namespace fs = std::filesystem;

bool is_shown_picture(std::string_view media) { return media == "image/png" || media == "image/jpeg" || media == "image/gif" || media == "image/webp"; }

std::pair<std::uint32_t, std::uint32_t> png_size(std::string_view bytes) {
    if (bytes.size() < 24 || !bytes.starts_with("\x89PNG\r\n\x1a\n") || bytes.substr(12, 4) != "IHDR") return {0, 0};
    const auto number = [&](std::size_t at) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
        return value;
    };
    return {number(16), number(20)};
}

ReportFormat report_format(const fs::path& file) {
    const std::string ending = file.extension().string();
    if (ending == ".html" || ending == ".htm") return ReportFormat::html;
    if (ending == ".md" || ending == ".markdown") return ReportFormat::markdown;
    if (ending == ".pdf") throw Error(ErrorCode::invalid_value, "A PDF needs the window.", file.string(), "Write .html and print it, or choose Runs > Report in the window.");
    throw Error(ErrorCode::invalid_value, "A report is an .html or .md file.", file.string(), "Give the file one of these endings.");
}

std::vector<fs::path> write_report(const Report& report, const fs::path& file) {
    const ReportFormat format = report_format(file);
    std::vector<fs::path> written{file};
    if (format == ReportFormat::html) {
        write_file(file, to_html(report));
        return written;
    }
    const std::string folder_name = file_name_from(file.stem().string()) + "_files";
    const fs::path folder = file.parent_path() / folder_name;
    const MarkdownReport made = to_markdown(report, folder_name);
    if (!made.files.empty()) {
        std::error_code error;
        fs::create_directories(folder, error);
        if (error) throw Error(ErrorCode::io, "The folder for the pictures cannot be made: " + error.message(), folder.string(), "Choose another place for the report.");
    }
    for (const auto& [name, bytes] : made.files) {
        write_file(folder / name, bytes);
        written.push_back(folder / name);
    }
    write_file(file, made.text);   // last: what it names is there
    return written;
}

}
