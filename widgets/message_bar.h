#pragma once
// The bar under the workspace bar: what happened, where, what to do, and the buttons of the remedy. One message at a time, "1 of n". err stays until it
// is closed, warn 20 s, info 6 s; all stay in history(). Hidden when empty; it pushes content down.
#include <QDateTime>
#include <QList>
#include <QTimer>
#include <QWidget>
#include <functional>

class QHBoxLayout;
class QLabel;
class QToolButton;

namespace lathe {

struct MessageButton { QString text, icon; std::function<void()> action; };
struct UserMessage {
    QString level;                        ///< "err", "warn", "info"; "error" and "warning" are understood
    QString what, where, hint;            ///< plain text; parts between `back quotes` are set in the code font. The bar ends each with a full stop.
    QList<MessageButton> buttons;         ///< the remedy first
    QDateTime time = QDateTime::currentDateTime();
    QString text() const;                 ///< all of it, for "Copy details"
};

class MessageBar : public QWidget {
    Q_OBJECT
public:
    explicit MessageBar(QWidget* parent = nullptr);
    void show_message(UserMessage message);   ///< equal ones that already wait are not added twice
    void clear();
    int waiting_count() const { return int(m_waiting.size()); }
    const QList<UserMessage>& history() const { return m_history; }
    void set_hold(int warn_ms, int info_ms);
    QSize sizeHint() const override;
Q_SIGNALS:
    void count_changed(int waiting, int all);
protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
private:
    void refresh();
    void show_text();
    void close_current();
    void step(int by);
    QList<UserMessage> m_waiting, m_history;
    int m_index = 0, m_warn_ms = 20'000, m_info_ms = 6'000;
    QLabel *m_icon, *m_text, *m_count;
    QWidget* m_buttons;
    QHBoxLayout* m_button_row;
    QToolButton *m_copy, *m_previous, *m_next, *m_close;
    QTimer m_timer;
};

}
