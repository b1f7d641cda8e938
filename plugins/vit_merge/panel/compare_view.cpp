#include "plugins/vit_merge/panel/compare_view.h"
#include "plugins/vit_merge/panel/block_curves.h"
#include "viewers/heat_map.h"
#include "viewers/table_view.h"
#include "widgets/segmented_control.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QComboBox>
#include <QHBoxLayout>
#include <QItemSelectionModel>
#include <QPushButton>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace lathe::vit_merge {
namespace {

struct LayerMeasure { const char* column; QString title; };

const QList<LayerMeasure>& layer_measures() {
    static const QList<LayerMeasure> all{{"relative_l2", CompareView::tr("Relative L2")}, {"cosine", CompareView::tr("Cosine of weights")}, {"task_cosine", CompareView::tr("Cosine of task vectors")}, {"sign_conflict", CompareView::tr("Sign conflicts")}};
    return all;
}

/// Columns of the engine as they are read.
QStringList shown_heads(const CsvTable& table) {
    static const QHash<QString, QString> titles{{QStringLiteral("key"), CompareView::tr("Weight")}, {QStringLiteral("group"), CompareView::tr("Part")}, {QStringLiteral("block"), CompareView::tr("Block")}, {QStringLiteral("cosine"), CompareView::tr("Cosine")},
        {QStringLiteral("relative_l2"), CompareView::tr("Relative L2")}, {QStringLiteral("task_cosine"), CompareView::tr("Task vectors")}, {QStringLiteral("sign_conflict"), CompareView::tr("Sign conflicts")},
        {QStringLiteral("norm_first"), CompareView::tr("Norm, first")}, {QStringLiteral("norm_second"), CompareView::tr("Norm, second")}, {QStringLiteral("first"), CompareView::tr("First")}, {QStringLiteral("second"), CompareView::tr("Second")},
        {QStringLiteral("note"), CompareView::tr("Note")}};
    QStringList out;
    for (const QString& column : heads_of(table)) out << titles.value(column, column);
    return out;
}

/// Points without a line between them: a gap after each.
Curve points_curve(const QString& name, std::vector<std::pair<double, double>> points, int series) {
    std::ranges::sort(points);
    Curve curve{name, name, {}, {}, series, false, true, false, {}};
    for (const auto& [x, y] : points) {
        curve.x << x << x;
        curve.y << y << std::nan("");
    }
    return curve;
}

}

