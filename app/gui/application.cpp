#include "app/gui/application.h"
#include "app/gui/stall_monitor.h"
#include "app/gui/text.h"
#include "core/base/error.h"
#include "core/base/log.h"
#include "core/base/version.h"
#include <QEvent>

namespace lathe {

void prepare_platform() {
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM") && !qEnvironmentVariableIsEmpty("DISPLAY")) qputenv("QT_QPA_PLATFORM", "xcb");
    QCoreApplication::setAttribute(Qt::AA_ShareOpenGLContexts);
    QGuiApplication::setHighDpiScaleFactorRoundingPolicy(Qt::HighDpiScaleFactorRoundingPolicy::PassThrough);
}

Application::Application(int& argc, char** argv) : QApplication(argc, argv) {
    setApplicationName(QStringLiteral("lathe"));
    setApplicationDisplayName(QStringLiteral("Lathe"));
    setApplicationVersion(qs(version()));
    setDesktopFileName(QStringLiteral("lathe"));
}

bool Application::notify(QObject* receiver, QEvent* event) {
    const bool paints = event->type() == QEvent::UpdateRequest || event->type() == QEvent::Paint || event->type() == QEvent::Expose;
    if (paints) StallMonitor::paint_begins();
    bool handled = false;
    try {
        handled = QApplication::notify(receiver, event);
    } catch (...) {
        const Error error = current_error("handling an event");
        log(LogLevel::error, "gui", error.what());
        Q_EMIT handler_failed(qs(error.summary()), qs(error.where()), qs(error.hint()));
    }
    if (paints) StallMonitor::paint_ends();
    return handled;
}

}
