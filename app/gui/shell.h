#pragma once
// What the parts of the window share. Owned by MainWindow; GUI thread.
#include "core/client/session.h"
#include "widgets/message_bar.h"
#include <QString>
#include <functional>
#include <vector>

class QUndoStack;
class QWidget;

namespace lathe {

class ActionRegistry;
class ProjectHost;
class JobList;
struct PanelFile;

struct Shell {
    QWidget* window = nullptr;
    ActionRegistry* actions = nullptr;
    ProjectHost* projects = nullptr;
    Session* session = nullptr;
    QUndoStack* undo = nullptr;
    MessageBar* messages = nullptr;
    JobList* jobs = nullptr;
    const std::vector<PanelFile>* plugins = nullptr;
    std::function<void(const QString& id)> show_workspace;
    std::function<void(const QString& uuid, const QString& method)> restore_run;   ///< open what made this
    std::function<void(const QString& page)> show_help;
    std::function<void(const QString& uuid)> show_run, run_again, resume_run;      ///< in the table of runs; as a new run; from its last checkpoint
    std::function<bool()> may_leave_project;                                       ///< asks where its runs are still under way

    const Catalogue& catalogue() const { return session->engine().catalogue(); }
    bool has_catalogue() const { return !catalogue().methods.empty(); }
    void say(const QString& level, const QString& what, const QString& where = {}, const QString& hint = {}, QList<MessageButton> buttons = {}) const {
        messages->show_message(UserMessage{level, what, where, hint, std::move(buttons)});
    }
};

}
