#pragma once
// A row of joined buttons of which one is pressed. Arrow keys move; the width does not change with the choice.
#include <QList>
#include <QWidget>

class QToolButton;
class QHBoxLayout;

namespace lathe {

class SegmentedControl : public QWidget {
    Q_OBJECT
public:
    explicit SegmentedControl(const QStringList& labels = {}, QWidget* parent = nullptr);
    void set_labels(const QStringList& labels);
    void set_current(int index);                    ///< -1: none; no signal
    int current() const { return m_current; }
    int count() const { return int(m_buttons.size()); }
    void set_tool_tip(int index, const QString& text);
    void set_choice_enabled(int index, bool enabled, const QString& reason = {});
    void set_tool_size(bool tool);                  ///< 24 px for dock toolbars instead of 28
Q_SIGNALS:
    void chosen(int index);                         ///< by the user
protected:
    bool eventFilter(QObject* object, QEvent* event) override;
private:
    void choose(int index);
    QHBoxLayout* m_layout;
    QList<QToolButton*> m_buttons;
    int m_current = -1;
};

}
