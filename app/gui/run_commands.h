#pragma once
// Undo steps of the runs: each is two writes that can be written down, so that they are kept with the project.
#include "core/base/json.h"
#include "core/project/project.h"
#include <QString>
#include <vector>

class QObject;
class QUndoCommand;

namespace lathe {

class ProjectHost;

/// Carries the steps below out on the open project. Lives as long as `parent`.
void make_run_target(ProjectHost* host, QObject* parent);

QUndoCommand* bin_command(const std::vector<RunId>& runs, bool restore);
QUndoCommand* title_command(RunId run, const std::string& from, const std::string& to);
QUndoCommand* notes_command(RunId run, const std::string& from, const std::string& to);
QUndoCommand* pin_command(const std::vector<std::pair<RunId, bool>>& runs, bool pinned);   ///< with what they were before
struct TagChange { RunId run; std::vector<std::string> from, to; };
QUndoCommand* tags_command(const std::vector<TagChange>& changes);

}
