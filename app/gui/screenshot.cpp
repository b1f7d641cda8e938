#include "app/gui/screenshot.h"
#include "app/gui/main_window.h"
#include <QPixmap>
#include <QTimer>
#include <cstdio>

namespace lathe {
namespace {
constexpr int kLook = 100;   // ms
constexpr int kCalm = 6;     // looks in a row without anything under way
}

ScreenshotJob::ScreenshotJob(MainWindow& window, const QString& file, int timeout_ms) : QObject(&window), m_window(window), m_file(file), m_left(timeout_ms) {
    QTimer::singleShot(kLook, this, &ScreenshotJob::look);
}

void ScreenshotJob::look() {
    m_left -= kLook;
    m_calm = m_window.is_settled() ? m_calm + 1 : 0;
    if (m_calm < kCalm && m_left > 0) {
        QTimer::singleShot(kLook, this, &ScreenshotJob::look);
        return;
    }
    const bool saved = m_window.grab().save(m_file, "PNG");
    if (!saved) std::fprintf(stderr, "lathe: the screenshot could not be written: %s\n", qPrintable(m_file));
    if (m_calm < kCalm) std::fprintf(stderr, "lathe: the window was not settled in time; the screenshot shows it as it was\n");
    Q_EMIT done(saved && m_calm >= kCalm);
}

}
