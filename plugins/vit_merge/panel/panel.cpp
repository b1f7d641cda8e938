#include "plugins/vit_merge/panel/panel.h"
#include "plugins/vit_merge/panel/accuracy_view.h"
#include "plugins/vit_merge/panel/attention_view.h"
#include "plugins/vit_merge/panel/confusion_view.h"
#include "plugins/vit_merge/panel/cost_view.h"
#include "plugins/vit_merge/panel/finding_rows.h"
#include "plugins/vit_merge/panel/image_strip.h"
#include "plugins/vit_merge/panel/inspector_view.h"
#include "plugins/vit_merge/panel/model_list.h"
#include "plugins/vit_merge/panel/similarity_view.h"
#include "plugins/vit_merge/panel/source_bar.h"
#include "plugins/vit_merge/panel/strip_view.h"
#include "plugins/vit_merge/panel/sweep_view.h"
#include "plugins/vit_merge/panel/training_view.h"
#include "widgets/asset_chooser.h"
#include "widgets/dock_pages.h"
#include "widgets/kept_view.h"
#include "widgets/parameter_form.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QPushButton>
#include <QScopedValueRollback>
#include <QSplitter>
#include <QStackedWidget>
#include <QUndoStack>
#include <QVBoxLayout>
#include <tuple>

namespace lathe::vit_merge {
namespace {

constexpr int kMergeStateVersion = 1, kDescribeAfterMs = 150, kInspectAfterMs = 250;

/// A folder of models, not of pictures.
bool is_set_folder(const QString& path) {
    const QDir folder(path);
    return folder.exists(QStringLiteral("set.json")) || !folder.entryList({QStringLiteral("*.safetensors"), QStringLiteral("*.pth"), QStringLiteral("*.pt"), QStringLiteral("*.bin"), QStringLiteral("*.npz")}, QDir::Files).isEmpty();
}

}

Panel::Panel(PanelContext& context, QWidget* parent)
    : MethodPanel(context, "vit_merge.strip", kMergeStateVersion, parent), m_options(context.undo_stack()), m_source(new SourceBar), m_centre(new QStackedWidget(this)),
      m_empty(new EmptyState(QStringLiteral("merge"), tr("No models yet. Open a set to see its pictures through one merged Vision Transformer."), tr("Open set…"), this)), m_rows(new QSplitter(Qt::Vertical, this)),
      m_halves(new QSplitter(Qt::Horizontal)), m_gate(new AssetChooser(AssetChooser::Kind::file, tr("Gate"), tr("The set's own"), tr("Open gate…"), tr("Gates (*.safetensors *.pt *.pth *.bin);;All files (*)"))), m_models(new ModelList),
      m_findings(new FindingRows), m_strip_view(new StripView), m_similarity(new SimilarityView), m_sweep(new SweepView(m_options.add("vit_merge.sweep"))), m_inspector(new InspectorView), m_costs(new CostView),
      m_accuracy(new AccuracyView(m_options.add("vit_merge.evaluate"))), m_confusion(new ConfusionView), m_compare(new CompareView(m_options.add("vit_merge.compare"))), m_training(new TrainingView(context.undo_stack())), m_details(new TabPages) {
    m_describe_soon.setSingleShot(true);
    m_describe_soon.setInterval(kDescribeAfterMs);
    m_inspect_soon.setSingleShot(true);
    m_inspect_soon.setInterval(kInspectAfterMs);
    build_centre();
    build_parameters();
    build_docks();
    build_actions();
    connect_views();
    connect(&m_context, &PanelContext::project_changed, this, &Panel::find_measured);   // the set that is chosen from the start has not changed
    begin();
    find_measured();
    show_now();
}

Panel::~Panel() = default;

void Panel::build_centre() {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_centre);
    m_halves->addWidget(m_similarity);
    m_halves->addWidget(m_sweep);
    m_halves->setStretchFactor(0, 2);
    m_halves->setStretchFactor(1, 3);
    m_rows->addWidget(m_strip_view);
    m_rows->addWidget(m_halves);
    m_rows->setStretchFactor(0, 5);
    m_rows->setStretchFactor(1, 4);
    m_rows->setSizes({340, 250});
    m_halves->setSizes({400, 480});
    for (QSplitter* splitter : {m_rows, m_halves}) {
        splitter->setChildrenCollapsible(false);
        splitter->setHandleWidth(1);
    }
    m_centre->addWidget(m_empty);
    m_centre->addWidget(m_rows);
}

