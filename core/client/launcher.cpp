#include "core/client/launcher.h"
#include "core/base/error.h"
#include "core/base/paths.h"
#include <QProcess>
#include <QSettings>

namespace lathe {
namespace {

/// Words as a POSIX shell splits them, without expansions: quotes '…' and "…", and \ before any character.
QStringList shell_words(const QString& line) {
    QStringList words;
    QString word;
    bool inside = false;
    QChar quote;
    for (qsizetype i = 0; i < line.size(); ++i) {
        const QChar c = line[i];
        if (!quote.isNull()) {
            if (c == quote) quote = QChar();
            else if (c == u'\\' && quote == u'"' && i + 1 < line.size() && (line[i + 1] == u'"' || line[i + 1] == u'\\' || line[i + 1] == u'$')) word += line[++i];
            else word += c;
        } else if (c == u'\'' || c == u'"') {
            quote = c;
            inside = true;
        } else if (c == u'\\' && i + 1 < line.size()) {
            word += line[++i];
            inside = true;
        } else if (c.isSpace()) {
            if (inside) words << word;
            word.clear();
            inside = false;
        } else {
            word += c;
            inside = true;
        }
    }
    if (!quote.isNull()) throw Error(ErrorCode::invalid_value, "A quote is not closed.", line.toStdString(), "Close it, or put a backslash before it.");
    if (inside) words << word;
    return words;
}

}

Launcher local_launcher() { return {{QString::fromStdString(program_file("lathe-engine").string())}, true, "this computer"}; }

Launcher launcher_from(const QString& command_line) {
    Launcher launcher{shell_words(command_line), false, {}};
    const QStringList& words = launcher.command;
    if (words.isEmpty()) throw Error(ErrorCode::invalid_value, "The engine's command is empty.", "launcher", "Write a program, or a prefix such as: ssh -- HOST lathe-engine");
    const QString program = words.front().section(u'/', -1);
    // A program that is the engine itself runs here. Anything before it may lead to another machine; shared memory is then offered and simply not found there.
    launcher.is_local = program.startsWith(QLatin1String("lathe-engine")) && words.size() == 1;
    launcher.title = launcher.is_local ? "this computer" : words.join(u' ').toStdString();
    return launcher;
}

Launcher ssh_launcher(const QString& host, const QString& program) {
    if (host.isEmpty() || host.contains(QChar(0)) || host.trimmed() != host)
        throw Error(ErrorCode::invalid_value, "This is no name of a host.", host.toStdString(), "Write HOST or USER@HOST.");
    // After --, a host that begins with - cannot be an option.
    return {{QStringLiteral("ssh"), QStringLiteral("-T"), QStringLiteral("-o"), QStringLiteral("ServerAliveInterval=15"), QStringLiteral("--"), host, program}, false, "ssh " + host.toStdString()};
}

Launcher default_launcher() {
    const QString from_environment = qEnvironmentVariable("LATHE_ENGINE");
    if (!from_environment.trimmed().isEmpty()) return launcher_from(from_environment);
    const QSettings settings(QString::fromStdString((user_config_folder() / "lathe.ini").string()), QSettings::IniFormat);
    const QString chosen = settings.value(QStringLiteral("engine/launcher")).toString();
    return chosen.trimmed().isEmpty() ? local_launcher() : launcher_from(chosen);
}

}
