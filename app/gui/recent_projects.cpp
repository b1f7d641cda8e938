#include "app/gui/recent_projects.h"
#include "app/gui/settings.h"
#include <QCoreApplication>
#include <QDateTime>
#include <QFileInfo>
#include <QPointer>
#include <QThreadPool>

namespace lathe {
namespace {
constexpr int kMost = 40;
}

RecentProjects::RecentProjects(QObject* parent) : QObject(parent) {
    QSettings& store = Settings::instance().store();
    const int n = store.beginReadArray(QStringLiteral("recent"));
    for (int i = 0; i < n; ++i) {
        store.setArrayIndex(i);
        RecentProject entry;
        entry.file = store.value(QStringLiteral("file")).toString();
        entry.opened = store.value(QStringLiteral("opened")).toLongLong();
        entry.runs = store.value(QStringLiteral("runs"), -1).toInt();
        if (!entry.file.isEmpty()) m_list << entry;
    }
    store.endArray();
}

void RecentProjects::save() {
    QSettings& store = Settings::instance().store();
    store.remove(QStringLiteral("recent"));
    store.beginWriteArray(QStringLiteral("recent"), int(m_list.size()));
    for (int i = 0; i < m_list.size(); ++i) {
        store.setArrayIndex(i);
        store.setValue(QStringLiteral("file"), m_list[i].file);
        store.setValue(QStringLiteral("opened"), m_list[i].opened);
        store.setValue(QStringLiteral("runs"), m_list[i].runs);
    }
    store.endArray();
}

void RecentProjects::add(const QString& file, int runs) {
    m_list.removeIf([&](const RecentProject& entry) { return entry.file == file; });
    m_list.prepend({file, QDateTime::currentMSecsSinceEpoch(), runs, true});
    if (m_list.size() > kMost) m_list.resize(kMost);
    save();
    Q_EMIT changed();
}

void RecentProjects::remove(const QString& file) {
    m_list.removeIf([&](const RecentProject& entry) { return entry.file == file; });
    save();
    Q_EMIT changed();
}

void RecentProjects::look() {
    QStringList files;
    for (const RecentProject& entry : std::as_const(m_list)) files << entry.file;
    QThreadPool::globalInstance()->start([self = QPointer<RecentProjects>(this), files] {
        QList<bool> there;
        for (const QString& file : files) there << QFileInfo::exists(file);
        QMetaObject::invokeMethod(qApp, [self, files, there] {
            if (!self) return;
            bool differs = false;
            for (RecentProject& entry : self->m_list)
                if (const qsizetype at = files.indexOf(entry.file); at >= 0 && entry.is_reachable != there[at]) {
                    entry.is_reachable = there[at];
                    differs = true;
                }
            if (differs) Q_EMIT self->changed();
        }, Qt::QueuedConnection);
    });
}

}
