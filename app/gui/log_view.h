#pragma once
// The program's log as it grows: filter by level and text, follow the end, copy. Only read while it is visible.
#include <QTimer>
#include <QWidget>
#include <string>

class QLineEdit;
class QPlainTextEdit;

namespace lathe {

class SegmentedControl;

class LogView : public QWidget {
    Q_OBJECT
public:
    explicit LogView(QWidget* parent = nullptr);
    void refresh();
protected:
    void showEvent(QShowEvent* event) override;
    void hideEvent(QHideEvent* event) override;
private:
    QPlainTextEdit* m_text;
    QLineEdit* m_filter;
    SegmentedControl* m_level;
    QTimer m_tick;
    std::string m_shown;
    QString m_shown_filter;
};

}
