#include "plugins/vit_merge/panel/accuracy_view.h"
#include "viewers/table_view.h"
#include "widgets/latex_table.h"
#include "widgets/segmented_control.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>
#include <cmath>

namespace lathe::vit_merge {
namespace {

const QString kHardRouting = QStringLiteral("hard_routing");
constexpr double kInMega = 1e6;

AccuracyModel::Cell number_cell(double value, int decimals) { return {value, decimals, {}}; }
AccuracyModel::Cell text_cell(const QString& text) { return {std::nan(""), 0, text}; }
/// Of what is known in these rows: a benchmark has one for each seed.
double mean_of(const CsvTable& table, const QList<int>& rows, const char* column) {
    double sum = 0;
    int known = 0;
    for (const int row : rows)
        if (const double value = number_or_nan(table, std::size_t(row), column); !std::isnan(value)) sum += value, ++known;
    return known == 0 ? std::nan("") : sum / known;
}

QString place_of(const QString& method, const QString& task) { return method + u'\n' + task; }

}

// --- rows

void AccuracyModel::set_rows(const QStringList& heads, const QStringList& tips, const QList<QList<Cell>>& rows, int baseline, bool stale) {
    beginResetModel();
    m_heads = heads;
    m_tips = tips;
    m_rows = rows;
    m_baseline = baseline;
    m_stale = stale;
    endResetModel();
}

QString AccuracyModel::text(int row, int column) const {
    if (row < 0 || row >= m_rows.size() || column < 0 || column >= m_rows[row].size()) return {};
    const Cell& cell = m_rows[row][column];
    if (!cell.text.isEmpty()) return cell.text;
    return std::isnan(cell.value) ? QStringLiteral("–") : QString::number(cell.value, 'f', cell.decimals).replace(u'-', QChar(0x2212));
}

QVariant AccuracyModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= m_rows.size() || index.column() >= m_rows[index.row()].size()) return {};
    const Cell& cell = m_rows[index.row()][index.column()];
    const bool is_text = !cell.text.isEmpty(), is_baseline = index.row() == m_baseline;
    switch (role) {
    case Qt::DisplayRole: return text(index.row(), index.column());
    case Qt::EditRole: return is_text ? QVariant(cell.text) : std::isnan(cell.value) ? QVariant() : QVariant(cell.value);
    case Qt::TextAlignmentRole: return int((is_text ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    case Qt::BackgroundRole: return is_baseline ? QVariant(theme_colours().alt) : QVariant();
    case Qt::DecorationRole: return is_baseline && index.column() == 0 ? QVariant(Theme::instance().icon(QStringLiteral("pin"), theme_colours().brass)) : QVariant();
    case Qt::ForegroundRole: return m_stale ? QVariant(theme_colours().text3) : is_baseline && index.column() == 0 ? QVariant(theme_colours().brass) : QVariant();
    case Qt::ToolTipRole: return is_baseline ? QVariant(AccuracyView::tr("The baseline to beat: the gate picks one whole model for each picture. It stores every model; a merge that is as good with less storage wins.")) : QVariant(m_tips.value(index.column()));
    case Qt::FontRole: {
        if (!m_stale) return {};
        QFont font = Theme::instance().font(12);
        font.setItalic(true);
        return font;
    }
    default: return {};
    }
}

QVariant AccuracyModel::headerData(int section, Qt::Orientation orientation, int role) const {
    if (orientation != Qt::Horizontal) return {};
    if (role == Qt::DisplayRole) return m_heads.value(section);
    if (role == Qt::ToolTipRole) return m_tips.value(section);
    if (role == Qt::TextAlignmentRole) return int((section == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    return {};
}

// --- the view

AccuracyView::AccuracyView(QWidget* options, QWidget* parent)
    : QWidget(parent), m_switch(new SegmentedControl({tr("Methods"), tr("Joint"), tr("Oracle head"), tr("Gate"), tr("Side by side")}, this)), m_run(make_button(tr("Evaluate"), QStringLiteral("run"), false, this)),
      m_latex(new IconButton(QStringLiteral("copy"), tr("Copy as LaTeX"), this)), m_csv(new IconButton(QStringLiteral("table"), tr("Copy as CSV"), this)), m_note(new ElidedLabel({}, 12, false, TextRole::secondary, this)),
      m_table(new TableView(this)), m_model(new AccuracyModel(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 0);
    column->setSpacing(4);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(12, 0, 12, 0);
    row->setSpacing(8);
    m_run->setProperty("lathe_tool", true);
    m_run->setToolTip(tr("Every chosen method on the pictures of every task; what is done stays when it is stopped"));
    m_switch->set_tool_size(true);
    m_switch->set_current(0);
    m_switch->set_tool_tip(1, tr("Right head chosen by the gate and right class, by task"));
    m_switch->set_tool_tip(2, tr("Right class when the head of the true task is given, by task; published numbers of static merging are these"));
    m_switch->set_tool_tip(3, tr("Right head chosen, by task"));
    m_switch->set_tool_tip(4, tr("All three by task, in columns of their own"));
    row->addWidget(m_run);
    if (options) row->addWidget(options);
    row->addWidget(m_switch);
    row->addWidget(m_note, 1);
    row->addWidget(m_latex);
    row->addWidget(m_csv);
    column->addLayout(row);
    m_table->set_model(m_model);
    m_table->setAccessibleName(tr("Accuracy of the methods"));
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    column->addWidget(m_table, 1);
    connect(m_run, &QPushButton::clicked, this, &AccuracyView::run_requested);
    connect(m_latex, &QToolButton::clicked, this, [this] { QApplication::clipboard()->setText(as_latex()); });
    connect(m_csv, &QToolButton::clicked, this, [this] { QApplication::clipboard()->setText(as_csv()); });
    connect(m_switch, &SegmentedControl::chosen, this, [this] {
        rebuild();
        Q_EMIT columns_changed();
    });
    connect(&Theme::instance(), &Theme::changed, this, &AccuracyView::rebuild);
    rebuild();
}

void AccuracyView::set_method_titles(const QHash<QString, QString>& titles) {
    m_titles = titles;
    rebuild();
}

void AccuracyView::take(const Artifact& artifact) {
    if (artifact.key == "accuracy") {
        m_accuracy = table_of(artifact);
        m_places.clear();
        for (std::size_t r = 0; r < m_accuracy.rows.size(); ++r) m_places[place_of(text_in(m_accuracy, r, "method"), text_in(m_accuracy, r, "task"))] << int(r);
    } else if (artifact.key == "methods") {
        m_methods = table_of(artifact);
    } else {
        return;
    }
    rebuild();
}

void AccuracyView::forget() {
    m_accuracy = m_methods = CsvTable();
    m_places.clear();
    rebuild();
}

void AccuracyView::set_stale(bool stale) {
    if (stale == m_stale) return;
    m_stale = stale;
    rebuild();
}

void AccuracyView::set_running(const QString& text) {
    m_running = text;
    m_run->setText(text.isEmpty() ? tr("Evaluate") : tr("Cancel"));
    rebuild();
}

AccuracyView::Columns AccuracyView::columns() const { return Columns(std::max(0, m_switch->current())); }

void AccuracyView::set_columns(Columns columns) {
    m_switch->set_current(int(columns));
    rebuild();
}

QString AccuracyView::note() const { return m_note->text(); }

/// "gated m=3" is the method with settings of its own.
QString AccuracyView::title_of(const QString& method) const {
    const QString id = method.section(u' ', 0, 0), settings = method.section(u' ', 1);
    const QString title = m_titles.value(id, id);
    return settings.isEmpty() ? title : tr("%1, %2").arg(title, settings);
}

QStringList AccuracyView::methods() const {
    QStringList out;
    for (std::size_t r = 0; r < m_methods.rows.size(); ++r)
        if (const QString method = text_in(m_methods, r, "method"); !out.contains(method)) out << method;
    for (std::size_t r = 0; r < m_accuracy.rows.size(); ++r)   // while it is measured the summary comes last
        if (const QString method = text_in(m_accuracy, r, "method"); !out.contains(method)) out << method;
    if (out.removeAll(kHardRouting) > 0) out.prepend(kHardRouting);
    return out;
}

QStringList AccuracyView::tasks() const {
    QStringList out;
    for (std::size_t r = 0; r < m_accuracy.rows.size(); ++r)
        if (const QString task = text_in(m_accuracy, r, "task"); !out.contains(task)) out << task;
    return out;
}

double AccuracyView::value_of(const QString& method, const QString& task, const char* measure) const {
    return mean_of(m_accuracy, m_places.value(place_of(method, task)), measure);
}

QList<int> AccuracyView::method_rows(const QString& method) const {
    QList<int> out;
    for (std::size_t r = 0; r < m_methods.rows.size(); ++r)
        if (text_in(m_methods, r, "method") == method) out << int(r);
    return out;
}

int AccuracyView::repeats() const {
    qsizetype most = 1;
    for (const QList<int>& rows : m_places) most = std::max(most, rows.size());
    return int(most);
}

void AccuracyView::add_summary(QStringList& heads, QStringList& tips, QList<QList<AccuracyModel::Cell>>& rows) const {
    struct Column { const char* id; QString head, tip; double factor; int decimals; };
    const QList<Column> columns{{"joint", tr("Joint, %"), tr("Right head chosen by the gate and right class"), 100, 1}, {"normalised_joint", tr("of individual, %"), tr("Joint accuracy as a share of the individual models', mean over tasks"), 100, 1},
        {"oracle", tr("Oracle head, %"), tr("Right class when the head of the true task is given: another measure than joint"), 100, 1},
        {"normalised_oracle", tr("of individual, %"), tr("Oracle-head accuracy as a share of the individual models', mean over tasks"), 100, 1}, {"gate", tr("Gate, %"), tr("Right head chosen"), 100, 1},
        {"bytes", tr("MB, fp32"), tr("Storage with all heads and the gate"), 1 / kInMega, 2}, {"bytes_fp16", tr("MB, fp16"), tr("Storage with half precision"), 1 / kInMega, 2},
        {"parameters", tr("Parameters, M"), tr("Stored, in millions"), 1 / kInMega, 2}, {"merge_ms", tr("Merge, ms"), tr("Measured"), 1, 2}, {"forward_ms_per_image", tr("Forward, ms/picture"), tr("Measured, gate included"), 1, 3}};
    const QStringList all = methods();
    const QList<int> base = method_rows(kHardRouting);
    for (const Column& column : columns) {
        heads << column.head;
        tips << column.tip;
        for (int r = 0; r < all.size(); ++r) rows[r] << number_cell(column.factor * mean_of(m_methods, method_rows(all[r]), column.id), column.decimals);
        if (base.isEmpty() || (std::string_view(column.id) != "joint" && std::string_view(column.id) != "bytes")) continue;
        const bool is_bytes = std::string_view(column.id) == "bytes";
        heads << tr("Δ");
        tips << (is_bytes ? tr("Storage less hard routing's, in MB") : tr("Joint accuracy less hard routing's, in points"));
        for (int r = 0; r < all.size(); ++r) rows[r] << number_cell(all[r] == kHardRouting ? std::nan("") : column.factor * (mean_of(m_methods, method_rows(all[r]), column.id) - mean_of(m_methods, base, column.id)), column.decimals);
    }
    heads << tr("Path");
    tips << tr("How it was computed");
    for (int r = 0; r < all.size(); ++r) {
        const QString path = text_in(m_methods, std::size_t(method_rows(all[r]).value(0, -1)), "path");
        rows[r] << (path.isEmpty() ? number_cell(std::nan(""), 0) : text_cell(path));
    }
}

void AccuracyView::add_measure(QStringList& heads, QStringList& tips, QList<QList<AccuracyModel::Cell>>& rows, const char* measure, const QString& title, const QString& tip) const {
    const QStringList all = methods(), every = tasks();
    for (const QString& task : every) {
        heads << (title.isEmpty() ? task : tr("%1, %2").arg(task, title));
        tips << tip;
        for (int r = 0; r < all.size(); ++r) rows[r] << number_cell(100 * value_of(all[r], task, measure), 1);
    }
    heads << (title.isEmpty() ? tr("Mean") : tr("Mean, %1").arg(title));
    tips << tr("Mean over the tasks. %1").arg(tip);
    for (int r = 0; r < all.size(); ++r) {
        double sum = 0;
        for (const QString& task : every) sum += value_of(all[r], task, measure);
        rows[r] << number_cell(every.isEmpty() ? std::nan("") : 100 * sum / double(every.size()), 1);   // NaN where a task is missing
    }
}

void AccuracyView::rebuild() {
    const QStringList all = methods();
    QStringList heads{tr("Method")}, tips{QString()};
    QList<QList<AccuracyModel::Cell>> rows;
    for (const QString& method : all) rows << QList<AccuracyModel::Cell>{text_cell(method == kHardRouting ? tr("%1, baseline to beat").arg(title_of(method)) : title_of(method))};
    const QString joint_tip = tr("Joint accuracy, %: right head chosen by the gate and right class"), oracle_tip = tr("Oracle-head accuracy, %: right class when the head of the true task is given"), gate_tip = tr("Gate accuracy, %: right head chosen");
    switch (columns()) {
    case Columns::summary: add_summary(heads, tips, rows); break;
    case Columns::joint: add_measure(heads, tips, rows, "joint", {}, joint_tip); break;
    case Columns::oracle: add_measure(heads, tips, rows, "oracle", {}, oracle_tip); break;
    case Columns::gate: add_measure(heads, tips, rows, "gate", {}, gate_tip); break;
    case Columns::side_by_side:
        add_measure(heads, tips, rows, "joint", tr("joint"), joint_tip);
        add_measure(heads, tips, rows, "oracle", tr("oracle head"), oracle_tip);
        add_measure(heads, tips, rows, "gate", tr("gate"), gate_tip);
        break;
    }
    m_model->set_rows(heads, tips, rows, int(all.indexOf(kHardRouting)), m_stale);
    m_table->resizeColumnsToContents();
    m_latex->setEnabled(!rows.isEmpty());
    m_csv->setEnabled(!rows.isEmpty());
    if (!m_running.isEmpty()) m_note->setText(m_running);
    else if (rows.isEmpty()) m_note->setText(tr("Evaluate measures every method on every task: joint, oracle-head and gate accuracy apart, storage and time."));
    else if (m_stale) m_note->setText(tr("Stale: of other models or parameters."));
    else if (repeats() > 1) m_note->setText(tr("Means over %1 seeds or sets; Copy as CSV has each.").arg(repeats()));
    else
        switch (columns()) {
        case Columns::joint: m_note->setText(joint_tip); break;
        case Columns::oracle: m_note->setText(oracle_tip); break;
        case Columns::gate: m_note->setText(gate_tip); break;
        default: m_note->setText(tr("Joint and oracle-head accuracy are different measures and never share a column.")); break;
        }
}

QString AccuracyView::as_latex() const {
    QList<QStringList> rows;
    for (int r = 0; r < m_model->rowCount(); ++r) {
        QStringList cells;
        for (int c = 0; c < m_model->columnCount(); ++c) cells << latex_cell(m_model->text(r, c));
        rows << cells;
    }
    QStringList heads;
    for (const QString& head : m_model->heads()) heads << latex_cell(head).replace(QStringLiteral("Δ"), QStringLiteral("$\\Delta$"));
    return latex_table(u'l' + QString(std::max(0, m_model->columnCount() - 1), u'r'), heads, rows);
}

QString AccuracyView::as_csv() const { return csv_of(m_methods) + (m_accuracy.rows.empty() ? QString() : QStringLiteral("\r\n") + csv_of(m_accuracy)); }

}
