// The workbench.
#include "app/gui/application.h"
#include "app/gui/english_plurals.h"
#include "app/gui/main_window.h"
#include "app/gui/screenshot.h"
#include "app/gui/settings.h"
#include "app/gui/stream_measure.h"
#include "app/gui/text.h"
#include "core/base/log.h"
#include "core/base/paths.h"
#include "core/base/process.h"
#include "core/base/version.h"
#include "widgets/theme.h"
#include <QTimer>
#include <cstdio>
#include <ctime>
#include <unistd.h>

namespace {
/// Seconds since this process was started by the kernel (resolution 10 ms).
double process_age() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    const double ticks = double(sysconf(_SC_CLK_TCK));
    return double(now.tv_sec) + double(now.tv_nsec) / 1e9 - double(lathe::this_process().start) / ticks;
}

lathe::ThemeMode mode_named(const QString& name) {
    return name == u"light" ? lathe::ThemeMode::light : name == u"dark" ? lathe::ThemeMode::dark : lathe::ThemeMode::system;
}
}

int main(int argc, char** argv) {
    using namespace lathe;
    prepare_platform();
    QStringList arguments;
    for (int i = 0; i < argc; ++i) arguments << QString::fromLocal8Bit(argv[i]);
    const StartOptions options = start_options(arguments);
    if (options.help || options.version || !options.error.isEmpty()) {   // before a display is asked for
        if (!options.error.isEmpty()) std::fprintf(stderr, "lathe: %s\n%s", qPrintable(options.error), qPrintable(start_help()));
        else std::fputs(options.help ? qPrintable(start_help()) : ("lathe " + version() + "\n").c_str(), stdout);
        return options.error.isEmpty() ? 0 : 2;
    }
    Application app(argc, argv);
    EnglishPlurals plurals;
    QCoreApplication::installTranslator(&plurals);
    try {
        log_to_file(user_state_folder() / "lathe.log");
    } catch (const std::exception& error) {
        log(LogLevel::warning, "gui", error.what());   // without a log file the program still runs
    }
    log(LogLevel::info, "gui", "Lathe " + version() + " starts");
    Settings& settings = Settings::instance();
    Theme::instance().apply(app, mode_named(options.theme.isEmpty() ? settings.value(QStringLiteral("appearance/theme")).toString() : options.theme));
    if (settings.value(QStringLiteral("appearance/high_contrast")).toBool()) Theme::instance().set_high_contrast(true);

    MainWindow window(options);
    QObject::connect(&app, &Application::handler_failed, &window, [&window](const QString& what, const QString& where, const QString& hint) { window.shell().say(QStringLiteral("err"), what, where, hint); });
    int status = 0;
    if (options.measure_start) {
        QObject::connect(&window, &MainWindow::first_painted, &app, [&] {
            std::printf("{\"id\":\"gui.first_window_s\",\"value\":%.3f,\"unit\":\"s\"}\n", process_age());
            std::fflush(stdout);
            app.quit();
        });
    } else if (options.measure_stream) {
        auto* job = new StreamMeasure(window);
        QObject::connect(job, &StreamMeasure::done, &app, [&](bool ok) {
            status = ok ? 0 : 1;
            app.quit();
        });
    } else if (!options.screenshot.isEmpty()) {
        auto* job = new ScreenshotJob(window, options.screenshot);
        QObject::connect(job, &ScreenshotJob::done, &app, [&](bool ok) {
            status = ok ? 0 : 1;
            app.quit();
        });
    }
    window.show();
    const int code = app.exec();
    return code ? code : status;
}
