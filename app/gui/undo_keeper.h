#pragma once
// Keeps the undo history with the project: written a moment after each change and before the project is left, put back when it is opened.
#include <QObject>
#include <QTimer>

class QUndoStack;

namespace lathe {

class ProjectHost;

class UndoKeeper : public QObject {
    Q_OBJECT
public:
    static QString state_name() { return QStringLiteral("shell.undo"); }   ///< among the panel states; a shared copy leaves it out
    UndoKeeper(ProjectHost* projects, QUndoStack* stack, QObject* parent);
private:
    void keep();
    ProjectHost* m_projects;
    QUndoStack* m_stack;
    QTimer m_rest;
    bool m_restoring = false;
};

}
