#include "plugins/quantization/panel/panel.h"
#include "core/base/error.h"
#include "plugins/quantization/panel/budget_rows.h"
#include "plugins/quantization/panel/engine_view.h"
#include "plugins/quantization/panel/graph_view.h"
#include "plugins/quantization/panel/learning_view.h"
#include "plugins/quantization/panel/methods_view.h"
#include "plugins/quantization/panel/note_rows.h"
#include "plugins/quantization/panel/pictures_view.h"
#include "plugins/quantization/panel/ranges_view.h"
#include "plugins/quantization/panel/result_view.h"
#include "plugins/quantization/panel/source_bar.h"
#include "widgets/asset_chooser.h"
#include "widgets/dock_pages.h"
#include "widgets/dock_title.h"
#include "widgets/kept_view.h"
#include "widgets/parameter_form.h"
#include "widgets/small_widgets.h"
#include "widgets/theme.h"
#include <QAction>
#include <QFileInfo>
#include <QStackedWidget>
#include <QUndoStack>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe::quantization {
namespace {
constexpr int kQuantizationStateVersion = 1;
}

Panel::Panel(PanelContext& context, QWidget* parent)
    : MethodPanel(context, "quantization.evaluate", kQuantizationStateVersion, parent), m_options(context.undo_stack()), m_source(new SourceBar), m_centre(new QStackedWidget(this)),
      m_empty(new EmptyState(QStringLiteral("steps"), tr("No model yet. Open a checkpoint to see its layers with a slider for the bits of each."), tr("Open model…"), this)), m_layers(new LayersView(this)), m_ranges(new RangesView),
      m_result_view(new ResultView), m_front(new FrontView(m_options.add("quantization.sensitivity"))), m_budget(new BudgetRows), m_notes(new NoteRows), m_learnt_row(new LearntRow), m_methods(new MethodsView(m_options.add("quantization.compare"))), m_engine(new EngineView(m_options.add("quantization.deploy"))), m_pictures(new PicturesView),
      m_learning(new LearningView(context.undo_stack())) {
    build_centre();
    build_parameters();
    build_docks();
    build_actions();
    connect(&context, &PanelContext::model_dropped, this, [this](const QString& path) { m_source->model()->choose(path); });
    connect(&context, &PanelContext::data_dropped, this, [this](const QString& path) { m_source->data()->choose(path); });
    connect(&context, &PanelContext::restore_run, this, [this](const QString& uuid) { m_asked_for = uuid; });
    connect(&Theme::instance(), &Theme::changed, this, &Panel::show_front);
    connect(&m_options, &PanelOptions::changed, this, &Panel::save_soon);
    connect(m_source, &SourceBar::source_changed, this, &Panel::source_changed);
    connect(m_empty, &EmptyState::button_clicked, this, [this] { m_source->model()->activated(m_source->model()->count() - 1); });

    connect(m_layers->table(), &LayerTable::bits_moved, this, &Panel::move_bits);
    connect(m_layers->table(), &LayerTable::bits_reset, this, &Panel::reset_bits);
    connect(m_layers, &LayersView::scheme_chosen, this, &Panel::use_scheme);
    connect(m_layers, &LayersView::selection_changed, this, [this] {
        show_ranges();
        save_soon();
    });
    connect(m_ranges, &RangesView::clip_moved, this, &Panel::move_clip);
    connect(m_ranges, &RangesView::reset_wanted, this, &Panel::reset_clip);
    connect(m_front, &FrontView::front_chosen, this, [this](int point) {
        if (point < m_sensitivity.front().size()) use_assignment(with_weights(m_network, m_assignment, m_sensitivity.front()[point]), tr("Best bits for %1").arg(kilobytes(m_sensitivity.front()[point].bytes)));
    });
    connect(m_front, &FrontView::tried_chosen, this, &Panel::use_tried);
    connect(m_front, &FrontView::uniform_chosen, this, &Panel::use_uniform);
    connect(m_budget, &BudgetRows::best_wanted, this, &Panel::use_best);
    connect(m_budget, &BudgetRows::uniform_wanted, this, &Panel::use_uniform);
    connect(m_methods, &MethodsView::run_requested, this, [this] { start_job("quantization.compare"); });
    connect(m_engine, &EngineView::check_requested, this, &Panel::check_on_engine);
    connect(m_engine, &EngineView::export_requested, this, &Panel::save_onnx);
    connect(m_engine, &EngineView::node_chosen, this, [this](const QString& node) {
        if (m_network.index_of(node) < 0) return;
        m_layers->select({node}, node);
        show_ranges();
    });
    connect(m_learning, &LearningView::start_requested, this, &Panel::start_learning);
    connect(m_learning, &LearningView::use_requested, this, &Panel::use_learnt);
    connect(m_learning, &LearningView::save_requested, this, &Panel::save_model);
    connect(m_learning, &LearningView::values_changed, this, &Panel::save_soon);
    connect(m_learnt_row, &LearntRow::removed, this, [this] { use_quantizers({}); });
    connect(m_front, &FrontView::sensitivity_requested, this, &Panel::measure_sensitivity);
    begin();
    show_centre();
}