CompareView::CompareView(QWidget* options, QWidget* parent)
    : QWidget(parent), m_first(new QComboBox(this)), m_second(new QComboBox(this)), m_measure(new QComboBox), m_key(new QComboBox), m_pair_measure(new QComboBox), m_model(new QComboBox),
      m_run(make_button(tr("Compare"), QStringLiteral("compare"), false, this)), m_switch(new SegmentedControl({tr("Layers"), tr("CKA"), tr("Spectra"), tr("Keys"), tr("Pairs"), tr("Points")}, this)), m_pages(new QStackedWidget(this)),
      m_note(new ElidedLabel({}, 12, false, TextRole::secondary, this)), m_layer_table(new TableView), m_key_table(new TableView), m_layer_plot(new PlotViewer), m_spectra(new PlotViewer), m_embedding(new PlotViewer), m_cka(new HeatMapView),
      m_pairs(new HeatMapView) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 4);
    column->setSpacing(4);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(12, 0, 12, 0);
    row->setSpacing(8);
    m_run->setProperty("lathe_tool", true);
    m_run->setToolTip(tr("Weights, representations, spectra and keys of the two models"));
    m_first->setAccessibleName(tr("First model"));
    m_first->setToolTip(tr("First model"));
    m_second->setAccessibleName(tr("Second model"));
    m_second->setToolTip(tr("Second model"));
    for (QComboBox* box : {m_first, m_second}) {
        box->setMinimumContentsLength(6);
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        row->addWidget(box);
        connect(box, &QComboBox::activated, this, [this] {
            set_stale(true);
            Q_EMIT choice_changed();
        });
    }
    row->addWidget(m_run);
    if (options) row->addWidget(options);
    m_switch->set_tool_size(true);
    m_switch->set_current(0);
    row->addWidget(m_switch);
    row->addWidget(m_note, 1);
    column->addLayout(row);
    column->addWidget(m_pages, 1);
    m_pages->addWidget(build_layers());
    m_pages->addWidget(build_with_choice(m_cka, nullptr, {}));
    m_pages->addWidget(build_with_choice(m_spectra, m_key, tr("Weight")));
    m_pages->addWidget(m_key_table);
    m_pages->addWidget(build_with_choice(m_pairs, m_pair_measure, tr("Measure of the pairs")));
    m_pages->addWidget(build_with_choice(m_embedding, m_model, tr("Features of the model")));
    m_cka->setAccessibleName(tr("CKA of the layers"));
    m_cka->set_map(ColourMapId::inferno);
    m_cka->set_range(0, 1);
    m_spectra->setAccessibleName(tr("Singular values"));
    m_spectra->set_titles(tr("Index"), tr("Singular value"));
    m_spectra->set_log_y(true);
    m_spectra->set_empty_text(tr("Compare with spectra among its options."));
    m_key_table->setAccessibleName(tr("Keys"));
    m_pairs->setAccessibleName(tr("All pairs of models"));
    m_embedding->setAccessibleName(tr("Features of the pictures"));
    m_embedding->set_titles(tr("First direction"), tr("Second direction"));
    m_embedding->set_empty_text(tr("Compare with the embedding among its options."));
    m_pair_measure->addItem(tr("Cosine"), QStringLiteral("cosine"));
    m_pair_measure->addItem(tr("Relative L2"), QStringLiteral("relative_l2"));
    m_pair_measure->addItem(tr("Cosine of task vectors"), QStringLiteral("task_cosine"));
    m_pair_measure->addItem(tr("Sign conflicts"), QStringLiteral("sign_conflict"));
    connect(m_run, &QPushButton::clicked, this, &CompareView::run_requested);
    connect(m_switch, &SegmentedControl::chosen, this, [this](int page) {
        m_pages->setCurrentIndex(page);
        show_note();
        Q_EMIT choice_changed();
    });
    connect(m_measure, &QComboBox::activated, this, &CompareView::show_layers);
    connect(m_key, &QComboBox::activated, this, &CompareView::show_spectra);
    connect(m_pair_measure, &QComboBox::activated, this, &CompareView::show_pairs);
    connect(m_model, &QComboBox::activated, this, &CompareView::show_embedding);
    connect(m_pairs, &HeatMapView::clicked, this, [this](int a, int b) {
        const QStringList names = m_set.names();
        if (a == b || a >= names.size() || b >= names.size()) return;
        choose(names[a], names[b]);
        set_stale(true);
        Q_EMIT model_chosen(names[b]);
        Q_EMIT choice_changed();
    });
    show_description({});
}

QWidget* CompareView::build_layers() {
    auto* page = new QWidget;
    auto* row = new QHBoxLayout(page);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    auto* left = new QVBoxLayout;
    left->setContentsMargins(12, 0, 0, 0);
    for (const LayerMeasure& measure : layer_measures()) m_measure->addItem(measure.title, QString::fromLatin1(measure.column));
    m_measure->setAccessibleName(tr("Measure of the layers"));
    left->addWidget(m_measure, 0, Qt::AlignLeft);
    left->addWidget(m_layer_plot, 1);
    m_layer_plot->setAccessibleName(tr("Difference by block"));
    m_layer_plot->set_empty_text(tr("Compare shows where the two models differ."));
    m_layer_table->setAccessibleName(tr("Difference by weight"));
    m_layer_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    row->addLayout(left, 2);
    row->addWidget(m_layer_table, 3);
    connect(m_layer_plot, &PlotViewer::point_clicked, this, [this](const QString& id, int point) {
        for (const Curve& curve : m_layer_plot->curves())
            if (curve.id == id && point >= 0 && point < curve.x.size()) Q_EMIT block_chosen(int(curve.x[point]));
    });
    connect(m_layer_table, &QAbstractItemView::clicked, this, [this](const QModelIndex& index) {
        const int row_of_table = m_layer_table->sort_model()->mapToSource(index).row();
        if (const double block = number_or_nan(m_layers, std::size_t(row_of_table), "block"); block >= 0) Q_EMIT block_chosen(int(block));
    });
    return page;
}

QWidget* CompareView::build_with_choice(QWidget* view, QComboBox* box, const QString& name) {
    auto* page = new QWidget;
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(12, 0, 12, 0);
    column->setSpacing(4);
    if (box) {
        box->setAccessibleName(name);
        box->setToolTip(name);
        box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
        column->addWidget(box, 0, Qt::AlignLeft);
    }
    column->addWidget(view, 1);
    return page;
}

