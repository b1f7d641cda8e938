#pragma once
// What the tests of the project file share: a folder, runs, events.
#include "core/base/error.h"
#include "core/base/uuid.h"
#include "core/project/project.h"
#include <QTemporaryDir>
#include <QtTest>
#include <filesystem>
#include <limits>

namespace lathe::test {

class Folder {
public:
    std::filesystem::path operator/(const char* name) const { return std::filesystem::path(m_folder.path().toStdString()) / name; }
    std::filesystem::path path() const { return m_folder.path().toStdString(); }
private:
    QTemporaryDir m_folder;
};

inline RunRequest request(const std::string& method = "demo.run", Json params = Json::object()) {
    RunRequest out;
    out.uuid = make_uuid();
    out.method = method;
    out.params = std::move(params);
    return out;
}

inline RunEvent event_of(std::uint64_t seq, RunEventBody body) { return {"", seq, std::move(body)}; }

inline RunEvent points(std::uint64_t seq, const std::string& key, std::int64_t first, const std::vector<double>& values) {
    event::Metrics metrics{{key}, {}};
    for (const double value : values) {
        metrics.points.push_back({0, first, static_cast<double>(first) * 0.5, value});
        ++first;
    }
    return event_of(seq, std::move(metrics));
}

inline RunEvent artifact(std::uint64_t seq, const std::string& key, std::string bytes, std::int64_t step = 0) {
    Artifact made;
    made.key = key;
    made.kind = "text";
    made.media = "text/plain";
    made.step = step;
    made.bytes = std::make_shared<const std::string>(std::move(bytes));
    return event_of(seq, event::ArtifactMade{std::move(made)});
}

inline void record_one(Project& project, RunId run, RunEvent event) { project.record(run, std::span(&event, 1)); }

/// The error that `work` throws; the test fails when there is none.
template <class Work> Error error_of(Work&& work) {
    try {
        work();
    } catch (const Error& error) {
        return error;
    }
    return Error(ErrorCode::engine_lost, "no error was thrown");   // a code that no test expects
}

inline std::string bytes_of(const std::filesystem::path& file) {
    QFile in(QString::fromStdString(file.string()));
    return in.open(QIODevice::ReadOnly) ? in.readAll().toStdString() : std::string();
}

inline void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
    QFile out(QString::fromStdString(file.string()));
    QVERIFY(out.open(QIODevice::WriteOnly | QIODevice::Truncate));
    out.write(bytes.data(), static_cast<qint64>(bytes.size()));
}

/// Files in the folder that belong to the project of this name: a closed project is one file.
inline QStringList files_of(const Folder& folder, const QString& name) { return QDir(QString::fromStdString(folder.path().string())).entryList({name + "*"}, QDir::Files); }

}
