// A project file from anybody: opened for reading and for writing, everything in it read. Errors are fine, crashes are not.
// The first byte of the input says what the rest is: a whole file, bytes over a good file, or values for rows of a good project.
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/project/project.h"
#include "tests/read_everything.h"
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <string>
#include <unistd.h>

using namespace lathe;

namespace {

namespace fs = std::filesystem;

class ProjectFile {
public:
    ProjectFile() : m_path(fs::temp_directory_path() / ("fuzz_project_" + std::to_string(getpid()) + ".lathe")) { remove(); }
    ~ProjectFile() { remove(); }
    ProjectFile(const ProjectFile&) = delete;
    ProjectFile& operator=(const ProjectFile&) = delete;
    const fs::path& path() const { return m_path; }
    void write(std::string_view bytes) const {
        std::FILE* file = std::fopen(m_path.c_str(), "wb");
        if (!file || std::fwrite(bytes.data(), 1, bytes.size(), file) != bytes.size() || std::fclose(file) != 0)
            std::abort();   // of the harness, not of the target
    }
private:
    void remove() const {
        for (const char* suffix : {"", "-wal", "-shm", "-journal"})
            fs::remove(m_path.string() + suffix);
    }
    fs::path m_path;
};

/// A project with something in every table.
std::string good_project() {
    const ProjectFile file;
    {
        auto project = Project::create(file.path());
        AssetRow asset;
        asset.sha256 = std::string(64, 'a');
        asset.kind = "model";
        asset.name = "a.safetensors";
        project->add_asset(asset);
        RunRequest request;
        request.method = "fuzz.run";
        request.params = {{"steps", 3}, {"map", {{"rows", 1}, {"cols", 2}, {"dtype", "u8"}, {"data", {0, 1}}}}};
        request.assets = {{"model", asset.sha256}};
        const RunId run = project->add_run(request, "run", "engine");
        Artifact artifact;
        artifact.key = "text";
        artifact.kind = "text";
        artifact.media = "text/plain";
        artifact.bytes = std::make_shared<const std::string>("some text");
        const std::vector<RunEvent> events = {{"", 1, event::Started{{{"device", "cpu"}}}}, {"", 2, event::Metrics{{"loss"}, {{0, 0, 0.5, 1.0}, {0, 1, 0.6, 0.5}}}},
            {"", 3, event::ArtifactMade{artifact}}, {"", 4, event::LogLine{"info", "line"}}, {"", 5, event::Finished{1.0, {{"mean", 1}}}}};
        project->record(run, events);
        project->set_tags(run, {"tag"});
        project->add_sweep({{"title", "sweep"}}, {{{"steps", 1}}, {{"steps", 2}}});
        project->set_panel_state("panel", 1, {{"x", 1}});
        project->add_snapshot("snapshot", {{"x", 1}});
    }
    std::ifstream in(file.path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class Input {
public:
    explicit Input(std::string_view bytes) : m_bytes(bytes) {}
    bool empty() const { return m_bytes.empty(); }
    std::size_t number() {
        const std::size_t value = m_bytes.empty() ? 0 : static_cast<unsigned char>(m_bytes.front());
        m_bytes.remove_prefix(m_bytes.empty() ? 0 : 1);
        return value;
    }
    std::string_view text(std::size_t size) {
        const std::string_view text = m_bytes.substr(0, size);
        m_bytes.remove_prefix(text.size());
        return text;
    }
private:
    std::string_view m_bytes;
};

/// Every column of every table, as "UPDATE OR IGNORE table SET column = ?1".
std::vector<std::string> updates(sqlite3* db) {
    std::vector<std::string> all;
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(db, "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, 2", -1, &statement, nullptr);
    while (sqlite3_step(statement) == SQLITE_ROW)
        all.push_back(std::string("UPDATE OR IGNORE \"") + reinterpret_cast<const char*>(sqlite3_column_text(statement, 0)) + "\" SET \"" + reinterpret_cast<const char*>(sqlite3_column_text(statement, 1)) + "\" = ?1");
    sqlite3_finalize(statement);
    return all;
}

void write_rows(const fs::path& file, Input input) {
    sqlite3* db = nullptr;
    sqlite3_open(file.c_str(), &db);
    const std::vector<std::string> all = updates(db);
    while (!input.empty() && !all.empty()) {
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(db, all[input.number() % all.size()].c_str(), -1, &statement, nullptr);
        const std::size_t kind = input.number();
        const std::string_view value = input.text(input.number());
        if (kind % 4 == 0)
            sqlite3_bind_int64(statement, 1, std::strtoll(std::string(value).c_str(), nullptr, 10));
        else if (kind % 4 == 1)
            sqlite3_bind_double(statement, 1, std::strtod(std::string(value).c_str(), nullptr));
        else if (kind % 4 == 2)
            sqlite3_bind_text(statement, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
        else
            sqlite3_bind_blob(statement, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
        sqlite3_step(statement);   // a value that the table does not take changes nothing
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
}

void make_file(const ProjectFile& file, std::string_view data) {
    static const std::string good = good_project();
    Input input(data);
    const std::size_t kind = input.number() % 3;
    if (kind == 0)
        return file.write(data.substr(1));
    std::string bytes = good;
    if (kind == 1)
        while (!input.empty()) {   // two bytes of position within the schema or the whole file, then what to write there
            const bool in_schema = input.number() % 2;
            std::size_t at = (input.number() << 8 | input.number()) * (in_schema ? 1 : bytes.size() / 65536 + 1);
            for (const char c : input.text(input.number() % 16 + 1))
                bytes[at++ % bytes.size()] = c;
        }
    file.write(bytes);
    if (kind == 2)
        write_rows(file.path(), input);
}

}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    [[maybe_unused]] static const bool quiet = (log_to_stderr(LogLevel::error), true);   // damaged rows are told of by thousands
    for (const auto mode : {OpenMode::read_only, OpenMode::read_write}) {
        const ProjectFile file;
        make_file(file, {reinterpret_cast<const char*>(data), size});
        try {
            auto project = Project::open(file.path(), mode);
            read_everything(*project->reader());
            project->storage();
            if (mode == OpenMode::read_write) {
                RunRequest request;
                request.method = "fuzz.run";
                project->add_run(request, "added", "");
                project->trim_live(0);
                project->empty_bin();
            }
        } catch (const Error&) {
        }
    }
    return 0;
}