void CompareView::show_description(const Description& description) {
    const QString was_first = first(), was_second = second();
    const bool had = m_second->count() > 0;
    m_set = description;
    for (QComboBox* box : {m_first, m_second}) {
        box->clear();
        if (description.has_base()) box->addItem(tr("base"), QString());
        for (const ModelFacts& model : description.models) box->addItem(model.name, model.name);
    }
    choose(had ? was_first : QString(), had && m_second->findData(was_second) >= 0 ? was_second : description.models.isEmpty() ? QString() : description.models.first().name);
    if (!description.has_base() && first() == second() && m_second->count() > 1) m_second->setCurrentIndex(m_first->currentIndex() == 0 ? 1 : 0);
    m_run->setEnabled(!description.models.isEmpty());
    show_pairs();
    show_note();
}

void CompareView::take(const Artifact& artifact) {
    if (artifact.key == "layers") {
        m_layers = table_of(artifact);
        m_layer_table->set_table(shown_heads(m_layers), rows_of(m_layers));
        show_layers();
    } else if (artifact.key == "cka") {
        const Values values = values_of(artifact, 2);
        QStringList labels{tr("embed")};
        for (std::int64_t i = 1; i < values.size(0); ++i) labels << QString::number(i - 1);
        m_cka->set_row_labels(labels, first().isEmpty() ? tr("base") : first());
        m_cka->set_column_labels(labels, second().isEmpty() ? tr("base") : second());
        m_cka->set_values(int(values.size(0)), int(values.size(1)), values.values);
    } else if (artifact.key == "spectra") {
        m_spectrum = table_of(artifact);
        const QString chosen = m_key->currentText();
        m_key->clear();
        for (std::size_t r = 0; r < m_spectrum.rows.size(); ++r)
            if (const QString key = text_in(m_spectrum, r, "key"); m_key->findText(key) < 0) m_key->addItem(key);
        m_key->setCurrentIndex(std::max(0, m_key->findText(chosen)));
        show_spectra();
    } else if (artifact.key == "keys") {
        const CsvTable table = table_of(artifact);
        m_key_table->set_table(shown_heads(table), rows_of(table));
    } else if (artifact.key == "pairs") {
        m_pair_rows = table_of(artifact);
        show_pairs();
    } else if (artifact.key == "embedding") {
        m_points = table_of(artifact);
        const QString chosen = m_model->currentText();
        m_model->clear();
        for (std::size_t r = 0; r < m_points.rows.size(); ++r)
            if (const QString model = text_in(m_points, r, "model"); m_model->findText(model) < 0) m_model->addItem(model);
        m_model->setCurrentIndex(std::max(0, m_model->findText(chosen)));
        show_embedding();
    } else {
        return;
    }
    set_stale(false);
}

void CompareView::begin() {
    m_layers = m_spectrum = m_points = CsvTable();
    m_layer_table->set_table({}, {});
    m_key_table->set_table({}, {});
    m_cka->set_values(0, 0, {});
    show_layers();
    show_spectra();
    show_embedding();
}

void CompareView::set_running(const QString& text) {
    m_running = text;
    m_run->setText(text.isEmpty() ? tr("Compare") : tr("Cancel"));
    show_note();
}

void CompareView::set_stale(bool stale) {
    m_stale = stale;
    m_cka->set_stale(stale);
    show_layers();
    show_note();
}

void CompareView::set_block(int block) {
    if (block < 0 || m_layers.rows.empty()) return;
    QItemSelection rows;
    for (std::size_t r = 0; r < m_layers.rows.size(); ++r)
        if (number_or_nan(m_layers, r, "block") == block) {
            const QModelIndex at = m_layer_table->sort_model()->mapFromSource(m_layer_table->sort_model()->sourceModel()->index(int(r), 0));
            rows.select(at, at.siblingAtColumn(int(m_layers.columns.size()) - 1));
        }
    m_layer_table->selectionModel()->select(rows, QItemSelectionModel::ClearAndSelect);
    if (!rows.isEmpty()) m_layer_table->scrollTo(rows.first().topLeft());
    m_layer_plot->set_cursor(block);
}

QString CompareView::first() const { return m_first->currentData().toString(); }
QString CompareView::second() const { return m_second->currentData().toString(); }

