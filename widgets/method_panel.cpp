#include "widgets/method_panel.h"
#include "widgets/parameter_form.h"
#include "widgets/tap_sections.h"
#include <QAction>
#include <QFileInfo>
#include <QScopeGuard>
#include <QScopedValueRollback>
#include <QUndoStack>
#include <QUuid>
#include <algorithm>

namespace lathe {
namespace {

/// All that is kept of one run. On a worker thread: pictures are decoded.
std::optional<RecordedRun> read_run(const PanelContext& context, const QString& uuid, const QStringList& series) {
    const std::optional<PanelRun> run = context.run(uuid);
    if (!run) return {};
    RecordedRun out{*run, context.artifacts(uuid), {}};
    for (const QString& key : series) out.series.insert(key, context.series(uuid, key));
    return out;
}

}

QString RecordedRun::name() const { return run.title.isEmpty() ? MethodPanel::tr("run #%1").arg(run.id) : run.title; }

MethodPanel::MethodPanel(PanelContext& context, const char* method, int state_version, QWidget* parent)
    : QWidget(parent), m_context(context), m_form(new ParameterForm), m_method(method), m_state_version(state_version) {
    m_readers.setMaxThreadCount(1);   // in the order in which they are asked for
    m_form->set_undo_stack(context.undo_stack());
    m_show.setSingleShot(true);
    m_show.setInterval(33);   // events may come faster than the screen needs them
    connect(&m_show, &QTimer::timeout, this, [this] {
        if (std::exchange(m_show_waits, false)) show_soon();
    });
    m_save.setSingleShot(true);
    m_save.setInterval(500);
    connect(&m_save, &QTimer::timeout, this, &MethodPanel::save_state);

    connect(&context, &PanelContext::catalogue_changed, this, &MethodPanel::take_catalogue);
    connect(&context, &PanelContext::run_event, this, [this](const std::shared_ptr<RunEvent>& event) {
        try {
            take_event(*event);
        } catch (const Error& error) {
            tell(error);
        }
    });
    connect(&context, &PanelContext::run_ended, this, [this](const QString& uuid, RunState state) { run_ended(uuid, state); });
    connect(&context, &PanelContext::project_changed, this, &MethodPanel::project_opened);
    connect(&context, &PanelContext::live_toggled, this, [this](bool on) {
        m_live = on;
        if (on && wants_live()) send_live();
    });
    connect(&context, &PanelContext::run_pressed, this, [this] { run(); });
    connect(&context, &PanelContext::restore_run, this, [this](const QString& uuid) { read_recorded(uuid, true); });
    connect(m_form, &ParameterForm::changed, this, [this] { parameters_changed(); });
    connect(m_form, &ParameterForm::live_due, this, [this] {
        if (m_live) send_live();
    });
    connect(m_form, &ParameterForm::copy_command_line_requested, this, &MethodPanel::copy_command_line);
}

MethodPanel::~MethodPanel() = default;

void MethodPanel::begin() {
    take_catalogue();
    parameters_changed();
}

/// Nothing of what was changed last is lost when the window closes. Not in the destructor: the docks may have gone before.
void MethodPanel::hideEvent(QHideEvent* event) {
    if (m_save.isActive()) {
        m_save.stop();
        save_state();
    }
    QWidget::hideEvent(event);
}

void MethodPanel::take_catalogue() {
    const MethodInfo* method = m_context.catalogue().find(m_method);
    if (!method) return;
    catalogue_taken();
    const bool first = m_form->parameters().empty();
    std::vector<Parameter> parameters = method->parameters;
    for (Parameter& p : tap_parameters(form_taps())) {
        m_form->fold_group(QString::fromStdString(p.group));   // it is not what the workspace is opened for
        parameters.push_back(std::move(p));
    }
    m_form->set_parameters(std::move(parameters));
    if (first) project_opened();   // before there are parameters nothing can be taken over
    parameters_changed();
    describe();
}

std::vector<TapInfo> MethodPanel::form_taps() const {
    const MethodInfo* method = m_context.catalogue().find(m_method);
    return method && method->takes_taps ? m_context.catalogue().taps : std::vector<TapInfo>();
}

// --- asking

RunRequest MethodPanel::request(const char* method, bool live) const {
    RunRequest request;
    request.uuid = QUuid::createUuid().toString(QUuid::WithoutBraces).toStdString();
    request.method = method;
    if (const MethodInfo* info = m_context.catalogue().find(method)) {
        request.version = info->version;
        for (const Parameter& p : info->parameters)
            if (m_form->values().contains(p.id)) request.params[p.id] = m_form->values()[p.id];
        if (info->takes_taps) request.taps = taps_of(m_form->values(), form_taps());
    }
    request.lane = live ? Lane::live : Lane::batch;
    return request;
}

void MethodPanel::copy_command_line() { m_context.copy_command_line(request(m_method, false), assets()); }

QAction* MethodPanel::add_action(const QString& id, const QString& text, const QString& icon, const QString& tip, std::function<void()> act) {
    auto* action = new QAction(text, this);
    if (!icon.isEmpty()) action->setProperty("lathe_icon", icon);
    if (!tip.isEmpty()) action->setToolTip(tip);
    connect(action, &QAction::triggered, this, std::move(act));
    m_context.add_action(action, id);
    return action;
}

void MethodPanel::tell(const Error& error) { m_context.show_message(QStringLiteral("err"), QString::fromStdString(error.summary()), QString::fromStdString(error.where()), QString::fromStdString(error.hint())); }

void MethodPanel::tell_failure(const event::Failed& failure) {
    const QString where = QString::fromStdString(failure.where), what = QString::fromStdString(failure.what);
    for (const Parameter& p : m_form->parameters())
        if (where.startsWith(QString::fromStdString(p.id) + u' ') || where == QString::fromStdString(p.id)) m_form->set_error(QString::fromStdString(p.id), what);
    m_context.show_message(QStringLiteral("err"), what, where, QString::fromStdString(failure.hint));
}

/// The first picture of a run, or the first answer to a moved slider, does not wait.
void MethodPanel::show_soon() {
    m_show_waits = m_show.isActive();
    if (m_show_waits) return;
    m_show.start();
    show_now();
}

void MethodPanel::save_soon() {
    if (!m_loading) m_save.start();
}

void MethodPanel::without_undo(const std::function<void()>& change) {
    m_form->set_undo_stack(nullptr);
    const auto again = qScopeGuard([this] { m_form->set_undo_stack(m_context.undo_stack()); });
    change();
}

QStringList MethodPanel::texts_of(const Json& array) {
    QStringList out;
    if (array.is_array())
        for (const Json& text : array)
            if (text.is_string()) out << QString::fromStdString(text.get<std::string>());
    return out;
}

Json MethodPanel::array_of(const QStringList& texts) {
    Json out = Json::array();
    for (const QString& text : texts) out.push_back(text.toStdString());
    return out;
}

// --- recorded

void MethodPanel::read_recorded(const QString& uuid, bool asked_for) {
    m_readers.start([this, uuid, asked_for, series = recorded_series(), context = &m_context] {   // the pool ends before this does
        std::optional<RecordedRun> read;
        std::optional<Error> problem;
        try {
            read = read_run(*context, uuid, series);
        } catch (const Error& error) {
            problem = error;
        }
        QMetaObject::invokeMethod(this, [this, read = std::move(read), problem, asked_for] {
            if (problem) return tell(*problem);
            if (!read) return;
            if (asked_for) take_recorded(*read, true);
            else without_undo([&] { take_recorded(*read, false); });
        }, Qt::QueuedConnection);
    });
}

namespace {

/// The same file may be told by two paths, one of them through a link.
bool used_file(const PanelRun& run, const QString& role, const QString& path) {
    const QString real = QFileInfo(path).canonicalFilePath();
    return std::ranges::any_of(run.assets, [&](const auto& asset) { return asset.first == role && (asset.second == path || (!real.isEmpty() && QFileInfo(asset.second).canonicalFilePath() == real)); });
}

}

void MethodPanel::find_runs(const QString& method, const QString& role, const QString& path, int most, std::function<void(const QList<PanelRun>&)> take) {
    m_readers.start([this, method, role, path, most, take = std::move(take), context = &m_context] {
        QList<PanelRun> found;
        try {
            for (const PanelRun& run : context->runs(QStringLiteral("method:%1 and state:finished").arg(method), most))
                if (const auto whole = run.method == method ? context->run(run.uuid) : std::nullopt; whole && used_file(*whole, role, path)) found << *whole;   // runs() names no assets
        } catch (const Error&) {
            return;   // the project was closed meanwhile
        }
        if (!found.isEmpty()) QMetaObject::invokeMethod(this, [take, found] { take(found); }, Qt::QueuedConnection);
    });
}

void MethodPanel::read_newest(const QString& method, const QString& role, const QString& path) {
    constexpr int kRunsLookedAt = 20;
    find_runs(method, role, path, kRunsLookedAt, [this](const QList<PanelRun>& found) { read_recorded(found.first().uuid, false); });
}

void MethodPanel::take_recorded(RecordedRun recorded, bool asked_for) {
    if (recorded.run.params.is_object()) recorded.run.params.update(tap_values(recorded.run.taps, form_taps()));
    try {
        if (recorded.run.method == QLatin1String(m_method)) {
            for (const auto& [role, path] : recorded.run.assets) choose_asset(role, path);
            if (asked_for && !recorded.run.missing_assets.isEmpty())
                m_context.show_message(QStringLiteral("warn"), tr("What made %1 is not here any more; what is chosen above was left.").arg(recorded.name()), recorded.run.missing_assets.join(QStringLiteral(", ")), tr("Put it beside the project, or choose another."));
        }
        show_recorded(recorded);
    } catch (const Error& error) {
        tell(error);
    }
}

void MethodPanel::project_opened() {
    load_state();
    if (!m_context.has_project()) return;
    QStringList methods = opened_methods();
    if (m_context.panel_state().is_object() && is_ready_to_run()) methods.removeAll(QLatin1String(m_method));
    m_readers.start([this, methods, context = &m_context] {
        QStringList found;
        try {
            for (const QString& method : methods)
                if (const auto runs = context->runs(QStringLiteral("method:%1 and state:finished").arg(method), 1); !runs.isEmpty()) found << runs.first().uuid;
        } catch (const Error&) {
            return;   // the project was closed meanwhile
        }
        QMetaObject::invokeMethod(this, [this, found] {
            for (const QString& uuid : found) read_recorded(uuid, false);
        }, Qt::QueuedConnection);
    });
}

void MethodPanel::load_state() {
    const Json kept = m_context.panel_state();
    if (!kept.is_object() || kept.value("version", 0) != m_state_version) return;
    {
        const QScopedValueRollback loading(m_loading, true);
        without_undo([&] {
            if (const Json given = kept.value("params", Json()); given.is_object() && !m_form->parameters().empty()) {
                Json params = tap_values({}, form_taps());   // off, in a project that knows nothing of a tap
                params.update(given);
                if (params != m_form->values()) m_form->set_values(params, tr("Open the project"));
            }
            load(kept);
        });
    }
    parameters_changed();
}

void MethodPanel::save_state() {
    if (!m_context.has_project() || m_form->parameters().empty()) return;
    Json kept = state();
    kept["version"] = m_state_version;
    kept["params"] = m_form->values();
    m_context.set_panel_state(kept);
}

}