void Panel::build_parameters() {
    for (const char* id : {"models", "files", "tasks"}) m_form->set_external_editor(QString::fromLatin1(id), {});   // list, strip and its menu follow parameters_changed()
    m_form->add_to_group(tr("Models"), m_models);
    auto* gate = new QWidget;
    auto* line = new QHBoxLayout(gate);
    line->setContentsMargins(0, 2, 0, 4);
    line->setSpacing(8);
    line->addWidget(new TextLabel(tr("Gate"), 13, false, TextRole::normal, gate));
    m_gate->setToolTip(tr("The network that says from a picture which model it belongs to"));
    m_gate->setMinimumWidth(120);
    m_gate->setMinimumContentsLength(10);
    line->addWidget(m_gate, 1);
    auto* back = new IconButton(QStringLiteral("reset"), tr("Back to the gate of the set"), gate);
    connect(back, &QToolButton::clicked, this, [this] { m_gate->choose({}); });
    line->addWidget(back);
    m_form->add_to_group(tr("Models"), gate);
    m_form->add_to_group(tr("Findings"), m_findings);
    auto* save = new QWidget;
    auto* save_line = new QHBoxLayout(save);
    save_line->setContentsMargins(0, 2, 0, 4);
    save_line->setSpacing(8);
    m_merge = make_button(tr("Merge and save…"), QStringLiteral("save"), false, save);
    m_merge->setToolTip(tr("Writes the merged model, and the recipe that makes it again, for a method that gives one model"));
    m_merge_note = new TextLabel({}, 12, false, TextRole::secondary, save);
    m_merge_note->setWordWrap(true);
    save_line->addWidget(m_merge);
    save_line->addWidget(m_options.add("vit_merge.merge"));
    save_line->addWidget(m_merge_note, 1);
    connect(m_merge, &QPushButton::clicked, this, &Panel::ask_merge);
    m_form->add_to_group(tr("One model"), save);
    m_form->fold_group(tr("Data"));                        // the methods that look at pictures are not what the workspace opens with
    m_kept_view = new KeptView(QStringLiteral("view.vit_merge.shown"), [this] { return view_state(); },
        [this](const Json& kept) {
            take_view(kept);
            save_soon();
        },
        this);
    m_kept_view->set_undo_stack(m_context.undo_stack());
}

void Panel::build_docks() {
    m_details->set_pages({{tr("Tasks and methods"), m_accuracy}, {tr("Confusion"), m_confusion}, {tr("Model differences"), m_compare}, {tr("Training"), m_training}});
    m_context.set_bar(m_source);
    m_form->setMinimumWidth(304);
    m_context.add_dock(m_form, QStringLiteral("parameters"), tr("Parameters"), QStringLiteral("vit_merge.strip"), DockSide::left, 320);
    constexpr int kLeastRight = 296, kRight = 360;         // narrower the numbers would be cut
    for (const auto& [view, id, title] : {std::tuple(static_cast<QWidget*>(m_inspector), "inspector", tr("Inspector")), std::tuple(static_cast<QWidget*>(m_costs), "costs", tr("Storage and time"))}) {
        QWidget* dock = scrolled(view);
        dock->setMinimumWidth(kLeastRight);
        m_context.add_dock(dock, QString::fromLatin1(id), title, {}, DockSide::right, kRight);
    }
    m_context.add_dock(m_details, QStringLiteral("details"), tr("Evaluation"), {}, DockSide::bottom, 300);
}

void Panel::show_tab(Tab tab) { m_details->set_current(int(tab)); }
bool Panel::is_empty() const { return m_centre->currentWidget() == m_empty; }