Panel::~Panel() = default;

void Panel::build_centre() {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_centre);
    m_centre->addWidget(m_empty);
    m_centre->addWidget(m_layers);
}

void Panel::build_parameters() {
    m_form->set_external_editor(QStringLiteral("layers"), {});   // the table is its editor; it follows parameters_changed()
    m_form->add_to_group(tr("Calibration"), m_learnt_row);
    m_form->add_to_group(tr("Budget"), m_budget);
    m_form->add_to_group(tr("Backend notes"), m_notes);
    m_kept_view = new KeptView(QStringLiteral("view.quantization.shown"), [this] { return view_state(); },
        [this](const Json& kept) {
            if (!kept.is_object()) return;
            m_layers->set_graph(kept.value("graph", false));
            if (kept.contains("hidden")) m_layers->set_hidden_columns(texts_of(kept["hidden"]));
            m_budget->set_budget(kept.value("budget", Json()));
            take_quantizers(QString::fromStdString(kept.value("quantizers", std::string())));
            save_soon();
        },
        this);
    m_kept_view->set_undo_stack(m_context.undo_stack());
    connect(m_layers, &LayersView::view_changed, this, [this](const QString& text) {
        m_kept_view->edited(text);
        save_soon();
    });
    connect(m_budget, &BudgetRows::edited, this, [this](bool dragging) {
        m_kept_view->edited(tr("Budget"), dragging);
        m_budget->set_answer({}, true);
        save_soon();
    });
}

void Panel::build_docks() {
    m_context.set_bar(m_source);
    m_form->setMinimumWidth(320);   // labels, slider and field of its widest row, beside the scroll bar
    m_context.add_dock(m_form, QStringLiteral("parameters"), tr("Parameters"), QStringLiteral("quantization.evaluate"), DockSide::left, 328);
    auto* details = new TabPages;
    details->set_pages({{tr("Ranges"), m_ranges}, {tr("Pictures"), m_pictures}, {tr("Learning"), m_learning}});
    m_context.add_dock(details, QStringLiteral("ranges"), tr("Ranges"), {}, DockSide::bottom, 300);
    m_context.add_dock(m_result_view, QStringLiteral("result"), tr("Result"), {}, DockSide::right, 422);
    m_context.add_dock(m_front, QStringLiteral("front"), tr("Bit assignments"), tr("click a point to apply it"), DockSide::right, 422);
    m_context.add_dock(scrolled(m_methods), QStringLiteral("methods"), tr("Methods"), tr("top-1 in %, mean ± std over seeds"), DockSide::right, 422);
    m_context.add_dock(scrolled(m_engine), QStringLiteral("engine"), tr("On the engine"), {}, DockSide::right, 422);
}

void Panel::build_actions() {
    add_action(QStringLiteral("export_onnx"), tr("Export ONNX"), QStringLiteral("export"), tr("The network with its quantizers as an ONNX file (QDQ), checked on the engine first"), [this] { export_onnx(); });
    add_action(QStringLiteral("check_on_engine"), tr("Check on engine"), QStringLiteral("check"), tr("Compare the simulation with ONNX Runtime, layer by layer"), [this] { check_on_engine(); });
    add_action(QStringLiteral("sensitivity"), tr("Measure sensitivity"), {},
        tr("What each weight and each value costs at every number of bits: for estimates, and the best bits for a budget"), [this] { measure_sensitivity(); });
    add_action(QStringLiteral("export_results"), tr("Export results…"), {}, tr("Tables as CSV, views as PNG"), [this] { export_results(); });
    add_action(QStringLiteral("copy_command_line"), tr("Copy as command line"), {}, {}, [this] { copy_command_line(); });
    add_action(QStringLiteral("all_8"), tr("All bits to 8"), {}, {}, [this] { use_uniform(8); });
    add_action(QStringLiteral("all_4"), tr("All bits to 4"), {}, {}, [this] { use_uniform(4); });
    add_action(QStringLiteral("best_bits"), tr("Best bits for the budget"), {}, {}, [this] { use_best(); });
}

