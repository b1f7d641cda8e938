#pragma once
// All actions and the single keys of viewers: type the new keys, see at once what else they start, reset one or all. And the key sheet, which only shows them.
#include <QDialog>
#include <QKeySequenceEdit>
#include <QWidget>

class QLineEdit;
class QPushButton;
class QTreeWidget;

namespace lathe {

class ActionRegistry;
class TextLabel;
class ViewerKeys;

class ShortcutEditor : public QWidget {
    Q_OBJECT
public:
    ShortcutEditor(ActionRegistry& actions, ViewerKeys& viewer_keys, QWidget* parent);
    QTreeWidget* list() { return m_list; }
    QKeySequenceEdit* field() { return m_keys; }
private:
    void fill();
    void show_current();
    void check();
    void set();
    void add_line(const QString& id, const QString& title, const QString& group, const QString& keys, bool changed);
    void reset(const QString& id);
    QString current() const;
    ActionRegistry& m_actions;
    ViewerKeys& m_viewer_keys;
    QLineEdit* m_filter;
    QTreeWidget* m_list;
    QKeySequenceEdit* m_keys;
    TextLabel* m_conflict;
    QPushButton *m_set, *m_reset;
};

class KeySheet : public QDialog {
    Q_OBJECT
public:
    KeySheet(const ActionRegistry& actions, const ViewerKeys& viewer_keys, QWidget* parent);
};

}