void Panel::build_actions() {
    add_action(QStringLiteral("merge"), tr("Merge and save…"), QStringLiteral("save"), tr("Writes the merged model and the recipe that makes it again"), [this] { ask_merge(); });
    add_action(QStringLiteral("evaluate"), tr("Evaluate"), QStringLiteral("table"), tr("Every chosen method on the pictures of every task"), [this] {
        show_tab(Tab::accuracy);
        start_job("vit_merge.evaluate");
    });
    add_action(QStringLiteral("sweep"), tr("Sweep this axis"), {}, tr("Accuracy at every point of the axis that is shown"), [this] { start_sweep(); });
    add_action(QStringLiteral("compare"), tr("Compare two models"), {}, tr("Weights, representations, spectra and keys"), [this] {
        show_tab(Tab::compare);
        start_compare();
    });
    add_action(QStringLiteral("train_gate"), tr("Train a gate"), {}, {}, [this] {
        show_tab(Tab::training);
        Q_EMIT m_training->start_requested(QStringLiteral("vit_merge.train_gate"));
    });
    add_action(QStringLiteral("add_models"), tr("Add models…"), {}, {}, [this] { Q_EMIT m_models->add_requested(); });
    add_action(QStringLiteral("add_pictures"), tr("Add pictures…"), {}, {}, [this] { Q_EMIT m_strip_view->pictures_wanted(); });
    add_action(QStringLiteral("open_folder"), tr("Open a folder as set of models…"), {}, {}, [this] { m_source->ask_set_folder(); });
    add_action(QStringLiteral("copy_command_line"), tr("Copy as command line"), {}, {}, [this] { copy_command_line(); });
    add_action(QStringLiteral("pictures_table"), tr("Show the pictures as table"), {}, {}, [this] { m_strip_view->strip()->show_as_table(); });
}

void Panel::connect_views() {
    connect(&m_context, &PanelContext::model_dropped, this, &Panel::dropped_file);
    connect(&m_context, &PanelContext::data_dropped, this, &Panel::dropped_folder);
    connect(&m_context, &PanelContext::restore_run, this, [this](const QString& uuid) { m_asked_for << uuid; });
    connect(&m_options, &PanelOptions::changed, this, &Panel::save_soon);
    connect(&m_describe_soon, &QTimer::timeout, this, &Panel::describe);
    connect(&m_inspect_soon, &QTimer::timeout, this, &Panel::inspect);
    connect(m_source, &SourceBar::source_changed, this, &Panel::source_changed);
    connect(m_gate, &AssetChooser::chosen, this, [this] { source_changed(false); });
    connect(m_empty, &EmptyState::button_clicked, m_source, &SourceBar::ask_set);
    connect(m_models, &ModelList::edited, this, &Panel::edit_models);
    connect(m_models, &ModelList::selected_changed, this, &Panel::select_model);
    connect(m_models, &ModelList::add_requested, this, [this] {
        m_models->add_files(QFileDialog::getOpenFileNames(window(), tr("Add models"), QFileInfo(m_source->set()->path()).path(), tr("Checkpoints (*.safetensors *.pth *.pt *.bin *.npz);;All files (*)")));
    });
    ImageStrip* strip = m_strip_view->strip();
    connect(strip, &ImageStrip::picked_changed, this, &Panel::select_picture);
    connect(strip, &ImageStrip::files_dropped, this, &Panel::add_pictures);
    connect(strip, &ImageStrip::remove_requested, this, &Panel::remove_picture);
    connect(strip, &ImageStrip::size_changed, this, [this, strip](int size) {
        strip->set_size(size);
        viewed(tr("Size of the pictures"));
    });
    connect(m_strip_view, &StripView::pictures_wanted, this, [this] { add_pictures(QFileDialog::getOpenFileNames(window(), tr("Add pictures"), {}, tr("Pictures (*.png *.jpg *.jpeg)"))); });
    connect(m_strip_view, &StripView::tasks_chosen, this, [this](const QStringList& tasks) { edit_value(QStringLiteral("tasks"), array_of(tasks), tr("Tasks of the pictures")); });
    connect(m_strip_view, &StripView::per_sample_wanted, this, [this] { edit_value(QStringLiteral("granularity"), "per_sample", tr("Merge per picture")); });
    connect(m_similarity, &SimilarityView::block_clicked, this, &Panel::gate_block);
    connect(m_sweep, &SweepView::axis_changed, this, [this] { viewed(tr("Axis of the sweep")); });
    connect(m_sweep, &SweepView::run_requested, this, &Panel::start_sweep);
    connect(m_sweep, &SweepView::value_chosen, this, &Panel::use_swept);
    connect(m_inspector, &InspectorView::model_chosen, this, &Panel::select_model);
    connect(m_inspector->attention(), &AttentionView::block_changed, this, [this](int block) {
        select_block(block);
        viewed(tr("Block"));
    });
    connect(m_inspector->attention(), &AttentionView::head_changed, this, [this] { viewed(tr("Head of the attention")); });
    connect(m_accuracy, &AccuracyView::run_requested, this, [this] { start_job("vit_merge.evaluate"); });
    connect(m_accuracy, &AccuracyView::columns_changed, this, [this] { viewed(tr("Columns of the accuracy")); });
    connect(m_compare, &CompareView::run_requested, this, &Panel::start_compare);
    connect(m_compare, &CompareView::choice_changed, this, [this] { viewed(tr("Model differences")); });
    connect(m_compare, &CompareView::block_chosen, this, [this](int block) {
        select_block(block);
        viewed(tr("Block"));
    });
    connect(m_compare, &CompareView::model_chosen, this, &Panel::select_model);
    connect(m_training, &TrainingView::start_requested, this, [this](const QString& method) { start_job(method.toLatin1().constData(), m_training->values(method)); });
    connect(m_training, &TrainingView::save_requested, this, &Panel::save_training);
    connect(m_training, &TrainingView::values_changed, this, &Panel::save_soon);
    connect(m_details, &TabPages::chosen, this, &Panel::save_soon);
}

