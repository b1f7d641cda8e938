#pragma once
// A checkpoint that was dropped or chosen: the engine says which model family it is of, then it goes to the workspace that runs this family. Where several
// do, the message bar offers them.
#include "core/method/run.h"
#include <QObject>
#include <QStringList>

namespace lathe {

struct Shell;

class ModelOpener : public QObject {
    Q_OBJECT
public:
    ModelOpener(const Shell& shell, QObject* parent);
    /// current: the workspace that is shown; it is preferred. Answers with open_in() or a message; a newer file replaces one that is still looked at.
    void look_at(const QString& file, const QString& current);
Q_SIGNALS:
    void open_in(QString workspace, QString file);
private:
    void take(const RunEvent& event);
    void offer(const Json& report);
    const Shell& m_shell;
    QString m_file, m_current;
    std::string m_run;
};

}
