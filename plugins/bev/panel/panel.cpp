#include "plugins/bev/panel/panel.h"
#include "core/base/error.h"
#include "plugins/bev/panel/ablation_view.h"
#include "plugins/bev/panel/bev_map.h"
#include "plugins/bev/panel/cameras_view.h"
#include "plugins/bev/panel/coverage_view.h"
#include "plugins/bev/panel/inspector.h"
#include "plugins/bev/panel/scene_dock.h"
#include "plugins/bev/panel/side_rows.h"
#include "plugins/bev/panel/source_bar.h"
#include "plugins/bev/panel/timeline.h"
#include "widgets/asset_chooser.h"
#include "widgets/dock_title.h"
#include "widgets/kept_view.h"
#include "widgets/parameter_form.h"
#include "widgets/segmented_control.h"
#include "widgets/small_widgets.h"
#include "widgets/theme.h"
#include <QAction>
#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QStackedWidget>
#include <QUndoStack>
#include <QVBoxLayout>

namespace lathe::bev {
namespace {
constexpr int kBevStateVersion = 1;
}

Panel::Panel(PanelContext& context, QWidget* parent)
    : MethodPanel(context, "bev.detect", kBevStateVersion, parent), m_source(new SourceBar), m_title(new DockTitle(tr("Cameras"), tr("ring layout, linked zoom"), this)), m_centre(new QStackedWidget(this)),
      m_empty(new EmptyState(QStringLiteral("camera"), tr("No data set yet. Open a folder in the nuScenes layout, or make up drives through streets with exact truth (about two minutes)."), tr("Make street drives"), this)),
      m_cameras(new CamerasView(this)), m_calibration(new CalibrationRows), m_detections(new DetectionRows), m_classes(new ClassRows), m_scene(new SceneDock), m_map(new BevMap),
      m_inspector(new Inspector), m_coverage(new CoverageView), m_ablation(new AblationView), m_timeline(new Timeline) {
    build_centre();
    build_parameters();
    build_docks();
    build_actions();

    connect(&context, &PanelContext::model_dropped, this, [this](const QString& path) { m_source->model()->choose(path); });
    connect(&context, &PanelContext::data_dropped, this, [this](const QString& path) { m_source->data()->choose(path); });
    connect(&Theme::instance(), &Theme::changed, this, &Panel::show_now);

    connect(m_source, &SourceBar::source_changed, this, &Panel::source_changed);
    connect(m_source, &SourceBar::drive_chosen, this, [this](const QString& name) { m_form->set_values({{"split", name.toStdString()}, {"sample", 0}}, tr("Drive %1").arg(name)); });
    connect(m_timeline, &Timeline::chosen, this, &Panel::choose_moment);
    connect(m_cameras, &CamerasView::object_picked, this, &Panel::pick_object);
    connect(m_cameras, &CamerasView::pixel_picked, this, &Panel::pick_pixel);
    connect(m_cameras, &CamerasView::current_changed, this, [this](int camera) {
        if (m_frame && camera < int(m_frame->cameras.size())) m_calibration->choose_camera(m_frame->cameras[std::size_t(camera)].channel);
    });
    connect(m_map, &BevMap::object_picked, this, &Panel::pick_object);
    connect(m_map, &BevMap::ground_picked, this, &Panel::pick_ground);
    connect(m_scene, &SceneDock::object_picked, this, &Panel::pick_object);
    connect(m_scene, &SceneDock::voxel_picked, this, &Panel::pick_voxel);
    connect(m_scene, &SceneDock::nothing_picked, this, [this] { select({}); });
    connect(m_scene, &SceneDock::parameter_chosen, this, [this](const QString& id, int value) {
        m_form->set_values({{id.toStdString(), value}}, id == u"show_channel" ? tr("Channel %1").arg(value) : tr("Frame %1").arg(value));
        if (is_live()) send_live();
    });
    connect(m_scene, &SceneDock::view_changed, this, &Panel::save_soon);
    connect(m_ablation, &AblationView::run_requested, this, &Panel::run_ablation);
    connect(m_empty, &EmptyState::button_clicked, this, &Panel::make_street);
    begin();
    show_centre();
}

Panel::~Panel() = default;

void Panel::hideEvent(QHideEvent* event) {
    m_timeline->set_playing(false);
    MethodPanel::hideEvent(event);
}

void Panel::build_centre() {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_title);
    column->addWidget(m_centre, 1);
    m_centre->addWidget(m_empty);
    m_centre->addWidget(m_cameras);
}

