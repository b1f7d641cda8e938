#include "plugins/hypergraph/panel/result_view.h"
#include "widgets/latex_table.h"
#include "widgets/number_field.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QPushButton>
#include <QVBoxLayout>
#include <cmath>

namespace lathe::hypergraph {
namespace {

enum GroupColumn { kNetworkColumn, kTestColumn, kSeedsColumn, kValidationColumn, kTrainColumn, kHyperedgesColumn, kDiffersColumn };

constexpr int kFirstCount = 2;                             // columns before the counts of the confusion table

std::vector<double> counts_of(const CsvTable& table, std::size_t row) {
    std::vector<double> out;
    for (int c = 1; c < int(table.columns.size()); ++c) out.push_back(number_in(table, row, c).value_or(0));
    return out;
}

}

ResultView::ResultView(QWidget* parent)
    : QWidget(parent), m_groups(new SimpleTable({tr("Network"), tr("Test"), tr("Seeds"), tr("Validation"), tr("Train"), tr("Hyperedges"), tr("Differs in")}, this)), m_confusion_column(new QVBoxLayout),
      m_note(new ElidedLabel({}, 12, false, TextRole::secondary, this)), m_confusion_note(new ElidedLabel({}, 12, false, TextRole::secondary, this)),
      m_empty(new TextLabel(tr("Run trains the network; then its results stand here as papers print them, and what it took for what."), 13, false, TextRole::secondary, this)),
      m_latex(make_button(tr("LaTeX"), QStringLiteral("copy"), false, this)), m_csv(make_button(tr("CSV"), QStringLiteral("copy"), false, this)), m_confusion_copy(make_button(tr("CSV"), QStringLiteral("copy"), false, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 4);
    column->setSpacing(4);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setContentsMargins(24, 12, 24, 12);
    column->addWidget(m_empty, 1);
    auto* halves = new QHBoxLayout;
    halves->setSpacing(12);
    const auto half = [&](QVBoxLayout* into, QWidget* note, std::initializer_list<QPushButton*> buttons, int stretch) {
        auto* row = new QHBoxLayout;
        row->setContentsMargins(12, 0, 12, 0);
        row->setSpacing(8);
        row->addWidget(note, 1);
        for (QPushButton* button : buttons) {
            button->setProperty("lathe_tool", true);
            row->addWidget(button);
        }
        into->setSpacing(4);
        into->addLayout(row);
        halves->addLayout(into, stretch);
    };
    auto* left = new QVBoxLayout;
    half(left, m_note, {m_latex, m_csv}, 5);
    half(m_confusion_column, m_confusion_note, {m_confusion_copy}, 4);
    left->addWidget(m_groups, 1);
    column->addLayout(halves, 1);
    m_groups->set_text_columns({kNetworkColumn, kHyperedgesColumn, kDiffersColumn});
    m_groups->set_fit_rows(false);
    m_groups->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);   // a narrow dock scrolls
    m_groups->horizontalHeader()->setStretchLastSection(true);
    m_groups->setAccessibleName(tr("Results as in the Hybrid Graph Benchmark"));
    m_latex->setToolTip(tr("Copies the table as a paper prints it, with mean ± std over seeds"));
    m_csv->setToolTip(tr("Copies the table as CSV"));
    m_confusion_copy->setToolTip(tr("Copies the confusion table as CSV"));
    m_confusion_copy->setAccessibleName(tr("Copy the confusion table as CSV"));
    connect(m_latex, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(as_latex()); });
    connect(m_csv, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(as_csv()); });
    connect(m_confusion_copy, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(confusion_csv()); });
    rebuild();
}

void ResultView::set_trainings(const QList<PanelRun>& runs) {
    m_runs = runs;
    rebuild();
}

void ResultView::show_training(std::shared_ptr<const Training> training, bool regression, bool stale) {
    if (training && !training->finished) training.reset();
    if (training == m_training && regression == m_regression && stale == m_stale) return;
    m_training = std::move(training);
    m_regression = regression;
    m_stale = stale;
    rebuild();
}

void ResultView::rebuild() {
    show_groups();
    show_confusion();
    m_empty->setVisible(m_groups->rowCount() == 0);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_groups, m_note, m_latex, m_csv}) widget->setVisible(m_groups->rowCount() > 0);
}