void Panel::catalogue_taken() {
    const MethodInfo* evaluate = m_context.catalogue().find("quantization.evaluate");
    if (!evaluate) return;
    for (const Parameter& parameter : evaluate->parameters)
        if (parameter.id == "layers") m_layers->set_schemes_available(LayerChoices::has_column(parameter.default_value, "weight_symmetric"));
    for (const QString& method : LearningView::methods()) {
        const MethodInfo* learning = m_context.catalogue().find(method.toStdString());
        m_learning->set_parameters(method, learning ? own_parameters(*learning, *evaluate) : std::vector<Parameter>());
    }
    m_options.take_catalogue(m_context.catalogue(), *evaluate);
}

void Panel::parameters_changed() {
    m_form->clear_errors();
    refresh_assignment();
    save_soon();
}

/// Another network or other pictures: what was found of the old ones is not of these.
void Panel::source_changed() {
    m_facts = {};
    m_tried.clear();   // accuracy on other pictures is another scale
    m_tried_source.clear();
    const QString model = m_source->model()->path();
    if (model != m_sensitivity_source) {
        m_sensitivity = {};
        m_sensitivity_source = model;
        m_own_bits.clear();
        m_quantizers.clear();
        m_learnt_row->set_file({});
    }
    save_soon();
    show_centre();
    show_facts();
    refresh_assignment();
    describe();
}

// --- kept

void Panel::load(const Json& state) {
    const Json view = state.value("view", Json());
    if (view.is_object()) {
        m_layers->set_graph(view.value("graph", false));
        if (view.contains("hidden")) m_layers->set_hidden_columns(texts_of(view["hidden"]));
        m_budget->set_budget(view.value("budget", Json()));
    }
    m_layers->set_filter(QString::fromStdString(state.value("filter", std::string())));
    m_source->model()->set_recent(texts_of(state.value("recent_models", Json())));
    m_source->data()->set_recent(texts_of(state.value("recent_data", Json())));
    for (const char* role : {"model", "data"})
        if (const QString path = QString::fromStdString(state.value(role, std::string())); QFileInfo::exists(path)) choose_asset(QLatin1String(role), path);
    m_tried.clear();
    m_tried_source.clear();
    const Json tried = state.value("tried", Json::array());
    if (tried.is_array())
        for (const Json& one : tried)
            if (one.is_object()) add_tried({one.value("params", Json()), one.value("bytes", 0.0), one.value("bitops", 0.0), one.value("top1", 0.0)});
    if (view.is_object())   // after the model: they belong to it
        if (const QString file = QString::fromStdString(view.value("quantizers", std::string())); QFileInfo::exists(file)) take_quantizers(file);
    for (const QString& method : LearningView::methods()) {
        const Json learning = state.value("learning", Json());
        if (learning.is_object()) m_learning->set_values(method, learning.value(method.toStdString(), Json()));
    }
    m_options.set_values(state.value("options", Json()));
    m_kept_view->loaded();
    const QStringList selected = texts_of(state.value("selected", Json()));
    m_layers->select(selected, selected.value(0));
}

/// What is undone with the views.
Json Panel::view_state() const {
    return {{"graph", m_layers->is_graph()}, {"hidden", array_of(m_layers->hidden_columns())}, {"budget", m_budget->budget()}, {"quantizers", m_quantizers.toStdString()}};
}

Json Panel::state() const {
    Json tried = Json::array();
    for (const Tried& one : m_tried) tried.push_back({{"params", one.params}, {"bytes", one.bytes}, {"bitops", one.bitops}, {"top1", one.top1}});
    Json learning = Json::object();
    for (const QString& method : LearningView::methods()) learning[method.toStdString()] = m_learning->values(method);
    return {{"model", m_source->model()->path().toStdString()}, {"data", m_source->data()->path().toStdString()}, {"recent_models", array_of(m_source->model()->recent())}, {"recent_data", array_of(m_source->data()->recent())},
        {"view", view_state()}, {"learning", learning}, {"options", m_options.values()}, {"filter", m_layers->filter().toStdString()}, {"selected", array_of(m_layers->selected())}, {"tried", tried}};
}

}
