#include "app/gui/start_options.h"
#include <QCoreApplication>
#include <QRegularExpression>

namespace lathe {
namespace {
struct StartTexts { Q_DECLARE_TR_FUNCTIONS(StartOptions) };
}

QString start_help() {
    return StartTexts::tr("Usage: lathe [PROJECT.lathe] [OPTION...]\n"
              "  --workspace ID      start, runs, engine, or the id of a plugin\n"
              "  --theme MODE        system, light or dark, for this start only\n"
              "  --size WxH          size of the window, at least 1280x800\n"
              "  --screenshot FILE   show the window, wait until it is settled, save it as PNG and quit\n"
              "  --measure-start     print the time to the first painted window as JSON and quit\n"
              "  --measure-stream    stream a run into a new project, print the longest stall of the window as JSON and quit\n"
              "  --version, --help\n"
              "Example: lathe boot-study.lathe --workspace runs --screenshot runs.png\n");
}

StartOptions start_options(const QStringList& arguments) {
    StartOptions options;
    for (qsizetype i = 1; i < arguments.size() && options.error.isEmpty(); ++i) {
        QString name = arguments[i], value;
        const qsizetype equals = name.startsWith(QLatin1String("--")) ? name.indexOf(u'=') : -1;
        if (equals > 0) {
            value = name.mid(equals + 1);
            name.truncate(equals);
        }
        auto take = [&]() -> bool {
            if (equals > 0) return true;
            if (i + 1 >= arguments.size()) {
                options.error = StartTexts::tr("%1 needs a value").arg(name);
                return false;
            }
            value = arguments[++i];
            return true;
        };
        if (name == u"--help" || name == u"-h") options.help = true;
        else if (name == u"--version") options.version = true;
        else if (name == u"--measure-start") options.measure_start = true;
        else if (name == u"--measure-stream") options.measure_stream = true;
        else if (name == u"--workspace") { if (take()) options.workspace = value; }
        else if (name == u"--screenshot") { if (take()) options.screenshot = value; }
        else if (name == u"--theme") {
            if (!take()) break;
            options.theme = value;
            if (value != u"system" && value != u"light" && value != u"dark") options.error = StartTexts::tr("--theme takes system, light or dark, not “%1”").arg(value);
        } else if (name == u"--size") {
            if (!take()) break;
            const auto match = QRegularExpression(QStringLiteral("^(\\d{2,5})x(\\d{2,5})$")).match(value);
            if (match.hasMatch()) options.size = QSize(match.captured(1).toInt(), match.captured(2).toInt());
            else options.error = StartTexts::tr("--size takes WIDTHxHEIGHT, such as 1600x1000, not “%1”").arg(value);
        } else if (name.startsWith(u'-') && name.size() > 1) {
            options.error = StartTexts::tr("unknown option %1").arg(name);
        } else if (options.project.isEmpty()) {
            options.project = name;
        } else {
            options.error = StartTexts::tr("more than one project was given: %1").arg(name);
        }
    }
    return options;
}

}
