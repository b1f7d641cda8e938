#include "app/gui/run_commands.h"
#include "app/gui/project_host.h"
#include "app/gui/run_columns.h"
#include "widgets/kept_command.h"
#include <QCoreApplication>

namespace lathe {
namespace {
struct CommandTexts { Q_DECLARE_TR_FUNCTIONS(RunCommands) };
const QString kTarget = QStringLiteral("runs");

QUndoCommand* step(const QString& text, Json back, Json forward) { return new KeptCommand(kTarget, text, std::move(back), std::move(forward), false); }

Json one(const char* kind, RunId run, const std::string& value) { return {{kind, Json::array({Json::array({run, value})})}}; }

/// What a step says: an object from the kind of change to a list of [run, new value], or to a list of runs. It may come from a file: wrong types throw.
void carry_out(Project& project, const Json& what) {
    for (const auto& [kind, list] : what.items()) {
        if (kind == "away") project.move_to_bin(list.get<std::vector<RunId>>());
        else if (kind == "back") project.restore_from_bin(list.get<std::vector<RunId>>());
        for (const Json& change : list) {
            if (!change.is_array()) continue;
            const RunId run = change.at(0).get<RunId>();
            if (kind == "title") project.set_title(run, change.at(1).get<std::string>());
            else if (kind == "notes") project.set_notes(run, change.at(1).get<std::string>());
            else if (kind == "pinned") project.set_pinned(run, change.at(1).get<bool>());
            else if (kind == "tags") project.set_tags(run, change.at(1).get<std::vector<std::string>>());
        }
    }
}
}

void make_run_target(ProjectHost* host, QObject* parent) {
    new UndoTarget(kTarget, [host](const Json& what) {
        if (what.is_object()) host->write([what](Project& project) { carry_out(project, what); });
    }, parent);
}

QUndoCommand* bin_command(const std::vector<RunId>& runs, bool restore) {
    const Json away = {{"away", runs}}, back = {{"back", runs}};
    return restore ? step(CommandTexts::tr("Restore %n run(s)", nullptr, int(runs.size())), away, back) : step(CommandTexts::tr("Move %n run(s) to the bin", nullptr, int(runs.size())), back, away);
}

QUndoCommand* title_command(RunId run, const std::string& from, const std::string& to) {
    return step(CommandTexts::tr("Rename %1").arg(run_number(run)), one("title", run, from), one("title", run, to));
}

QUndoCommand* notes_command(RunId run, const std::string& from, const std::string& to) {
    return step(CommandTexts::tr("Notes of %1").arg(run_number(run)), one("notes", run, from), one("notes", run, to));
}

QUndoCommand* pin_command(const std::vector<std::pair<RunId, bool>>& runs, bool pinned) {
    Json back = Json::array(), forward = Json::array();
    for (const auto& [run, was] : runs) {
        back.push_back(Json::array({run, was}));
        forward.push_back(Json::array({run, pinned}));
    }
    return step(pinned ? CommandTexts::tr("Pin %n run(s)", nullptr, int(runs.size())) : CommandTexts::tr("Unpin %n run(s)", nullptr, int(runs.size())), {{"pinned", back}}, {{"pinned", forward}});
}

QUndoCommand* tags_command(const std::vector<TagChange>& changes) {
    Json back = Json::array(), forward = Json::array();
    for (const TagChange& change : changes) {
        back.push_back(Json::array({change.run, change.from}));
        forward.push_back(Json::array({change.run, change.to}));
    }
    return step(CommandTexts::tr("Tag %n run(s)", nullptr, int(changes.size())), {{"tags", back}}, {{"tags", forward}});
}

}
