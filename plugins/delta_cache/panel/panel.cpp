#include "plugins/delta_cache/panel/panel.h"
#include "core/base/error.h"
#include "plugins/delta_cache/panel/cost_view.h"
#include "plugins/delta_cache/panel/history_view.h"
#include "plugins/delta_cache/panel/model_chooser.h"
#include "plugins/delta_cache/panel/roles_view.h"
#include "plugins/delta_cache/panel/schedule_view.h"
#include "viewers/image_compare.h"
#include "widgets/cache_map.h"
#include "widgets/dock_title.h"
#include "widgets/parameter_form.h"
#include "widgets/theme.h"
#include <QAction>
#include <QCursor>
#include <QInputDialog>
#include <QMenu>
#include <QUndoStack>
#include <QVBoxLayout>
#include <cmath>

namespace lathe::delta_cache {
namespace {
constexpr int kStateVersion = 1;
}

Panel::Panel(PanelContext& context, QWidget* parent)
    : MethodPanel(context, "delta_cache.sample", kStateVersion, parent), m_title(new DockTitle(tr("Images"), {}, this)), m_images(new ImageCompareViewer(this)), m_model(new ModelChooser), m_schedule(new ScheduleView),
      m_cost(new CostView), m_roles(new RolesView), m_history(new HistoryView), m_compare(new CompareRows), m_target(new TargetRow), m_preset_rows(new PresetRows) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_title);
    auto* bar = new QWidget(this);
    auto* bar_row = new QVBoxLayout(bar);
    bar_row->setContentsMargins(12, 4, 8, 4);
    bar_row->addWidget(m_images->tool_bar());
    column->addWidget(bar);
    column->addWidget(m_images, 1);
    m_images->set_empty_text(m_model->path().isEmpty() ? tr("No model yet. Open a model to see what a block cache does to its images.") : tr("Press Run, or move a live control, to draw the first image."));
    build_parameters();
    build_docks();
    build_actions();

    connect(&context, &PanelContext::model_dropped, m_model, &ModelChooser::choose);
    connect(&context, &PanelContext::data_dropped, this, [this](const QString& path) {
        m_context.show_message(QStringLiteral("info"), tr("This workspace draws images and needs no data set."), path, tr("Drop a DiT checkpoint here; data sets belong to training."));
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        m_laid_out_images = false;
        show_images();
    });

    connect(m_images, &ImageCompareViewer::step_requested, this, &Panel::go_to_step);
    connect(m_images, &ImageCompareViewer::pin_requested, this, &Panel::pin);
    connect(m_images, &ImageCompareViewer::view_changed, this, &Panel::save_soon);
    connect(m_images, &ImageCompareViewer::copy_command_line_requested, this, &Panel::copy_command_line);
    connect(m_schedule, &ScheduleView::painted, this, &Panel::map_painted);
    connect(m_schedule, &ScheduleView::step_chosen, this, &Panel::go_to_step);
    connect(m_roles, &RolesView::study_requested, this, &Panel::run_study);
    connect(m_roles, &RolesView::window_chosen, this, &Panel::paint_rows);
    connect(m_history, &HistoryView::chosen, this, &Panel::choose_result);
    connect(m_history, &HistoryView::pin_requested, this, &Panel::pin);
    connect(m_history, &HistoryView::note_changed, this, &Panel::save_soon);
    connect(m_model, &ModelChooser::chosen, this, [this] {
        m_facts = {};
        save_soon();
        describe();
    });
    begin();
}

Panel::~Panel() = default;

void Panel::build_parameters() {
    m_form->set_external_editor(QStringLiteral("cache.map"), {});   // the map is its editor; it follows parameters_changed()
    m_form->show_as_segments(QStringLiteral("cache.mode"), false);
    m_form->add_to_group(tr("Caching"), m_target);
    m_form->add_to_group(tr("Compare"), m_compare);
    m_form->add_to_group(tr("Presets"), m_preset_rows);
    connect(m_target, &TargetRow::edited, this, &Panel::use_target);
    connect(m_preset_rows, &PresetRows::chosen, this, &Panel::use_preset);
    connect(m_preset_rows, &PresetRows::save_requested, this, &Panel::save_preset);
    connect(m_compare, &CompareRows::control_toggled, this, [this](bool on) {
        m_laid_out_images = false;
        save_soon();
        if (on) {
            send_control();
        } else {
            m_control.reset();
            m_compare->set_control_speedup(std::nan(""));
            show_soon();
        }
    });
}

void Panel::build_docks() {
    m_context.set_bar(m_model);
    m_context.add_dock(m_form, QStringLiteral("parameters"), tr("Parameters"), QStringLiteral("delta_cache.sample"), DockSide::left, 288);
    m_context.add_dock(m_schedule, QStringLiteral("schedule"), tr("Schedule"), tr("drag to paint, right-drag to clear, Shift for a rectangle"), DockSide::bottom, 460);
    m_context.add_dock(m_cost, QStringLiteral("cost"), tr("Cost and quality"), {}, DockSide::right, 304);
    m_context.add_dock(m_roles, QStringLiteral("roles"), tr("Block roles"), tr("which blocks carry what"), DockSide::right, 304);
    m_context.add_dock(m_history, QStringLiteral("history"), tr("Live history"), {}, DockSide::right, 304);
}