void Panel::build_parameters() {
    m_scene->set_undo_stack(m_context.undo_stack());
    for (const char* elsewhere : {"split", "sample", "calibration", "voxel"}) m_form->set_external_editor(QString::fromLatin1(elsewhere), {});   // timeline, rows below, inspector: they follow parameters_changed()
    m_form->add_to_group(tr("Calibration"), m_calibration);
    m_form->add_to_group(tr("Detections"), m_detections);
    m_form->add_to_group(tr("Classes"), m_classes);
    connect(m_calibration, &CalibrationRows::edited, this, [this](const Json& table, bool dragging, const QString& text) {
        try {
            m_form->edit(QStringLiteral("calibration"), table, dragging, text);
        } catch (const Error& error) {
            tell(error);
        }
    });
    m_kept_shown = new KeptView(QStringLiteral("view.bev.shown"), [this] { return to_json(m_shown); }, [this](const Json& kept) { show(shown_from(kept)); }, this);
    m_kept_shown->set_undo_stack(m_context.undo_stack());
    connect(m_detections, &DetectionRows::changed, this, [this](const QString& text, bool dragging) {
        Shown next = m_detections->shown();
        next.classes = m_shown.classes;
        show(next);
        m_kept_shown->edited(text, dragging);
    });
    connect(m_classes, &ClassRows::toggled, this, [this](int label, bool on) {
        Shown next = m_shown;
        next.classes[std::size_t(label)] = on;
        show(next);
        m_kept_shown->edited(on ? tr("Show %1").arg(class_names()[label]) : tr("Hide %1").arg(class_names()[label]));
    });
}

void Panel::build_docks() {
    m_context.set_bar(m_source);
    m_context.add_dock(m_form, QStringLiteral("parameters"), tr("Parameters"), QStringLiteral("bev.detect"), DockSide::left, 316);
    m_context.add_dock(m_scene, QStringLiteral("scene"), tr("Scene"), {}, DockSide::centre, 400);
    auto* map = new QWidget;
    auto* column = new QVBoxLayout(map);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* content = new QComboBox;
    content->setAccessibleName(tr("What the map shows"));
    content->addItem(tr("Largest class score"), int(BevMap::all_classes));
    for (int i = 0; i < class_names().size(); ++i) content->addItem(tr("Score of %1").arg(class_names()[i]), i);
    content->addItem(tr("Length of the BEV feature"), int(BevMap::feature));
    content->addItem(tr("Winning camera"), int(BevMap::camera));
    auto* bar = new QWidget;
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(12, 4, 12, 4);
    row->addWidget(content);
    row->addStretch(1);
    column->addWidget(bar);
    column->addWidget(m_map, 1);
    connect(content, &QComboBox::currentIndexChanged, this, [this, content] { m_map->set_content(content->currentData().toInt()); });
    m_context.add_dock(map, QStringLiteral("map"), tr("Bird's-eye map"), tr("forward is up"), DockSide::right, 440);
    auto* details = new QWidget;
    auto* parts = new QVBoxLayout(details);
    parts->setContentsMargins(0, 0, 0, 0);
    parts->setSpacing(0);
    auto* tabs = new SegmentedControl({tr("Inspector"), tr("Coverage"), tr("Ablation bench")});
    tabs->set_tool_size(true);
    tabs->set_current(0);
    auto* tab_row = new QHBoxLayout;
    tab_row->setContentsMargins(12, 6, 12, 0);
    tab_row->addWidget(tabs);
    tab_row->addStretch(1);
    parts->addLayout(tab_row);
    auto* pages = new QStackedWidget;
    for (QWidget* page : {static_cast<QWidget*>(m_inspector), static_cast<QWidget*>(m_coverage), static_cast<QWidget*>(m_ablation)}) pages->addWidget(page);
    parts->addWidget(pages, 1);
    connect(tabs, &SegmentedControl::chosen, pages, &QStackedWidget::setCurrentIndex);
    m_context.add_dock(details, QStringLiteral("details"), tr("Details"), tr("click a cell, a box or a pixel"), DockSide::right, 440);
    m_context.add_dock(m_timeline, QStringLiteral("timeline"), tr("Timeline"), {}, DockSide::bottom, 92);
}

