#pragma once
// The status bar, 26 high: engine state, device, measured rate; in the middle what happened last; progress with time left and Cancel; memory, saving, messages.
#include <QString>
#include <QToolButton>
#include <QWidget>

namespace lathe {

class ElidedLabel;
class ProgressStrip;
class TextLabel;

enum class EngineTone { ok, busy, warn, err, off };

class StatusStrip : public QWidget {
    Q_OBJECT
public:
    explicit StatusStrip(QWidget* parent = nullptr);
    void set_engine(EngineTone tone, const QString& text);
    void set_device(const QString& text);
    void set_rate(const QString& text, const QString& tip);
    void set_note(const QString& text);                 ///< "Last run #0148 finished in 0.62 s"
    void set_memory(const QString& text, const QString& tip);
    void set_saved(const QString& text);
    QString saved() const;
    void set_messages(int count);
    ProgressStrip* progress() { return m_progress; }
Q_SIGNALS:
    void engine_clicked();
    void messages_clicked();
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    QToolButton *m_engine, *m_messages;
    TextLabel *m_device, *m_rate, *m_memory, *m_saved;
    ElidedLabel* m_note;
    ProgressStrip* m_progress;
    EngineTone m_tone = EngineTone::off;
    void restyle();
};

}
