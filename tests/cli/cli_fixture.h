#pragma once
// The built lathe-cli and what it said, for tests.
#include "core/base/json.h"
#include "core/base/paths.h"
#include <QFile>
#include <QProcess>
#include <QStringList>
#include <QTemporaryDir>
#include <vector>

namespace lathe::testing {

struct Result {
    int code = -1;
    QByteArray out, err;
    std::vector<Json> lines() const {
        std::vector<Json> all;
        for (const QByteArray& line : out.split('\n'))
            if (!line.isEmpty()) all.push_back(parse_json(line.toStdString(), "output of lathe-cli"));
        return all;
    }
};

inline QString program() { return QString::fromStdString(program_file("lathe-cli").string()); }

inline Result cli(const QStringList& arguments, int ms = 240'000) {
    QProcess process;
    process.start(program(), arguments);
    Result result;
    if (!process.waitForFinished(ms)) {
        process.kill();
        process.waitForFinished();
        qWarning("lathe-cli %s did not end", qPrintable(arguments.join(u' ')));
        return result;
    }
    result.code = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -2;
    result.out = process.readAllStandardOutput();
    result.err = process.readAllStandardError();
    return result;
}

inline QByteArray contents(const QString& path) {
    QFile file(path);
    return file.open(QFile::ReadOnly) ? file.readAll() : QByteArray();
}

inline QStringList selftest(const QString& project, const QStringList& settings, const QStringList& more = {}) {
    QStringList words{"run", "engine.selftest"};
    for (const QString& s : settings) words << "--set" << s;
    if (!project.isEmpty()) words << "--project" << project;
    return words + more;
}

/// A folder for this program's files, and an account without settings and caches of its own.
class CliFolder {
public:
    CliFolder() {
        for (const char* variable : {"XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"}) qputenv(variable, path(variable).toUtf8());
    }
    QString path(const char* name) const { return m_folder.filePath(QLatin1String(name)); }
private:
    QTemporaryDir m_folder;
};

}
