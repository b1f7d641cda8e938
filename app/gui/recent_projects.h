#pragma once
// Projects opened lately, newest first, in the settings file. Whether a file is still there is looked up on a worker thread: a network folder may take long.
#include <QList>
#include <QObject>
#include <QString>

namespace lathe {

struct RecentProject {
    QString file;
    qint64 opened = 0;
    int runs = -1;
    bool is_reachable = true;
};

class RecentProjects : public QObject {
    Q_OBJECT
public:
    explicit RecentProjects(QObject* parent = nullptr);
    const QList<RecentProject>& list() const { return m_list; }
    void add(const QString& file, int runs);
    void remove(const QString& file);
    void look();                                ///< ends in changed() if something is different
Q_SIGNALS:
    void changed();
private:
    void save();
    QList<RecentProject> m_list;
};

}
