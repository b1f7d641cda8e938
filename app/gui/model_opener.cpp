#include "app/gui/model_opener.h"
#include "app/gui/job_list.h"
#include "app/gui/plugin_files.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "core/base/uuid.h"
#include <algorithm>

namespace lathe {
namespace {
const std::string kMethod = "engine.inspect";
}

ModelOpener::ModelOpener(const Shell& shell, QObject* parent) : QObject(parent), m_shell(shell) {
    connect(shell.session, &Session::run_event, this, [this](const std::shared_ptr<RunEvent>& event) {
        if (!m_run.empty() && event->run == m_run) take(*event);
    });
    connect(shell.session, &Session::run_ended, this, [this](const QString& uuid, RunState) {
        if (ss(uuid) == m_run) m_run.clear();
    });
}

void ModelOpener::look_at(const QString& file, const QString& current) {
    m_file = file;
    m_current = current;
    RunRequest request;
    request.uuid = m_run = make_uuid();
    request.method = kMethod;
    request.lane = Lane::live;
    request.params = {{"file", ss(file)}, {"health", false}};
    try {
        m_shell.session->submit(request, {}, {}, "shell.inspect");
        m_shell.jobs->set_info(qs(request.uuid), qs(kMethod), {}, true);
    } catch (...) {
        m_run.clear();
        const Error error = current_error("looking at the model");
        m_shell.say(QStringLiteral("err"), qs(error.summary()), qs(error.where()), qs(error.hint()));
    }
}

void ModelOpener::take(const RunEvent& event) {
    if (const auto* failed = std::get_if<event::Failed>(&event.body)) {
        m_shell.say(QStringLiteral("err"), tr("Checkpoint not opened: %1").arg(qs(failed->what)), failed->where.empty() ? m_file : qs(failed->where), qs(failed->hint));
        return;
    }
    const auto* made = std::get_if<event::ArtifactMade>(&event.body);
    if (!made || made->artifact.key != "report" || !made->artifact.bytes) return;
    try {
        offer(parse_json(*made->artifact.bytes, "report"));
    } catch (const Error& error) {
        m_shell.say(QStringLiteral("err"), qs(error.summary()), qs(error.where()), qs(error.hint()));
    }
}

void ModelOpener::offer(const Json& report) {
    const Catalogue& catalogue = m_shell.catalogue();
    const Json family = report.is_object() ? report.value("family", Json()) : Json();
    const std::string id = family.is_object() ? family.value("id", std::string()) : std::string();
    if (id.empty()) {
        QStringList known;
        for (const FamilyInfo& info : catalogue.families) known << qs(info.title);
        m_shell.say(QStringLiteral("err"), tr("The checkpoint is of no known model family."), m_file, tr("Known families: %1. Their plugins say which files they read (F1).").arg(known.join(QStringLiteral(", "))));
        return;
    }
    QList<const PanelFile*> workspaces;
    for (const PanelFile& panel : *m_shell.plugins) {
        const bool runs_it = panel.ok() && std::any_of(catalogue.methods.begin(), catalogue.methods.end(), [&](const MethodInfo& method) {
            return qs(method.id).section(u'.', 0, 0) == panel.id && std::find(method.families.begin(), method.families.end(), id) != method.families.end();
        });
        if (runs_it) workspaces << &panel;
    }
    const QString title = qs(family.value("title", id));
    const auto current = std::find_if(workspaces.begin(), workspaces.end(), [this](const PanelFile* panel) { return panel->id == m_current; });
    if (current != workspaces.end() || workspaces.size() == 1) Q_EMIT open_in(current != workspaces.end() ? m_current : workspaces.first()->id, m_file);
    else if (workspaces.isEmpty()) m_shell.say(QStringLiteral("err"), tr("The checkpoint is a %1, which no workspace runs.").arg(title), m_file, tr("Help > Plugins says which are loaded; Run > New run… starts any method."));
    if (workspaces.size() < 2) return;
    QList<MessageButton> buttons;
    for (const PanelFile* panel : std::as_const(workspaces))
        if (current == workspaces.end() || panel != *current)
            buttons << MessageButton{tr("Open in %1").arg(panel->title), panel->icon, [this, id = panel->id, file = m_file] { Q_EMIT open_in(id, file); }};
    m_shell.say(QStringLiteral("info"), tr("The checkpoint is a %1.").arg(title), m_file, current == workspaces.end() ? tr("Choose where to open it.") : tr("It is open here; other workspaces run it too."), buttons);
}

}
