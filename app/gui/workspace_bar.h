#pragma once
// The bar of a workspace, 44 high: name, choosers, undo and redo, at most 3 actions; right: Live and Run, the only filled button. Narrow: buttons drop their text.
#include <QList>
#include <QPointer>
#include <QWidget>

class QAction;
class QHBoxLayout;
class QPushButton;
class QToolButton;

namespace lathe {

class ActionRegistry;
class TextLabel;

class WorkspaceBar : public QWidget {
    Q_OBJECT
public:
    explicit WorkspaceBar(const QString& title, QWidget* parent = nullptr);
    void set_chooser(QWidget* widget);                          ///< left of undo; owned
    void add_undo(ActionRegistry& actions);
    QPushButton* add_action(QAction* action, const QString& icon);   ///< after undo; the first three only
    QPushButton* add_right(QAction* action, const QString& icon, bool filled = false);
    void add_right_widget(QWidget* widget);
    void add_left_widget(QWidget* widget, int stretch = 0);
    void add_live_and_run(QAction* live, QAction* run);
    void set_live_hint(const QString& text);
    void set_narrow(bool narrow);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    QPushButton* make(QAction* action, const QString& icon, bool filled);
    void add_separator(QHBoxLayout* row);
    QHBoxLayout *m_row, *m_left, *m_actions, *m_right;
    QList<QPointer<QPushButton>> m_buttons;
    QList<QPointer<QWidget>> m_only_wide;
    TextLabel* m_live_hint = nullptr;
    int m_action_count = 0;
    bool m_narrow = false, m_has_undo = false;
};

/// A push button that does what the action does and says why it cannot: text, enabled, checked and tooltip follow it.
QPushButton* button_for(QAction* action, const QString& icon, bool filled, QWidget* parent);

}