void Panel::build_actions() {
    add_action(QStringLiteral("presets"), tr("Presets"), QStringLiteral("preset"), tr("Caching schedules by name"), [this] {
        QMenu menu(this);
        const QList<Preset> all = presets();
        for (int i = 0; i < all.size(); ++i) menu.addAction(tr("%1   %2 ×").arg(all[i].name).arg(all[i].speedup, 0, 'f', 2), this, [this, i] { use_preset(i); });
        menu.addSeparator();
        menu.addAction(tr("Save this one…"), this, &Panel::save_preset);
        menu.exec(QCursor::pos());
    });
    add_action(QStringLiteral("copy_command_line"), tr("Copy as command line"), QStringLiteral("terminal"), {}, [this] { copy_command_line(); });
    add_action(QStringLiteral("study"), tr("Study block roles"), {}, {}, [this] { run_study(); });
    add_action(QStringLiteral("clear_map"), tr("Clear the map"), {}, {}, [this] { m_schedule->map()->clear_all(); });
}

// --- parameters

int Panel::steps() const {
    const Json value = m_form->value(QStringLiteral("steps"));
    return value.is_number() ? std::clamp(value.get<int>(), 1, 1000) : 20;
}

int Panel::depth() const { return m_facts.is_object() ? std::clamp(m_facts.value("depth", 12), 1, 1000) : 12; }

Schedule Panel::current_schedule() const { return schedule_of(m_form->values(), steps(), depth()); }

QString Panel::policy_name(const Json& params) const {
    const std::string policy = params.value("policy", "none");
    return policy == "none" ? tr("No cache") : policy == "feature" ? tr("Feature cache") : policy == "painted" ? tr("Painted map") : tr("Δ-Cache");
}

void Panel::parameters_changed() {
    m_form->clear_errors();
    const Schedule schedule = current_schedule();
    if (!m_painting) m_schedule->show_schedule(schedule);
    m_cost->show_prediction(schedule);
    m_compare->set_this(policy_name(m_form->values()), schedule.speedup());
    m_form->set_hint(QStringLiteral("cache.count"), tr("of %1").arg(depth()));
    const int interval = m_form->value(QStringLiteral("cache.interval")).is_number() ? m_form->value(QStringLiteral("cache.interval")).get<int>() : 2;
    const int blocks = blocks_for_speedup(m_target->target(), interval, steps(), depth());
    m_target->set_answer(blocks > depth() ? tr("at most %1 × with N = %2").arg(most_speedup(interval, steps()), 0, 'f', 2).arg(interval) : tr("gives Nc = %1").arg(blocks), blocks <= depth());
    m_preset_rows->set_presets(presets());
    show_stale();
    if (!m_fitting) save_soon();
}

/// A stroke is one edit of the parameter. On a map that came from a rule it becomes one when the stroke ends: then the policy changes with it.
void Panel::map_painted(bool dragging) {
    const Json grid = m_schedule->map()->grid();
    const bool is_painted = m_form->values().value("policy", "") == "painted";
    m_painting = dragging;
    try {
        if (is_painted) m_form->edit(QStringLiteral("cache.map"), grid, dragging, tr("Paint the map"));
        else if (!dragging) m_form->set_values({{"policy", "painted"}, {"cache.map", grid}}, tr("Paint the map"));
    } catch (const Error& error) {
        tell(error);
    }
}

/// Blocks of a window of the study, cached at every second step.
void Panel::paint_rows(int first, int end) {
    m_form->set_values({{"policy", "delta"}, {"cache.mode", "range"}, {"cache.range", {first, std::min(end, depth())}}}, tr("Cache blocks %1 to %2").arg(first).arg(end - 1));
}

void Panel::use_target(double target) {
    const Json interval = m_form->value(QStringLiteral("cache.interval"));
    const int blocks = blocks_for_speedup(target, interval.is_number() ? interval.get<int>() : 2, steps(), depth());
    if (blocks >= 0 && blocks <= depth()) m_form->set_values({{"policy", "delta"}, {"cache.mode", "stage"}, {"cache.count", blocks}}, tr("Target %1 ×").arg(target, 0, 'f', 2));
    parameters_changed();
}

QList<Preset> Panel::presets() const {
    QList<Preset> all;
    const auto rule = [&](const QString& name, int interval, int count, int change) {
        Json params{{"policy", "delta"}, {"cache.mode", "stage"}, {"cache.interval", interval}, {"cache.count", count}, {"cache.switch", change}};
        Json whole = m_form->values();
        whole.update(params);
        all << Preset{name, params, schedule_of(whole, steps(), depth()).speedup()};
    };
    const int three_quarters = depth() * 3 / 4, most = depth() * 5 / 6, half = steps() / 2, two_fifths = steps() * 2 / 5;
    rule(tr("Δ-DiT N=2, Nc=%1, b=%2").arg(three_quarters).arg(half), 2, three_quarters, half);
    rule(tr("Δ-DiT N=3, Nc=%1, b=%2").arg(most).arg(two_fifths), 3, most, two_fifths);
    rule(tr("Front only (detail stage)"), 2, three_quarters, 0);
    for (const Preset& preset : m_saved) {
        Json whole = m_form->values();
        whole.update(preset.params);
        all << Preset{preset.name, preset.params, schedule_of(whole, steps(), depth()).speedup()};
    }
    return all;
}

void Panel::use_preset(int index) {
    const Preset preset = presets().value(index);
    if (preset.params.is_object()) m_form->set_values(preset.params, tr("Preset %1").arg(preset.name));
}

void Panel::save_preset() {
    bool ok = false;
    const QString name = QInputDialog::getText(window(), tr("Save preset"), tr("Name"), QLineEdit::Normal, tr("Map of %1 ×").arg(current_schedule().speedup(), 0, 'f', 2), &ok).trimmed();
    if (!ok || name.isEmpty()) return;
    Json params = Json::object();
    for (const auto& [key, value] : m_form->values().items())
        if (key == "policy" || key.starts_with("cache.")) params[key] = value;
    m_saved << Preset{name, params, 1};
    m_preset_rows->set_presets(presets());
    save_soon();
}

}
