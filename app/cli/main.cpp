// lathe-cli: everything of Lathe that needs no eyes.
#include "app/cli/command.h"
#include "app/cli/interrupt.h"
#include "app/cli/options.h"
#include "app/cli/terminal.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include "core/base/text.h"
#include "core/base/version.h"
#include <QCoreApplication>
#include <algorithm>
#include <clocale>

namespace {

using namespace lathe;
using namespace lathe::cli;

struct Command { const char* name; const char* summary; int (*run)(const QStringList&); };
constexpr Command kCommands[] = {
    {"methods", "what the engine can do, with parameters and defaults", methods_command},
    {"plugins", "which plugins are loaded, and why one is not", plugins_command},
    {"run", "run a method, into a project or a folder", run_command},
    {"sweep", "run a method over all combinations of some values", sweep_command},
    {"verify", "recompute reference files and compare", verify_command},
    {"models", "look into a model file", models_command},
    {"project", "info, runs, export, share, check", project_command},
    {"report", "write runs of a project as HTML or Markdown", report_command},
    {"bench", "measure the engine on this computer", bench_command},
};

std::string overview() {
    std::string text = "Usage: lathe-cli COMMAND [ARGUMENT]...\n\nCommands:\n";
    for (const Command& c : kCommands) text += "  " + std::string(c.name) + std::string(10 - std::string_view(c.name).size(), ' ') + c.summary + "\n";
    return text + "\nEach command has --help with examples, and --json.\nExit codes: 0 ok, 1 failed, 2 wrong usage (nothing was started), 130 cancelled.\n"
                  "Environment: LATHE_ENGINE (command that starts the engine), LATHE_PLUGIN_PATH, LATHE_DATA.\n\nExamples:\n"
                  "  lathe-cli methods\n  lathe-cli run delta_cache.sample --set class=Sneaker --set steps=20 --project study.lathe";
}

int dispatch(QStringList arguments) {
    if (arguments.isEmpty()) {
        say("error", "No command was given", {}, "See lathe-cli --help");
        return kUsage;
    }
    const QString first = arguments.takeFirst();
    const std::string word = first.toStdString();
    if (word == "--version") return print("lathe-cli " + version()), kOk;
    if (word == "--help" || word == "-h" || (word == "help" && arguments.isEmpty())) return print(overview()), kOk;
    if (word == "help") return dispatch({arguments.front(), QStringLiteral("--help")});
    std::vector<std::string> names;
    for (const Command& c : kCommands) {
        if (word == c.name) return c.run(arguments);
        names.emplace_back(c.name);
    }
    const std::string near = nearest_name(word, names);
    throw UsageError(ErrorCode::unknown_name, "There is no command \"" + word + "\"", {}, (near.empty() ? "" : "Did you mean " + near + "? ") + "See lathe-cli --help");
}

int guarded(const QStringList& arguments) {
    const auto tell = [&](const Error& error) {
        say(error);
        if (arguments.contains(QStringLiteral("--json"))) print(Json{{"error", {{"code", name(error.code())}, {"what", error.summary()}, {"where", error.where()}, {"hint", error.hint()}}}});
    };
    try {
        return dispatch(arguments);
    } catch (const UsageError& error) {
        tell(error);
        return kUsage;
    } catch (...) {
        const Error error = current_error("lathe-cli");
        if (error.code() == ErrorCode::cancelled) {
            say("info", "Cancelled", {}, {});
            return kCancelled;
        }
        tell(error);
        return kFailed;
    }
}

}

int main(int argc, char** argv) {
    QCoreApplication::setApplicationName(QStringLiteral("lathe-cli"));
    const QCoreApplication application(argc, argv);
    std::setlocale(LC_ALL, "C.UTF-8");   // after Qt has chosen the user's: numbers are written with a point
    log_to_stderr(LogLevel::error);
    try {
        log_to_file(user_state_folder() / "lathe-cli.log");
    } catch (const Error&) {
        // A home that cannot be written: no log, everything else works.
    }
    catch_interrupts();
    return guarded(QCoreApplication::arguments().mid(1));
}