void ResultView::show_groups() {
    const QList<TrainingGroup> groups = group_trainings(m_runs, m_training.get(), m_regression);
    QList<QStringList> rows;
    for (const TrainingGroup& group : groups) {
        const QString differs = group.is_shown ? tr("(shown)") : group.differs.mid(0, 3).join(QStringLiteral(", ")) + (group.differs.size() > 3 ? tr(" and %1 more").arg(group.differs.size() - 3) : QString());
        rows << QStringList{group.network, mean_text(group.test, m_regression), grouped_number(double(group.test.size()), 0), mean_text(group.validation, m_regression), mean_text(group.train, m_regression), QString(group.hyperedges).replace(u'_', u' '), differs};
    }
    const QString unit = m_regression ? tr("%1, error") : tr("%1, %");
    for (const auto& [column, head] : {std::pair(kTestColumn, tr("Test")), std::pair(kValidationColumn, tr("Validation")), std::pair(kTrainColumn, tr("Train"))}) m_groups->horizontalHeaderItem(column)->setText(unit.arg(head));
    m_groups->set_rows(rows);
    for (int r = 0; r < rows.size(); ++r) {
        for (const int c : {int(kNetworkColumn), int(kTestColumn)}) m_groups->set_tone(r, c, groups[r].is_shown ? CellTone::strong : CellTone::normal);
        m_groups->item(r, kDiffersColumn)->setToolTip(groups[r].differs.join(u'\n'));
    }
    m_groups->set_stale(m_stale);
    m_note->setText(m_stale ? tr("Stale: of other parameters or data.") : tr("As in HGB: mean ± std over seeds, at the best epoch on validation."));
    m_note->set_stale(m_stale);
}

void ResultView::show_confusion() {
    const CsvTable none;
    const CsvTable& table = m_training ? m_training->confusion : none;
    const bool any = table.columns.size() > 1 && !table.rows.empty();
    QStringList heads{tr("True class"), tr("Right")};
    for (std::size_t c = 1; c < table.columns.size(); ++c) heads << QString::fromStdString(table.columns[c]);
    QStringList shown;
    for (int c = 0; m_confusion && c < m_confusion->columnCount(); ++c) shown << m_confusion->horizontalHeaderItem(c)->text();
    if (!m_confusion || (any && shown != heads)) {
        delete m_confusion;
        m_confusion = new SimpleTable(heads, this);
        m_confusion->set_fit_rows(false);
        m_confusion->setSelectionBehavior(QAbstractItemView::SelectItems);
        m_confusion->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
        m_confusion->setAccessibleName(tr("Confusion of the test nodes"));
        m_confusion->setToolTip(tr("A click selects these nodes"));
        m_confusion_column->addWidget(m_confusion, 1);
        const auto choose = [this](int row, int column) {
            if (column >= kFirstCount) Q_EMIT cell_chosen(row, column - kFirstCount);
        };
        connect(m_confusion, &QTableWidget::cellClicked, this, choose);
        connect(m_confusion, &QTableWidget::cellActivated, this, choose);
    }
    QList<QStringList> rows;
    double right = 0, all = 0;
    for (std::size_t r = 0; any && r < table.rows.size(); ++r) {
        const std::vector<double> counts = counts_of(table, r);
        double sum = 0;
        for (const double count : counts) sum += count;
        const double own = r < counts.size() ? counts[r] : 0;
        right += own;
        all += sum;
        QStringList row{text_in(table, r, 0), percent(sum > 0 ? own / sum : std::nan(""))};
        for (const double count : counts) row << grouped_number(count, 0);
        rows << row;
    }
    m_confusion->set_rows(rows);
    for (int r = 0; r < rows.size(); ++r) {
        const std::vector<double> counts = counts_of(table, std::size_t(r));
        for (int c = 0; c < int(counts.size()); ++c) m_confusion->set_tone(r, c + kFirstCount, c == r ? CellTone::strong : counts[std::size_t(c)] == 0 ? CellTone::secondary : CellTone::normal);
    }
    m_confusion->set_stale(m_stale);
    m_confusion_note->setText(any ? tr("%1 of %2 test nodes right; columns: what was said.").arg(grouped_number(right, 0), grouped_number(all, 0)) : QString());
    m_confusion_note->set_stale(m_stale);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_confusion, m_confusion_note, m_confusion_copy}) widget->setVisible(any);
}

QString ResultView::confusion_csv() const { return m_training && m_training->confusion.columns.size() > 1 ? csv_of(m_training->confusion) : QString(); }

QString ResultView::as_csv() const { return m_groups->rowCount() > 0 ? m_groups->as_csv() : QString(); }

QString ResultView::as_latex() const {
    if (m_groups->rowCount() == 0) return {};
    QList<QStringList> rows;
    for (int r = 0; r < m_groups->rowCount(); ++r) {
        QStringList cells;
        for (const int c : {int(kNetworkColumn), int(kHyperedgesColumn), int(kSeedsColumn), int(kValidationColumn), int(kTestColumn)}) cells << latex_cell(m_groups->item(r, c)->text());
        rows << cells;
    }
    const QString unit = m_regression ? tr("error") : tr("accuracy, \\%");
    return latex_table(QStringLiteral("llrrr"), {tr("Network"), tr("Hyperedges"), QStringLiteral("$n$"), tr("Validation %1").arg(unit), tr("Test %1").arg(unit)}, rows);
}

}