void Panel::catalogue_taken() {
    const MethodInfo* strip = m_context.catalogue().find("vit_merge.strip");
    if (!strip) return;
    m_options.take_catalogue(m_context.catalogue(), *strip);
    for (const QString& id : TrainingView::methods()) {
        const MethodInfo* method = m_context.catalogue().find(id.toStdString());
        std::vector<Parameter> own = method ? method->parameters : std::vector<Parameter>();
        std::erase_if(own, [](const Parameter& parameter) { return parameter.id == "models"; });   // the others are its own, even where the form has one of that name
        m_training->set_parameters(id, std::move(own));
    }
    // What the view, its switch or a dialog of files says.
    for (const auto& [id, rows] : {std::pair("vit_merge.compare", QStringList{QStringLiteral("first"), QStringLiteral("second")}), std::pair("vit_merge.sweep", QStringList{QStringLiteral("axis")}), std::pair("vit_merge.merge", QStringList{QStringLiteral("file")})})
        for (const QString& row : rows) m_options.of(QString::fromLatin1(id))->form()->hide_row(row, true);
    QHash<QString, QString> titles;
    for (const Parameter& parameter : strip->parameters)
        if (parameter.id == "method")
            for (const Choice& choice : parameter.choices) titles.insert(QString::fromStdString(choice.value), QString::fromStdString(choice.label));
    m_accuracy->set_method_titles(titles);
    m_confusion->set_method_titles(titles);
}

void Panel::parameters_changed() {
    m_form->clear_errors();
    if (describe_key() != m_description.key && has_models()) m_describe_soon.start();
    show_centre();
    show_models();
    show_gated();
    save_soon();
    show_stale();
}

/// Another set: what was measured of the old one is not of this.
void Panel::source_changed(bool is_set) {
    if (is_set) {
        m_description = {};
        m_colours.clear();
        m_strip = {};
        m_picture = {};
        m_model.clear();
        m_sweep->forget();
        m_accuracy->forget();
        m_confusion->forget();
        m_compare->begin();
        m_accuracy_key = {};
        if (!m_taking_over) forget_set_models();
        adopt_description();
        adopt_strip();
        find_measured();
    }
    save_soon();
    show_stale();
    describe();
    show_now();
}