void CompareView::choose(const QString& first, const QString& second) {
    m_first->setCurrentIndex(std::max(0, m_first->findData(first)));
    m_second->setCurrentIndex(std::max(0, m_second->findData(second)));
}

CompareView::Page CompareView::page() const { return Page(m_pages->currentIndex()); }

void CompareView::set_page(Page page) {
    m_switch->set_current(int(page));
    m_pages->setCurrentIndex(int(page));
    show_note();
}

QString CompareView::note() const { return m_note->text(); }

void CompareView::show_layers() {
    m_layer_plot->set_titles(tr("Block"), m_measure->currentText());
    m_layer_plot->set_curves(block_curves(m_layers, m_measure->currentData().toString().toLatin1().constData(), m_stale));
    m_layer_plot->autoscale();
}

void CompareView::show_spectra() {
    const QString key = m_key->currentText();
    Curve one{QStringLiteral("first"), first().isEmpty() ? tr("base") : first(), {}, {}, 0, false, false, false, {}}, two{QStringLiteral("second"), second().isEmpty() ? tr("base") : second(), {}, {}, 1, false, false, false, {}};
    for (std::size_t r = 0; r < m_spectrum.rows.size(); ++r) {
        if (text_in(m_spectrum, r, "key") != key) continue;
        one.x << number_or_nan(m_spectrum, r, "index");
        one.y << number_or_nan(m_spectrum, r, "first");
        two.x << number_or_nan(m_spectrum, r, "index");
        two.y << number_or_nan(m_spectrum, r, "second");
    }
    m_spectra->set_curves(one.x.isEmpty() ? QVector<Curve>() : QVector<Curve>{one, two});
    m_spectra->autoscale();
}

/// What describe says of all pairs at once, or the rows of a comparison.
void CompareView::show_pairs() {
    const QStringList names = m_set.names();
    const QByteArray measure = m_pair_measure->currentData().toString().toLatin1();
    const auto count = std::size_t(names.size());
    std::vector<double> values(count * count, std::nan(""));
    for (std::size_t i = 0; i < count && !m_pair_rows.rows.empty(); ++i) values[i * count + i] = measure.contains("cosine") ? 1 : 0;   // a model and itself
    for (std::size_t r = 0; r < m_pair_rows.rows.size(); ++r) {
        const qsizetype a = names.indexOf(text_in(m_pair_rows, r, "first")), b = names.indexOf(text_in(m_pair_rows, r, "second"));
        if (a < 0 || b < 0) continue;
        values[std::size_t(a) * count + std::size_t(b)] = values[std::size_t(b) * count + std::size_t(a)] = number_or_nan(m_pair_rows, r, measure.constData());
    }
    const Values& known = measure == "relative_l2" ? m_set.relative_l2 : m_set.cosine;
    const bool is_known = measure == "relative_l2" || measure == (m_set.has_base() ? "task_cosine" : "cosine");   // as describe measures them
    if (is_known && known.values.size() == values.size() && m_pair_rows.rows.empty()) values = known.values;
    m_pairs->set_map(measure.contains("cosine") ? ColourMapId::viridis : ColourMapId::magma);
    m_pairs->set_row_labels(names);
    m_pairs->set_column_labels(names);
    m_pairs->set_values(int(count), int(count), values);
}

void CompareView::show_embedding() {
    const QString model = m_model->currentText();
    QStringList tasks;
    QHash<QString, std::vector<std::pair<double, double>>> points;
    for (std::size_t r = 0; r < m_points.rows.size(); ++r) {
        if (text_in(m_points, r, "model") != model) continue;
        const QString task = text_in(m_points, r, "task");
        const double x = number_or_nan(m_points, r, "x"), y = number_or_nan(m_points, r, "y");
        if (std::isnan(x) || std::isnan(y)) continue;
        if (!tasks.contains(task)) tasks << task;
        points[task].emplace_back(x, y);
    }
    QVector<Curve> curves;
    for (int i = 0; i < tasks.size(); ++i) curves << points_curve(tasks[i], points[tasks[i]], i);
    m_embedding->set_curves(curves);
    m_embedding->autoscale();
}

void CompareView::show_note() {
    if (!m_running.isEmpty()) m_note->setText(m_running);
    else if (m_stale && !m_layers.rows.empty()) m_note->setText(tr("Stale: of other models."));
    else if (page() == Page::cka) m_note->setText(tr("Debiased linear CKA of every layer with every layer; hatched: undefined."));
    else m_note->setText({});
}

}
