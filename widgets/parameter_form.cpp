#include "widgets/parameter_form.h"
#include "core/base/error.h"
#include "widgets/kept_command.h"
#include "widgets/parameter_group.h"
#include "widgets/parameter_row.h"
#include "widgets/parameter_values.h"
#include "widgets/seed_editor.h"
#include "widgets/theme.h"
#include <QLayout>
#include <QScrollBar>
#include <QUndoStack>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe {

ParameterForm::ParameterForm(QWidget* parent) : QScrollArea(parent) {
    setFrameShape(QFrame::NoFrame);
    setWidgetResizable(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    connect(horizontalScrollBar(), &QScrollBar::rangeChanged, this, [this] { horizontalScrollBar()->setRange(0, 0); });   // Tab to a wide row must not shift the form
    setMinimumWidth(224);
    setFocusPolicy(Qt::NoFocus);
    static quint64 unnamed = 0;
    set_undo_name(QStringLiteral(".form%1").arg(++unnamed));
    m_rest.setSingleShot(true);
    m_rest.setInterval(30);
    m_during.setSingleShot(true);
    m_during.setInterval(150);
    connect(&m_rest, &QTimer::timeout, this, [this] {
        m_during.stop();
        if (!m_live_id.isEmpty()) Q_EMIT live_due(std::exchange(m_live_id, {}));
    });
    connect(&m_during, &QTimer::timeout, this, [this] { if (!m_live_id.isEmpty()) Q_EMIT live_due(std::exchange(m_live_id, {})); });
    rebuild();
}

ParameterForm::~ParameterForm() = default;

const Parameter* ParameterForm::find(const QString& id) const {
    const std::string key = id.toStdString();
    const auto found = std::find_if(m_declared.begin(), m_declared.end(), [&](const Parameter& p) { return p.id == key; });
    return found == m_declared.end() ? nullptr : &*found;
}

Json ParameterForm::value(const QString& id) const { return m_values.value(id.toStdString(), Json()); }

void ParameterForm::set_parameters(std::vector<Parameter> declared) {
    m_declared = std::move(declared);
    const Json before = std::exchange(m_values, default_values(m_declared, m_facts));
    for (const Parameter& p : m_declared) {
        if (!before.contains(p.id)) continue;
        try {
            m_values[p.id] = check_value(p, before[p.id], m_values, m_facts);
        } catch (const Error&) {
            // it belonged to another method and does not fit here: the default stands
        }
    }
    fit_dependents(m_declared, m_values, m_facts);
    rebuild();
}

void ParameterForm::set_facts(const Facts& facts) {
    m_facts = facts;
    const Json before = m_values;
    fit_dependents(m_declared, m_values, m_facts);
    refresh_all();
    for (const Parameter& p : m_declared)
        if (before[p.id] != m_values[p.id]) Q_EMIT changed(QString::fromStdString(p.id), before[p.id], m_values[p.id], false);
}

void ParameterForm::set_undo_stack(QUndoStack* stack) { m_undo = stack; }

void ParameterForm::set_undo_name(const QString& name) {
    delete m_undo_target;
    m_undo_target = new UndoTarget(name, [this](const Json& values) { apply_from_undo(values); }, this);
}

void ParameterForm::set_recorded(const Json& values) {
    m_recorded = values;
    refresh_all();
}

void ParameterForm::rebuild() {
    m_rows.clear();
    for (const auto& [group, extra] : m_extras) extra->setParent(nullptr);
    m_body = new QWidget;
    auto* column = new QVBoxLayout(m_body);
    column->setContentsMargins(metric::pad, 6, metric::pad, metric::pad);
    column->setSpacing(0);

    QStringList groups;
    int label_width = 92;
    for (const Parameter& p : m_declared) {
        const QString group = QString::fromStdString(p.group);
        if (!groups.contains(group)) groups << group;
        if (p.type != ParameterType::boolean) label_width = std::max(label_width, std::min(132, RowLabel::width_for(QString::fromStdString(p.label), p.live)));
    }
    for (const auto& [group, extra] : m_extras)
        if (!groups.contains(group)) groups << group;
    for (const QString& name : groups) {
        auto* group = new ParameterGroup(name, column->count() > 0, m_body);
        for (const Parameter& p : m_declared) {
            const QString id = QString::fromStdString(p.id);
            if (QString::fromStdString(p.group) != name || m_external.contains(id) || m_hidden.contains(id)) continue;
            const bool segments = m_segments.contains(id) && p.type == ParameterType::choice;
            auto* row = new ParameterRow(p, segments, !segments || m_segments.value(id), label_width, *this, group);
            group->add_row(row, p.advanced);
            m_rows.insert(id, row);
        }
        for (const auto& [extra_group, extra] : m_extras)
            if (extra_group == name) group->add_extra(extra);
        if (m_folded_groups.contains(name)) group->set_folded(true);
        column->addWidget(group);
    }
    column->addStretch();
    setWidget(m_body);
    // the form lies on its dock's surface: base, not the colour of fields
    QPalette p = Theme::instance().palette();
    p.setColor(QPalette::Window, Theme::instance().colours().base);
    m_body->setPalette(p);
    m_body->setAutoFillBackground(true);
    connect(&Theme::instance(), &Theme::changed, m_body, [body = m_body] {
        QPalette q = Theme::instance().palette();
        q.setColor(QPalette::Window, Theme::instance().colours().base);
        body->setPalette(q);
    });
    refresh_all();
    apply_filter();
}

void ParameterForm::refresh_row(const QString& id) {
    const Parameter* p = find(id);
    if (!p) return;
    const Json& value = m_values[p->id];
    if (const auto external = m_external.constFind(id); external != m_external.cend()) {
        if (external->show_value) external->show_value(value);
        return;
    }
    ParameterRow* row = m_rows.value(id);
    if (!row) return;
    row->set_limits({limit(p->min, m_values, m_facts), limit(p->max, m_values, m_facts), available_choices(*p, m_facts)});
    row->show_value(value);
    row->set_differs(m_recorded.is_object() && m_recorded.value(p->id, Json()) != value);
    row->set_hint(m_hints.value(id));
    row->set_available(is_enabled(*p, m_values), reason_disabled(*p, m_declared, m_values));
}

void ParameterForm::refresh_all() {
    for (const Parameter& p : m_declared) refresh_row(QString::fromStdString(p.id));
}

QString ParameterForm::change_text(const Parameter& p, const Json& from, const Json& to) const {
    const QString label = QString::fromStdString(p.label.empty() ? p.id : p.label);
    if (p.type == ParameterType::grid || p.type == ParameterType::table) return tr("%1 edited").arg(label);
    return QStringLiteral("%1 %2 → %3").arg(label, shown_value(p, from, m_facts), shown_value(p, to, m_facts));
}

/// Takes the values of `next` over: rows and listeners hear of every id that differs.
void ParameterForm::take_over(const Json& next, bool dragging) {
    const Json before = std::exchange(m_values, next);
    QStringList differing;
    for (const Parameter& p : m_declared)
        if (before.value(p.id, Json()) != m_values.value(p.id, Json())) differing << QString::fromStdString(p.id);
    if (differing.isEmpty()) return;
    refresh_all();
    for (const QString& id : std::as_const(differing)) {
        const std::string key = id.toStdString();
        Q_EMIT changed(id, before.value(key, Json()), m_values.value(key, Json()), dragging);
        schedule_live(id, dragging);
    }
    if (!dragging)
        for (const QString& id : std::as_const(differing)) Q_EMIT settled(id);
}

void ParameterForm::edit(const QString& id, const Json& value, bool dragging, const QString& undo_text) {
    const Parameter* p = find(id);
    if (!p) throw Error(ErrorCode::unknown_name, "There is no such parameter.", id.toStdString(), "Use one of the parameters of this method.");
    Json next = m_values;
    next[p->id] = check_value(*p, value, m_values, m_facts);
    fit_dependents(m_declared, next, m_facts);
    if (m_drag_id != id && !m_drag_id.isEmpty()) end_drag({});
    if (m_drag_id.isEmpty()) {
        if (next == m_values) return;
        m_drag_id = id;
        m_drag_old = m_values;
    }
    const bool moves = next != m_values;
    take_over(next, dragging);
    if (dragging) return;
    end_drag(undo_text);
    if (!moves) Q_EMIT settled(id);   // the drag ends where it already was
}

void ParameterForm::end_drag(const QString& undo_text) {
    const Parameter* p = find(std::exchange(m_drag_id, {}));
    const Json before = std::exchange(m_drag_old, Json());
    if (!p || before == m_values) return;
    const QString text = undo_text.isEmpty() ? change_text(*p, before.value(p->id, Json()), m_values[p->id]) : undo_text;
    push_step(before, text);
}

/// One undo step: every value that differs, so that what followed from a change goes back with it.
void ParameterForm::push_step(const Json& before, const QString& text) {
    if (!m_undo) return;
    Json back = Json::object(), forward = Json::object();
    for (const Parameter& p : m_declared)
        if (const Json old = before.value(p.id, Json()); old != m_values[p.id]) {
            back[p.id] = old;
            forward[p.id] = m_values[p.id];
        }
    m_undo->push(new KeptCommand(m_undo_target->name(), text, std::move(back), std::move(forward), true));
}

void ParameterForm::apply_from_undo(const Json& values) {
    if (!values.is_object()) return;
    m_drag_id.clear();
    Json next = m_values;
    for (const Parameter& p : m_declared)
        if (values.contains(p.id)) next[p.id] = values[p.id];
    for (const Parameter& p : m_declared) {
        if (!values.contains(p.id)) continue;
        try {
            next[p.id] = check_value(p, next[p.id], next, m_facts);
        } catch (const Error&) {
            next[p.id] = m_values[p.id];   // the step is of another session, and the declaration or the model has changed since
        }
    }
    take_over(next, false);
}

QStringList ParameterForm::set_values(const Json& values, const QString& undo_text) {
    QStringList skipped;
    Json next = m_values;
    for (const auto& [key, value] : values.items()) {
        const Parameter* p = find(QString::fromStdString(key));
        if (!p) {
            skipped << tr("%1: this method has no such parameter").arg(QString::fromStdString(key));
            continue;
        }
        next[key] = value;   // checked below, when the values that limits refer to are all in place
    }
    for (const Parameter& p : m_declared) {
        if (!values.contains(p.id)) continue;
        try {
            next[p.id] = check_value(p, next[p.id], next, m_facts);
        } catch (const Error& error) {
            skipped << QString::fromUtf8(error.what());
            next[p.id] = m_values[p.id];
        }
    }
    fit_dependents(m_declared, next, m_facts);
    if (next == m_values) return skipped;
    const Json before = m_values;
    take_over(next, false);
    push_step(before, undo_text);
    return skipped;
}

void ParameterForm::reset(const QString& id) {
    const Parameter* p = find(id);
    if (!p) return;
    set_error(id, {});
    const Json fallback = default_value(*p, m_values, m_facts);
    if (fallback == m_values[p->id]) return;
    set_values({{p->id, fallback}}, change_text(*p, m_values[p->id], fallback));
}

void ParameterForm::reset_all() {
    clear_errors();
    set_values(default_values(m_declared, m_facts), tr("Reset parameters"));
}

void ParameterForm::roll_unlocked_seeds() {
    for (ParameterRow* row : std::as_const(m_rows))
        if (auto* seed = qobject_cast<SeedEditor*>(row->editor()); seed && !seed->is_locked()) seed->roll();
}

void ParameterForm::set_folded(bool folded) {
    if (folded == m_folded) return;   // what the user folds or unfolds later stays
    m_folded = folded;
    m_fold_due = folded;
    if (!folded)
        for (ParameterGroup* group : m_body->findChildren<ParameterGroup*>()) group->set_folded(m_folded_groups.contains(group->name()));
    else if (isVisible()) QTimer::singleShot(0, this, &ParameterForm::fold_to_fit);
}

void ParameterForm::resizeEvent(QResizeEvent* event) {
    QScrollArea::resizeEvent(event);
    if (m_fold_due) QTimer::singleShot(0, this, &ParameterForm::fold_to_fit);
}

void ParameterForm::fold_to_fit() {
    if (!std::exchange(m_fold_due, false)) return;
    const QList<ParameterGroup*> groups = m_body->findChildren<ParameterGroup*>(Qt::FindDirectChildrenOnly);
    for (qsizetype i = groups.size(); i-- > 1;) {   // the first stays: an empty form helps nobody
        m_body->layout()->activate();
        if (m_body->sizeHint().height() <= viewport()->height()) return;
        groups[i]->set_folded(true);
    }
}

QStringList ParameterForm::command_line(bool all) const {
    QStringList arguments;
    for (const Parameter& p : m_declared)
        if (all || m_values[p.id] != default_value(p, m_values, m_facts))
            arguments << QStringLiteral("--set") << QString::fromStdString(p.id) + u'=' + QString::fromStdString(value_text(p, m_values[p.id]));
    return arguments;
}

void ParameterForm::set_external_editor(const QString& id, std::function<void(const Json&)> show_value) {
    const bool is_new = !m_external.contains(id);
    m_external.insert(id, {std::move(show_value)});
    if (is_new) rebuild();
    else refresh_row(id);
}

void ParameterForm::show_as_segments(const QString& id, bool with_label) {
    m_segments.insert(id, with_label);
    rebuild();
}

void ParameterForm::hide_row(const QString& id, bool hidden) {
    if (m_hidden.contains(id) == hidden) return;
    if (hidden) m_hidden << id;
    else m_hidden.removeAll(id);
    rebuild();
}

void ParameterForm::set_hint(const QString& id, const QString& text) {
    m_hints.insert(id, text);
    if (ParameterRow* row = m_rows.value(id)) row->set_hint(text);
}

void ParameterForm::fold_group(const QString& group) {
    if (m_folded_groups.contains(group)) return;
    m_folded_groups << group;
    for (ParameterGroup* shown : m_body->findChildren<ParameterGroup*>())
        if (shown->name() == group) shown->set_folded(true);
}

void ParameterForm::add_to_group(const QString& group, QWidget* extra) {
    m_extras.append({group, extra});
    rebuild();
}

void ParameterForm::set_error(const QString& id, const QString& text) {
    if (ParameterRow* row = m_rows.value(id)) row->set_error(text);
}

void ParameterForm::clear_errors() {
    for (ParameterRow* row : std::as_const(m_rows)) row->set_error({});
}

bool ParameterForm::has_errors() const {
    return std::any_of(m_rows.cbegin(), m_rows.cend(), [](const ParameterRow* row) { return row->has_error(); });
}

void ParameterForm::set_filter(const QString& text) {
    m_filter = text;
    apply_filter();
}

void ParameterForm::apply_filter() {
    for (const Parameter& p : m_declared) {
        ParameterRow* row = m_rows.value(QString::fromStdString(p.id));
        if (!row) continue;
        const auto holds = [this](const std::string& part) { return QString::fromStdString(part).contains(m_filter, Qt::CaseInsensitive); };
        row->setProperty("lathe_filtered", !m_filter.isEmpty() && !holds(p.label) && !holds(p.id) && !holds(p.help));
    }
    for (ParameterGroup* group : m_body->findChildren<ParameterGroup*>()) group->refresh(!m_filter.isEmpty());
}

void ParameterForm::schedule_live(const QString& id, bool dragging) {
    const Parameter* p = find(id);
    if (!p) return;
    if (!p->live) { Q_EMIT waiting(id); return; }
    m_live_id = id;
    m_rest.start();
    if (dragging && !m_during.isActive()) m_during.start();
}

}