void Panel::dropped_file(const QString& path) {
    if (QFileInfo(path).suffix().compare(QStringLiteral("json"), Qt::CaseInsensitive) == 0) m_source->set()->choose(path);
    else if (is_model_file(path)) m_models->add_files({path});
    else m_context.show_message(QStringLiteral("info"), tr("This file is neither a set nor a model."), path, tr("Drop a set.json, a checkpoint, or a picture on the strip."));
}

void Panel::dropped_folder(const QString& path) { (is_set_folder(path) ? m_source->set() : m_source->data())->choose(path); }

void Panel::viewed(const QString& text) {
    m_kept_view->edited(text);
    save_soon();
}

// --- kept

Json Panel::view_state() const {
    return {{"size", m_strip_view->strip()->size_of_picture()}, {"axis", m_sweep->axis().toStdString()}, {"columns", int(m_accuracy->columns())}, {"page", int(m_compare->page())}, {"first", m_compare->first().toStdString()},
        {"second", m_compare->second().toStdString()}, {"block", m_block}, {"head", m_inspector->attention()->head().toStdString()}};
}

void Panel::take_view(const Json& view) {
    const auto whole = [&](const char* key, int most) {
        const double value = fact(view, key);
        return value >= 0 && value <= most ? int(value) : -1;
    };
    if (const int size = whole("size", 1000); size > 0) m_strip_view->strip()->set_size(size);
    if (const QString axis = text_fact(view, "axis"); !axis.isEmpty()) m_sweep->set_axis(axis);
    if (const int columns = whole("columns", int(AccuracyView::Columns::side_by_side)); columns >= 0) m_accuracy->set_columns(AccuracyView::Columns(columns));
    if (const int page = whole("page", int(CompareView::Page::embedding)); page >= 0) m_compare->set_page(CompareView::Page(page));
    if (view.is_object() && view.contains("second")) m_compare->choose(text_fact(view, "first"), text_fact(view, "second"));
    if (const QString head = text_fact(view, "head"); !head.isEmpty()) m_inspector->attention()->set_head(head);
    select_block(whole("block", 1000));
}

void Panel::load(const Json& state) {
    m_options.set_values(state.value("options", Json()));
    m_training->set_values(state.value("training", Json()));
    m_source->set()->set_recent(texts_of(state.value("recent_sets", Json())));
    m_source->data()->set_recent(texts_of(state.value("recent_data", Json())));
    m_gate->set_recent(texts_of(state.value("recent_gates", Json())));
    const QScopedValueRollback taking_over(m_taking_over, true);
    for (const char* role : {"set", "data", "gate"})
        if (const QString path = text_fact(state, role); QFileInfo::exists(path)) choose_asset(QString::fromLatin1(role), path);
    if (const Description kept = Description::from_kept(state.value("description", Json())); m_description.models.isEmpty() && kept.key == describe_key()) {
        m_description = kept;
        adopt_description();
    }
    take_view(state.value("view", Json()));
    m_picture = PictureKey::from_json(state.value("picture", Json()));
    m_model = text_fact(state, "model");
    m_models->set_selected(m_model);
    m_strip_view->strip()->set_highlight(m_model);
    m_inspector->set_model(m_model);
    const double tab = fact(state, "tab");
    show_tab(tab >= 0 && tab < m_details->count() ? Tab(int(tab)) : Tab::accuracy);
    m_kept_view->loaded();
    show_now();
}

Json Panel::state() const {
    return {{"set", m_source->set()->path().toStdString()}, {"data", m_source->data()->path().toStdString()}, {"gate", m_gate->path().toStdString()}, {"recent_sets", array_of(m_source->set()->recent())},
        {"recent_data", array_of(m_source->data()->recent())}, {"recent_gates", array_of(m_gate->recent())}, {"options", m_options.values()}, {"training", m_training->values()}, {"view", view_state()},
        {"picture", m_picture.to_json()}, {"model", m_model.toStdString()}, {"tab", m_details->current()}, {"description", m_description.models.isEmpty() ? Json() : m_description.kept()}};
}

}
