#pragma once
// One page of the window: its bar, its docks, the side strip. Start and Engine have no docks but a page. Made when it is first shown.
#include <QWidget>

namespace lathe {

class DockArea;
class SideStrip;
class WorkspaceBar;

class Workspace : public QWidget {
    Q_OBJECT
public:
    Workspace(const QString& id, const QString& title, QWidget* parent = nullptr);
    const QString& id() const { return m_id; }
    const QString& title() const { return m_title; }
    WorkspaceBar* bar() { return m_bar; }                 ///< shown by the window above the message bar
    DockArea* docks() { return m_docks; }                 ///< null for a page
    DockArea* use_docks();
    void use_page(QWidget* page);
    void set_window_size(const QSize& size);              ///< the responsive rules of ui.md section 2
    void set_ready(bool ready) { m_ready = ready; }
    bool is_ready() const;                                ///< shows what it will show: for screenshots
private:
    QString m_id, m_title;
    WorkspaceBar* m_bar;
    DockArea* m_docks = nullptr;
    SideStrip* m_strip = nullptr;
    bool m_ready = true;
};

}
