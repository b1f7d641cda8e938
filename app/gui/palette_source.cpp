#include "app/gui/palette_source.h"
#include "app/gui/action_registry.h"
#include "app/gui/project_host.h"
#include "app/gui/run_columns.h"
#include "app/gui/settings.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "widgets/parameter_form.h"
#include <QInputDialog>
#include <QWidget>

namespace lathe {
namespace {
constexpr std::int64_t kRuns = 500;
}

PaletteSource::PaletteSource(const Shell& shell, std::function<QWidget*()> current_workspace, QObject* parent) : QObject(parent), m_shell(shell), m_workspace(std::move(current_workspace)) {
    connect(shell.projects, &ProjectHost::opened, this, &PaletteSource::refresh_runs);
    connect(shell.projects, &ProjectHost::contents_changed, this, &PaletteSource::refresh_runs);
    connect(shell.projects, &ProjectHost::closed, this, [this] { m_runs.clear(); });
}

void PaletteSource::refresh_runs() {
    m_shell.projects->read<std::vector<RunRow>>(this, [](const ProjectReader& reader) {
        RunQuery query;
        query.lane = Lane::batch;
        std::vector<RunRow> runs = reader.runs(query, kRuns);
        for (RunRow& run : runs) run.params = run.environment = run.taps = nullptr;   // only names are searched
        return runs;
    }, [this](std::vector<RunRow> runs) { m_runs = std::move(runs); });
}

void PaletteSource::add_actions(std::vector<PaletteEntry>& entries) const {
    for (const ActionRegistry::Entry& entry : m_shell.actions->entries()) {
        if (entry.id == u"palette.open") continue;
        PaletteEntry item;
        item.id = entry.id;
        item.title = entry.action->text().remove(u'&').remove(u'…');
        item.icon = entry.icon.isEmpty() ? QStringLiteral("chevron-right") : entry.icon;
        item.kind = u'>';
        item.category = entry.category;
        item.shortcut = entry.action->shortcut();
        item.enabled = entry.action->isEnabled();
        item.reason = ActionRegistry::reason(entry.action);
        if (entry.action->isCheckable()) item.detail = entry.action->isChecked() ? tr("on") : tr("off");
        item.run = [action = QPointer<QAction>(entry.action)] { if (action) action->trigger(); };
        entries.push_back(std::move(item));
    }
}

void PaletteSource::add_parameters(std::vector<PaletteEntry>& entries) const {
    QWidget* workspace = m_workspace();
    if (!workspace) return;
    const QList<ParameterForm*> forms = workspace->findChildren<ParameterForm*>();
    for (ParameterForm* form : forms)
        for (const Parameter& parameter : form->parameters()) {
            const QString id = qs(parameter.id);
            PaletteEntry item;
            item.id = id;
            item.title = parameter.label.empty() ? id : qs(parameter.label);
            item.icon = QStringLiteral("sliders");
            item.kind = u':';
            item.category = tr("Parameter");
            const Json value = form->value(id);
            if (!value.is_object() && !value.is_null()) item.detail = qs(value_text(value)) + (parameter.unit.empty() ? QString() : u' ' + qs(parameter.unit));
            item.enabled = is_enabled(parameter, form->values());
            if (!item.enabled) item.reason = tr("another parameter switches it off");
            const auto set = [form = QPointer<ParameterForm>(form), parameter, id] {
                if (!form) return;
                bool ok = false;
                const QString text = QInputDialog::getText(form->window(), qs(parameter.label), qs(parameter.help), QLineEdit::Normal, qs(value_text(form->value(id))), &ok);
                if (!ok || !form) return;
                try {
                    form->edit(id, value_from_text(parameter, ss(text)));
                } catch (const Error& error) {
                    form->set_error(id, qs(error.what()));
                }
            };
            item.run = set;
            if (parameter.type != ParameterType::grid) item.set_value = set;
            entries.push_back(std::move(item));
        }
}

void PaletteSource::add_settings(std::vector<PaletteEntry>& entries) const {
    auto* self = const_cast<PaletteSource*>(this);
    for (const SettingInfo& info : Settings::instance().declared()) {
        PaletteEntry item;
        item.id = info.key;
        item.title = info.label;
        item.icon = QStringLiteral("sliders");
        item.kind = u'@';
        item.category = tr("Setting");
        item.detail = Settings::instance().value_text(info.key);
        if (info.type == SettingInfo::Type::boolean)
            item.run = [key = info.key] { Settings::instance().set_value(key, !Settings::instance().value(key).toBool()); };
        else
            item.run = [self, key = info.key] { Q_EMIT self->setting_chosen(key); };
        entries.push_back(std::move(item));
    }
}

std::vector<PaletteEntry> PaletteSource::entries() const {
    std::vector<PaletteEntry> entries;
    add_actions(entries);
    add_parameters(entries);
    auto* self = const_cast<PaletteSource*>(this);
    for (const RunRow& run : m_runs) {
        PaletteEntry item;
        item.id = qs(run.uuid);
        item.title = QStringLiteral("%1 %2").arg(run_number(run.id), run.title.empty() ? qs(run.method) : qs(run.title));
        item.icon = QStringLiteral("list");
        item.kind = u'#';
        item.category = tr("Run");
        item.detail = qs(name(run.state));
        item.run = [self, id = run.id] { Q_EMIT self->run_chosen(id); };
        entries.push_back(std::move(item));
    }
    add_settings(entries);
    return entries;
}

}
