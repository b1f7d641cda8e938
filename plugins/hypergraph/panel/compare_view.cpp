#include "plugins/hypergraph/panel/compare_view.h"
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

CompareView::CompareView(QWidget* options, QWidget* parent)
    : QWidget(parent), m_result_table(new SimpleTable({tr("Network"), tr("Parameters"), tr("Seeds"), tr("Test, %"), tr("s")}, this)),
      m_pair_table(new SimpleTable({tr("Without"), tr("With hyperedges"), tr("Difference"), tr("p")}, this)), m_note(new ElidedLabel({}, 12, false, TextRole::secondary, this)), m_sentences(new TextLabel({}, 13, false, TextRole::normal, this)),
      m_run(make_button(tr("Compare"), QStringLiteral("compare"), false, this)), m_latex(make_button(tr("Copy as LaTeX"), QStringLiteral("copy"), false, this)), m_csv(make_button(tr("Copy as CSV"), QStringLiteral("table"), false, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 4);
    column->setSpacing(4);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(12, 0, 12, 0);
    row->setSpacing(8);
    for (QPushButton* button : {m_run, m_latex, m_csv}) button->setProperty("lathe_tool", true);
    row->addWidget(m_run);
    if (options) row->addWidget(options);
    row->addWidget(m_note, 1);
    row->addWidget(m_latex);
    row->addWidget(m_csv);
    column->addLayout(row);
    auto* tables = new QHBoxLayout;
    tables->setSpacing(12);
    m_result_table->setAccessibleName(tr("Results of the networks"));
    m_result_table->set_text_columns({0});
    m_pair_table->setAccessibleName(tr("Pairs with and without hyperedges"));
    m_pair_table->set_text_columns({0, 1});
    m_sentences->setWordWrap(true);
    m_sentences->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_sentences->setContentsMargins(8, 4, 12, 4);
    auto* answer = new QVBoxLayout;
    answer->setSpacing(4);
    answer->addWidget(m_sentences);
    answer->addWidget(m_pair_table, 1);
    answer->addStretch(0);
    for (SimpleTable* table : {m_result_table, m_pair_table}) {
        table->set_fit_rows(false);
        table->horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);   // names and heads whole; a narrow dock scrolls
    }
    tables->addWidget(m_result_table, 5);
    tables->addLayout(answer, 4);
    column->addLayout(tables, 1);
    show_button();
    connect(m_run, &QPushButton::clicked, this, &CompareView::run_requested);
    connect(m_latex, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(as_latex()); });
    connect(m_csv, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(as_csv() + QStringLiteral("\r\n") + pairs_csv()); });
    rebuild();
}

void CompareView::take(const Artifact& artifact) {
    if (artifact.key == "results") m_results = table_of(artifact);
    else if (artifact.key == "runs") m_runs = table_of(artifact);
    else if (artifact.key == "pairs") m_pairs = table_of(artifact);
    else return;
    m_stale = false;
    rebuild();
}

void CompareView::set_running(const QString& text) {
    m_running = text;
    show_button();
    show_note();
}

void CompareView::set_resumable(bool resumable) {
    m_resumable = resumable;
    show_button();
}

void CompareView::show_button() {
    m_run->setText(!m_running.isEmpty() ? tr("Cancel") : m_resumable ? tr("Resume") : tr("Compare"));
    m_run->setToolTip(m_resumable && m_running.isEmpty() ? tr("Goes on where the comparison ended early: networks and seeds that are finished are not trained again") : tr("Trains networks with and without hyperedges over several seeds; takes minutes"));
}

/// What each seed reached, for the tooltip.
QString CompareView::seeds_text(const QString& net) const {
    const int name = column_of(m_runs, "net"), seed = column_of(m_runs, "seed"), test = column_of(m_runs, "test"), epoch = column_of(m_runs, "epoch");
    QStringList lines;
    for (std::size_t r = 0; r < m_runs.rows.size(); ++r)
        if (text_in(m_runs, r, name) == net) lines << tr("seed %1: %2, epoch %3").arg(text_in(m_runs, r, seed), score(number_or_nan(m_runs, r, test)), text_in(m_runs, r, epoch));
    return lines.join(u'\n');
}

void CompareView::set_regression(bool regression) {
    if (regression == m_regression) return;
    m_regression = regression;
    rebuild();
}

void CompareView::set_stale(bool stale) {
    if (stale == m_stale) return;
    m_stale = stale;
    rebuild();
}

QString CompareView::score(double value) const { return std::isnan(value) ? QStringLiteral("–") : m_regression ? QString::number(value, 'g', 4) : QString::number(100 * value, 'f', 2); }

