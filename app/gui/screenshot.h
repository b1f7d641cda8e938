#pragma once
// lathe --screenshot: waits until the window is settled, saves it as PNG at the screen's scale, and quits.
#include <QObject>
#include <QString>

namespace lathe {

class MainWindow;

class ScreenshotJob : public QObject {
    Q_OBJECT
public:
    ScreenshotJob(MainWindow& window, const QString& file, int timeout_ms = 90'000);
Q_SIGNALS:
    void done(bool ok);
private:
    void look();
    MainWindow& m_window;
    QString m_file;
    int m_calm = 0, m_left;
};

}
