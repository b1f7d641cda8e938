#include "app/gui/run_columns.h"
#include "app/gui/job_list.h"
#include "app/gui/text.h"
#include "widgets/run_delegate.h"
#include "widgets/theme.h"
#include <QCoreApplication>
#include <cmath>
#include <limits>
#include <tuple>

namespace lathe {
namespace {
struct RunColumnTexts { Q_DECLARE_TR_FUNCTIONS(Runs) };

struct FixedColumn { RunColumn::Kind kind; const char *id, *label, *sort; };
const FixedColumn kFixed[] = {
    {RunColumn::swatch, "swatch", "", ""},
    {RunColumn::number, "run", QT_TRANSLATE_NOOP("Runs", "Run"), "id"},
    {RunColumn::title, "title", QT_TRANSLATE_NOOP("Runs", "Name"), "title"},
    {RunColumn::state, "state", QT_TRANSLATE_NOOP("Runs", "Status"), "state"},
    {RunColumn::method, "method", QT_TRANSLATE_NOOP("Runs", "Method"), "method"},
    {RunColumn::seed, "seed", QT_TRANSLATE_NOOP("Runs", "Seed"), "seed"},
    {RunColumn::tags, "tags", QT_TRANSLATE_NOOP("Runs", "Tags"), "tags"},
    {RunColumn::started, "started", QT_TRANSLATE_NOOP("Runs", "Started"), "started"},
    {RunColumn::seconds, "seconds", QT_TRANSLATE_NOOP("Runs", "Time"), "duration"},
    {RunColumn::device, "device", QT_TRANSLATE_NOOP("Runs", "Device"), "device"},
    {RunColumn::engine, "engine", QT_TRANSLATE_NOOP("Runs", "Engine"), "engine"},
    {RunColumn::notes, "notes", QT_TRANSLATE_NOOP("Runs", "Notes"), "notes"},
};
const FixedColumn& fixed(RunColumn::Kind kind) {
    for (const FixedColumn& column : kFixed)
        if (column.kind == kind) return column;
    return kFixed[1];
}

/// The value at a dotted path: "cache.interval" may be a key of its own or an object's member.
const Json* at_path(const Json& params, const std::string& path) {
    if (!params.is_object()) return nullptr;
    if (const auto found = params.find(path); found != params.end()) return &*found;
    const Json* node = &params;
    std::size_t begin = 0;
    while (begin <= path.size()) {
        const std::size_t end = std::min(path.find('.', begin), path.size());
        if (!node->is_object()) return nullptr;
        const auto found = node->find(path.substr(begin, end - begin));
        if (found == node->end()) return nullptr;
        node = &*found;
        begin = end + 1;
    }
    return node;
}

QString parameter_text(const Json* value) {
    if (!value || value->is_null()) return QStringLiteral("–");
    if (value->is_boolean()) return value->get<bool>() ? RunColumnTexts::tr("yes") : RunColumnTexts::tr("no");
    if (value->is_object()) return RunColumnTexts::tr("table");
    QString text = qs(value_text(*value));
    return text.size() > 40 ? text.left(39) + u'…' : text;
}

struct StateLook { const char *icon, *tone; };
StateLook look_of(RunState state) {
    switch (state) {
    case RunState::queued: return {"clock", ""};
    case RunState::running: return {"wave", "accent"};
    case RunState::paused: return {"pause", ""};
    case RunState::finished: return {"check", "ok"};
    case RunState::failed: return {"error", "err"};
    case RunState::cancelled: return {"cancel", ""};
    case RunState::interrupted: return {"warning", "warn"};
    }
    return {"", ""};
}

QString state_text(const ListedRun& entry, const JobList* jobs) {
    if (entry.run.state == RunState::running && jobs)
        if (const Job* job = jobs->find(qs(entry.run.uuid)); job && job->total > 0)
            return RunColumnTexts::tr("step %1 of %2").arg(job->done).arg(job->total);
    return QCoreApplication::translate("RunState", std::string(name(entry.run.state)).c_str());
}

QString error_text(const RunRow& run) {
    if (!run.error.is_object()) return {};
    QString text;
    for (const char* key : {"what", "where", "hint"})
        if (const auto found = run.error.find(key); found != run.error.end() && found->is_string() && !found->get_ref<const std::string&>().empty()) text += (text.isEmpty() ? "" : "\n") + qs(found->get<std::string>());
    return text;
}

double value_of(const ListedRun& entry, const RunColumn& column) {
    const double none = std::numeric_limits<double>::quiet_NaN();
    if (column.kind == RunColumn::seconds) return run_seconds(entry.run);
    if (column.kind != RunColumn::metric) return none;
    const auto found = entry.metrics.find(column.key);
    return found == entry.metrics.end() ? none : found->second.last;
}

QVariant figure_cell(const ListedRun& entry, const RunColumn& column, int decimals, int role, const CellContext& context) {
    const double value = value_of(entry, column);
    const bool known = column.kind == RunColumn::seconds ? !std::isnan(value) : entry.metrics.contains(column.key);
    if (role == Qt::DisplayRole) return known ? figure(value, decimals) : QString();
    if (role != run_role::Delta && role != run_role::DeltaTone) return {};
    if (!context.baseline || context.baseline->run.id == entry.run.id || !std::isfinite(value) || column.kind == RunColumn::seconds) return {};
    const double base = value_of(*context.baseline, column);
    if (!std::isfinite(base)) return {};
    const double difference = value - base;
    const double shown = context.percent ? (base != 0 ? 100 * difference / std::abs(base) : std::numeric_limits<double>::quiet_NaN()) : difference;
    if (std::isnan(shown)) return {};
    const int places = context.percent ? 1 : decimals;
    const bool is_zero = std::abs(shown) < 0.5 * std::pow(10.0, -places);
    if (role == run_role::Delta) return is_zero ? QStringLiteral("0") : (shown > 0 ? QStringLiteral("+") : QString()) + figure(shown, places) + (context.percent ? QStringLiteral(" %") : QString());
    if (is_zero || column.better.isEmpty()) return QString();
    return (column.better == u"higher") == (difference > 0) ? QStringLiteral("ok") : QStringLiteral("err");
}
}

QString RunColumn::id() const {
    if (kind == parameter) return QStringLiteral("param.") + qs(key);
    if (kind == metric) return QStringLiteral("metric.") + qs(key);
    return QLatin1String(fixed(kind).id);
}

std::string RunColumn::sort_name() const {
    if (kind == parameter) return "param." + key;
    if (kind == metric) return "metric." + key;
    return fixed(kind).sort;
}

int RunColours::index(RunId run) {
    if (const auto found = m_index.constFind(run); found != m_index.cend()) return *found;
    int free = 0;
    const QList<int> taken = m_index.values();
    while (taken.contains(free)) ++free;
    m_index.insert(run, free);
    return free;
}

std::optional<int> RunColours::find(RunId run) const {
    const auto found = m_index.constFind(run);
    return found == m_index.cend() ? std::nullopt : std::optional<int>(*found);
}

void RunColours::keep_only(const QList<RunId>& runs) {
    m_index.removeIf([&](const QHash<RunId, int>::iterator& entry) { return !runs.contains(entry.key()); });
}

QColor RunColours::colour(RunId run) const {
    const auto found = find(run);
    return found ? series_colour(*found) : QColor();
}

RunColumn fixed_column(RunColumn::Kind kind) {
    RunColumn column;
    column.kind = kind;
    column.label = RunColumnTexts::tr(fixed(kind).label);
    if (kind == RunColumn::swatch) column.label = QString();
    if (kind == RunColumn::seconds) column.unit = QStringLiteral("s");
    return column;
}

RunColumn parameter_column(const std::string& path, const Catalogue& catalogue) {
    RunColumn column;
    column.kind = RunColumn::parameter;
    column.key = path;
    column.label = qs(path);
    for (const MethodInfo& method : catalogue.methods)
        for (const Parameter& parameter : method.parameters)
            if (parameter.id == path && !parameter.label.empty()) {
                column.label = qs(parameter.label);
                column.help = qs(parameter.help);
                return column;
            }
    return column;
}

RunColumn metric_column(const std::string& key, const MetricSummary* known, const Catalogue& catalogue) {
    RunColumn column;
    column.kind = RunColumn::metric;
    column.key = key;
    column.label = qs(key);
    for (const MethodInfo& method : catalogue.methods)
        for (const OutputInfo& output : method.outputs)
            if (output.key == key) {
                if (!output.label.empty()) column.label = qs(output.label);
                column.unit = qs(output.unit);
                column.better = qs(output.better);
            }
    if (known) {
        if (column.unit.isEmpty()) column.unit = qs(known->unit);
        if (column.better.isEmpty()) column.better = qs(known->better);
    }
    return column;
}

std::optional<RunColumn> column_named(const std::string& id, const Catalogue& catalogue) {
    if (id.starts_with("param.")) return parameter_column(id.substr(6), catalogue);
    if (id.starts_with("metric.")) return metric_column(id.substr(7), nullptr, catalogue);
    for (const FixedColumn& column : kFixed)
        if (id == column.id) return fixed_column(column.kind);
    return std::nullopt;
}

std::vector<RunColumn> default_columns(const std::vector<ListedRun>& entries, const Catalogue& catalogue) {
    std::vector<RunColumn> columns;
    for (const auto kind : {RunColumn::swatch, RunColumn::number, RunColumn::title, RunColumn::state}) columns.push_back(fixed_column(kind));
    std::map<std::string, std::pair<std::string, int>> first;   // path -> first text, number of different ones
    std::map<std::string, int> metric_count;
    std::map<std::string, const MetricSummary*> metric_info;
    bool has_methods = false;
    for (const ListedRun& entry : entries) {
        if (entry.run.method != entries.front().run.method) has_methods = true;
        if (entry.run.params.is_object())
            for (const auto& [path, value] : entry.run.params.items()) {
                if (value.is_object() || (value.is_array() && value.size() > 4)) continue;
                const std::string text = value_text(value);
                const auto [known, is_new] = first.try_emplace(path, text, 1);
                if (!is_new && known->second.first != text) ++known->second.second;
            }
        for (const auto& [key, summary] : entry.metrics) {
            ++metric_count[key];
            metric_info[key] = &summary;
        }
    }
    if (has_methods) columns.push_back(fixed_column(RunColumn::method));
    int shown = 0;
    for (const auto& [path, info] : first)
        if (info.second > 1 && path != "seed" && shown < 4) {
            columns.push_back(parameter_column(path, catalogue));
            ++shown;
        }
    // What most runs have comes first; among those what a method declares, in its order.
    std::vector<std::tuple<int, int, std::string>> order;
    for (const auto& [key, count] : metric_count) {
        int place = 1000, at = 0;
        for (const MethodInfo& method : catalogue.methods)
            for (const OutputInfo& output : method.outputs) {
                if (output.key == key) place = std::min(place, at + (output.better.empty() ? 500 : 0));
                ++at;
            }
        order.emplace_back(-count, place, key);
    }
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size() && i < 4; ++i) columns.push_back(metric_column(std::get<2>(order[i]), metric_info[std::get<2>(order[i])], catalogue));
    for (const auto kind : {RunColumn::seconds, RunColumn::tags, RunColumn::started}) columns.push_back(fixed_column(kind));
    return columns;
}

