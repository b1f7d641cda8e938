#pragma once
// Settings made from their declarations, and the shortcuts of all actions. Every change acts at once and is kept.
#include <QDialog>

class QListWidget;
class QStackedWidget;

namespace lathe {

class ActionRegistry;
class ViewerKeys;
struct SettingInfo;

class SettingsDialog : public QDialog {
    Q_OBJECT
public:
    SettingsDialog(ActionRegistry& actions, ViewerKeys& viewer_keys, QWidget* parent);
    void show_setting(const QString& key);        ///< its page, with the focus on it; "shortcuts": the last page
private:
    QWidget* make_page(const QString& group);
    QWidget* make_editor(const SettingInfo& info, QWidget* parent);
    QListWidget* m_groups;
    QStackedWidget* m_pages;
};

}
