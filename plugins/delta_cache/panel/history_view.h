#pragma once
// The last live results as thumbnails with their speed-up; P pins the shown one. Below it the note for this map. A dock.
#include <QImage>
#include <QList>
#include <QString>
#include <QWidget>

class QPlainTextEdit;
class QToolButton;
class QTimer;

namespace lathe {
class TextLabel;
}

namespace lathe::delta_cache {

class HistoryView : public QWidget {
    Q_OBJECT
public:
    static constexpr int kKept = 5;
    struct Entry { QString uuid, text; QImage picture; };
    explicit HistoryView(QWidget* parent = nullptr);
    void add(const Entry& entry);                            ///< becomes the first and the current
    void set_pinned(const QString& uuid);
    int count() const { return int(m_entries.size()); }
    QString note() const;
    void set_note(const QString& text);                      ///< no signal
Q_SIGNALS:
    void chosen(QString uuid);
    void pin_requested();
    void note_changed();
private:
    void refresh();
    QList<Entry> m_entries;
    QList<QToolButton*> m_buttons;
    QList<TextLabel*> m_texts;
    QStringList m_pinned;
    QString m_current;
    TextLabel* m_hint;
    QPlainTextEdit* m_note;
    int m_total = 0;
};

}