QString run_number(RunId id) { return QStringLiteral("#%1").arg(id, 4, 10, QLatin1Char('0')); }

double run_seconds(const RunRow& run) {
    if (run.environment.is_object())
        if (const auto found = run.environment.find("seconds"); found != run.environment.end() && found->is_number()) return found->get<double>();
    if (run.started > 0 && run.finished >= run.started) return double(run.finished - run.started) / 1000;
    return std::numeric_limits<double>::quiet_NaN();
}

QString short_time(double seconds) { return std::isnan(seconds) ? QString() : figure(seconds, seconds < 10 ? 2 : seconds < 100 ? 1 : 0); }

int decimals_for(const std::vector<double>& values) {
    double largest = 0;
    bool whole = true;
    for (const double value : values)
        if (std::isfinite(value)) {
            largest = std::max(largest, std::abs(value));
            whole = whole && value == std::floor(value);
        }
    if (whole && largest > 1) return 0;
    return largest >= 1000 ? 0 : largest >= 10 ? 1 : largest > 1 ? 2 : largest >= 0.1 ? 3 : largest >= 0.01 ? 4 : 6;
}

QString figure(double value, int decimals) {
    if (std::isnan(value)) return QStringLiteral("NaN");
    if (std::isinf(value)) return value > 0 ? QStringLiteral("∞") : QStringLiteral("−∞");
    QString text = QString::number(std::abs(value), 'f', decimals);
    const qsizetype point = text.indexOf(u'.'), whole = point < 0 ? text.size() : point;
    for (qsizetype i = whole - 3; i > 0; i -= 3) text.insert(i, QChar(0x202F));
    const bool is_zero = std::abs(value) < 0.5 * std::pow(10.0, -decimals);
    return value < 0 && !is_zero ? u'−' + text : text;
}

