#pragma once
// Progress in the status bar: what is being done, a bar, the time left, Cancel. Shown after 300 ms; the time left after 2 s.
#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>

class QLabel;
class QToolButton;

namespace lathe {

/// "0.9 s left", "about 4 min left", "time unknown".
QString time_left_text(double seconds);

class ProgressStrip : public QWidget {
    Q_OBJECT
public:
    explicit ProgressStrip(QWidget* parent = nullptr);
    void start(const QString& text);
    void set_progress(double done, double total, const QString& text = {});   ///< total 0: unknown
    void finish();
    bool is_running() const { return m_running; }
Q_SIGNALS:
    void cancel_requested();
private:
    void refresh();
    bool m_running = false, m_cancelling = false;
    double m_done = 0, m_total = 0;
    QString m_what;
    QElapsedTimer m_clock;
    QTimer m_tick;
    QLabel *m_text, *m_left;
    QWidget* m_bar;
    QToolButton* m_cancel;
};

/// A flat bar of 6 px; value 0 to 1, < 0: unknown.
class ThinBar : public QWidget {
    Q_OBJECT
public:
    explicit ThinBar(QWidget* parent = nullptr, int height = 6);
    void set_value(double value);
    double value() const { return m_value; }
    void set_colour(const QColor& colour);                 ///< invalid: the accent
    QSize sizeHint() const override;
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    double m_value = 0;
    int m_height;
    QColor m_colour;
};

}
