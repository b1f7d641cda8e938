#pragma once
// The File menu: new, open, recents, copies, sharing, snapshots, revert, storage; what happens when a project opens or cannot be opened.
#include <QObject>
#include <QString>
#include <QTimer>

namespace lathe {

class RecentProjects;
struct Shell;

class ProjectActions : public QObject {
    Q_OBJECT
public:
    ProjectActions(const Shell& shell, RecentProjects& recents, QObject* parent);
    void open(const QString& file);
    void open_example(const QString& file);          ///< as a copy beside the user's data
Q_SIGNALS:
    void choose_model();
    void choose_data();
private:
    void add_actions();
    void refresh();
    void create();
    void choose();
    void save_copy();
    void share();
    void add_snapshot();
    void check(bool by_hand);
    void count_runs();
    void warn_of_quota(qint64 bytes);
    QString start_folder() const;
    const Shell& m_shell;
    RecentProjects& m_recents;
    QString m_opening;
    QTimer m_count;
    bool m_warned_of_quota = false;
};

}