QVariant cell(const ListedRun& entry, const RunColumn& column, int decimals, int role, const CellContext& context) {
    const RunRow& run = entry.run;
    if (role == Qt::TextAlignmentRole) return QVariant((column.is_figure() && column.kind != RunColumn::number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole) {
        if (column.kind == RunColumn::state) return error_text(run);
        if (!run.damage.empty()) return qs(run.damage);
        if (column.kind == RunColumn::title) return qs(run.notes);
        if (column.kind == RunColumn::parameter)
            if (const Json* value = at_path(run.params, column.key); value && !value->is_object()) return qs(value_text(*value)).left(400);
        return {};
    }
    switch (column.kind) {
    case RunColumn::swatch:
        if (role == run_role::Swatch && context.compared && context.compared->contains(run.id) && context.colours)
            if (const QColor colour = context.colours->colour(run.id); colour.isValid()) return colour;
        if (role == Qt::AccessibleTextRole) return context.compared && context.compared->contains(run.id) ? RunColumnTexts::tr("compared") : QString();
        return {};
    case RunColumn::number: return role == Qt::DisplayRole ? QVariant(run_number(run.id)) : role == Qt::ForegroundRole ? QVariant(Theme::instance().colours().text2) : QVariant();
    case RunColumn::title: {
        const bool is_baseline = context.baseline && context.baseline->run.id == run.id;
        if (role == Qt::DisplayRole) return run.title.empty() ? qs(run.method) : qs(run.title);
        if (role == Qt::EditRole) return qs(run.title);
        if (role == Qt::FontRole && is_baseline) return Theme::instance().font(12, true);
        if (role == run_role::Pin) return run.pinned || is_baseline;
        if (role == run_role::Hint && is_baseline) return RunColumnTexts::tr("baseline");
        return {};
    }
    case RunColumn::state:
        if (role == Qt::DisplayRole) return state_text(entry, context.jobs);
        if (role == run_role::Icon) return QLatin1String(look_of(run.state).icon);
        if (role == run_role::IconTone) return QLatin1String(look_of(run.state).tone);
        return {};
    case RunColumn::seconds:
        if (role == Qt::DisplayRole) return short_time(run_seconds(run));
        return {};
    case RunColumn::metric: return figure_cell(entry, column, decimals, role, context);
    default: break;
    }
    if (role == Qt::ForegroundRole && (column.kind == RunColumn::tags || column.kind == RunColumn::started)) return Theme::instance().colours().text2;
    if (role != Qt::DisplayRole) return {};
    switch (column.kind) {
    case RunColumn::method: return qs(run.method);
    case RunColumn::seed: return qlonglong(run.seed);
    case RunColumn::tags: {
        QStringList tags;
        for (const std::string& tag : run.tags) tags << qs(tag);
        return tags.join(QStringLiteral(", "));
    }
    case RunColumn::started: return clock_text(run.started ? run.started : run.created);
    case RunColumn::device: return qs(run.device);
    case RunColumn::engine: return qs(run.engine);
    case RunColumn::notes: return qs(run.notes).section(u'\n', 0, 0);
    case RunColumn::parameter: return parameter_text(at_path(run.params, column.key));
    default: return {};
    }
}

}