void CompareView::rebuild() {
    const auto whole = [](double value) { return std::isnan(value) ? QStringLiteral("–") : grouped_number(value, 0); };
    QList<QStringList> rows;
    double best = std::nan("");
    QList<double> means;
    QStringList seeds_of;
    for (std::size_t r = 0; r < m_results.rows.size(); ++r) {
        const double mean = number_or_nan(m_results, r, "mean"), std = number_or_nan(m_results, r, "std"), seeds = number_or_nan(m_results, r, "seeds");
        const QString mean_text = seeds > 1 ? tr("%1 ± %2").arg(score(mean), score(std)) : score(mean);
        const QString net = text_in(m_results, r, "net"), behaviour = text_in(m_results, r, "behaviour"), printed = text_in(m_results, r, "as in HGB");
        seeds_of << seeds_text(net);
        rows << QStringList{behaviour.isEmpty() ? net : tr("%1, %2").arg(net, behaviour), whole(number_or_nan(m_results, r, "parameters")), whole(seeds), printed.isEmpty() ? mean_text : printed,
            std::isnan(number_or_nan(m_results, r, "seconds")) ? QStringLiteral("–") : QString::number(number_or_nan(m_results, r, "seconds"), 'f', 1)};
        means << mean;
        if (!std::isnan(mean) && (std::isnan(best) || (m_regression ? mean < best : mean > best))) best = mean;
    }
    if (QTableWidgetItem* head = m_result_table->horizontalHeaderItem(3)) head->setText(m_regression ? tr("As in HGB: test, error") : tr("As in HGB: test, %"));
    m_result_table->set_rows(rows);
    for (int r = 0; r < rows.size(); ++r) {
        m_result_table->set_tone(r, 3, rows.size() > 1 && means[r] == best ? CellTone::strong : CellTone::normal);
        m_result_table->item(r, 3)->setToolTip(seeds_of[r]);
    }
    QList<QStringList> pairs;
    QStringList sentences;
    for (std::size_t r = 0; r < m_pairs.rows.size(); ++r) {
        const double difference = number_or_nan(m_pairs, r, "difference"), std = number_or_nan(m_pairs, r, "std"), p = number_or_nan(m_pairs, r, "p");
        const QString sign = difference > 0 ? QStringLiteral("+") : QString();
        pairs << QStringList{text_in(m_pairs, r, "without"), text_in(m_pairs, r, "with"),
            std::isnan(difference) ? QStringLiteral("–") : std::isnan(std) ? sign + score(difference) : tr("%1%2 ± %3").arg(sign, score(difference).replace(u'-', u'−'), score(std)),
            std::isnan(p) ? QStringLiteral("–") : p < 0.001 ? QStringLiteral("< 0.001") : QString::number(p, 'f', 3)};
        sentences << text_in(m_pairs, r, "sentence");
    }
    m_pair_table->set_rows(pairs);
    m_sentences->setText(sentences.join(u'\n'));
    m_sentences->set_stale(m_stale);
    m_sentences->setVisible(!sentences.isEmpty());
    m_pair_table->setVisible(!pairs.isEmpty());
    m_result_table->setVisible(!rows.isEmpty());
    for (SimpleTable* table : {m_result_table, m_pair_table}) table->set_stale(m_stale);
    for (QPushButton* button : {m_latex, m_csv}) button->setEnabled(!rows.isEmpty());
    show_note();
}

void CompareView::show_note() {
    if (!m_running.isEmpty()) m_note->setText(m_running);
    else if (m_results.rows.empty()) m_note->setText(tr("Do hyperedges help? The same networks with and without them, over seeds."));
    else m_note->setText(m_stale ? tr("Stale: of other parameters or data.") : tr("Test of the epoch that is best on validation, mean ± std over seeds."));
}

QString CompareView::sentences() const { return m_sentences->text(); }

QString CompareView::as_latex() const {
    if (m_results.rows.empty()) return {};
    QList<QStringList> rows;
    for (int r = 0; r < m_result_table->rowCount(); ++r) {
        QStringList cells;
        for (int c = 0; c < 4; ++c) cells << (m_result_table->item(r, c) ? latex_cell(m_result_table->item(r, c)->text()) : QString());
        rows << cells;
    }
    return latex_table(QStringLiteral("lrrr"), {tr("Network"), tr("Parameters"), QStringLiteral("$n$"), m_regression ? tr("Test error") : tr("Test accuracy, \\%")}, rows);
}

}