void Panel::build_actions() {
    add_action(QStringLiteral("layers"), tr("Layers"), QStringLiteral("layers"), tr("What the scene shows"), [this] { m_scene->show_layer_menu(); });
    add_action(QStringLiteral("views"), tr("Views"), QStringLiteral("camera"), tr("Camera places of the scene, and bookmarks"), [this] { m_scene->show_view_menu(); });
    add_action(QStringLiteral("export_results"), tr("Export results…"), QStringLiteral("export"), tr("Boxes as JSON, tables as CSV, every view as PNG"), [this] { export_results(); });
    add_action(QStringLiteral("copy_command_line"), tr("Copy as command line"), {}, {}, [this] { copy_command_line(); });
    add_action(QStringLiteral("make_street"), tr("Make street drives"), {}, tr("A made-up data set with exact truth"), [this] { make_street(); });
    add_action(QStringLiteral("next_frame"), tr("Next key frame"), {}, {}, [this] { m_timeline->step(1); });
    add_action(QStringLiteral("previous_frame"), tr("Key frame before"), {}, {}, [this] { m_timeline->step(-1); });
}

void Panel::catalogue_taken() {
    if (const MethodInfo* ablation = m_context.catalogue().find("bev.ablation"))
        for (const Parameter& parameter : ablation->parameters)
            if (parameter.id == "axes") m_ablation->set_axes(texts_of(parameter.default_value));
}

// --- parameters and sources

void Panel::parameters_changed() {
    m_form->clear_errors();
    const Json& values = m_form->values();
    m_calibration->set_value(values.value("calibration", Json()));
    if (values.contains("split") && values["split"].is_string() && values.contains("sample") && values["sample"].is_number()) show_drive(QString::fromStdString(values["split"].get<std::string>()), values["sample"].get<int>());
    m_scene->set_channel_and_frame(values.value("show_channel", -1), values.value("show_frame", 0));
    show_stale();
    save_soon();
}

void Panel::source_changed() {
    m_facts = {};
    save_soon();
    show_centre();
    show_stale();
    describe();
}

void Panel::take_facts(const Json& summary) {
    m_facts = summary;
    m_source->set_facts(summary);
    m_calibration->set_cameras(m_source->cameras());
    m_scene->set_frame_count(summary.value("model", Json::object()).value("frames", 1));
    const Json split = m_form->value(QStringLiteral("split"));
    const QString chosen = split.is_string() ? QString::fromStdString(split.get<std::string>()) : QString();
    if (m_source->find(chosen)) {
        m_source->choose_drive(chosen);
    } else if (!m_source->drive().isEmpty()) {   // "val" of the declaration, or a drive of another data set
        without_undo([this] { m_form->set_values({{"split", m_source->drive().toStdString()}, {"sample", 0}}, {}); });
    }
    parameters_changed();
    if (std::exchange(m_live_waits, false) || (is_live() && !m_coming && (!m_frame || is_stale()))) send_live();
}

void Panel::show_drive(const QString& name, int sample) {
    const Drive* drive = m_source->find(name);
    m_timeline->set_times(drive ? drive->times : QList<double>());
    m_timeline->track()->set_current(sample);
    if (drive) m_source->choose_drive(name);
    m_context.set_dock_hint(QStringLiteral("timeline"), drive ? tr("key frame %1 of %2").arg(sample + 1).arg(drive->times.size()) : QString());
}

void Panel::choose_moment(int sample) {
    try {
        m_form->edit(QStringLiteral("sample"), sample, false, tr("Key frame %1").arg(sample + 1));
    } catch (const Error& error) {
        tell(error);
    }
}

// --- kept

void Panel::load(const Json& state) {
    show(shown_from(state.value("shown", Json())));
    m_kept_shown->loaded();
    m_scene->load(state.value("scene", Json::object()));
    m_source->model()->set_recent(texts_of(state.value("recent_models", Json())));
    m_source->data()->set_recent(texts_of(state.value("recent_data", Json())));
    for (const char* role : {"model", "data"})
        if (const QString path = QString::fromStdString(state.value(role, std::string())); QFileInfo::exists(path)) choose_asset(QLatin1String(role), path);
}

Json Panel::state() const {
    return {{"model", m_source->model()->path().toStdString()}, {"data", m_source->data()->path().toStdString()}, {"recent_models", array_of(m_source->model()->recent())}, {"recent_data", array_of(m_source->data()->recent())},
        {"scene", m_scene->state()}, {"shown", to_json(m_shown)}};
}

}
