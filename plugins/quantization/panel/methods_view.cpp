#include "plugins/quantization/panel/methods_view.h"
#include "plugins/quantization/panel/network.h"
#include "widgets/latex_table.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QMenu>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe::quantization {
namespace {

QString method_title(const QString& id) {
    static const QHash<QString, QString> titles{{QStringLiteral("plain"), MethodsView::tr("Plain rounding")}, {QStringLiteral("adaround"), QStringLiteral("AdaRound")},
        {QStringLiteral("brecq"), QStringLiteral("BRECQ")}, {QStringLiteral("qdrop"), QStringLiteral("QDrop")}};
    return titles.value(id, id);
}

/// "4/8" is W4A8.
QString bits_title(const QString& bits) {
    const QStringList two = bits.split(u'/');
    return two.size() == 2 ? QStringLiteral("W%1A%2").arg(two[0], two[1]) : bits;
}

}

MethodsView::MethodsView(QWidget* options, QWidget* parent)
    : QWidget(parent), m_note(new TextLabel({}, 11, false, TextRole::secondary, this)), m_progress(new TextLabel({}, 12, false, TextRole::secondary, this)),
      m_run(make_button(tr("Compare methods"), {}, false, this)), m_place(new QWidget(this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 4, 0, 8);
    column->setSpacing(6);
    auto* inside = new QVBoxLayout(m_place);
    inside->setContentsMargins(0, 0, 0, 0);
    column->addWidget(m_place);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(12, 0, 12, 0);
    row->setSpacing(8);
    m_run->setToolTip(tr("Every method at every number of bits, over several seeds; takes minutes"));
    m_run->setProperty("lathe_tool", true);
    row->addWidget(m_run);
    row->addWidget(options);
    row->addWidget(m_progress, 1);
    m_note->setContentsMargins(12, 0, 12, 0);
    m_note->setWordWrap(true);
    m_progress->setWordWrap(true);
    column->addWidget(m_note);
    column->addLayout(row);
    column->addStretch(1);
    connect(m_run, &QPushButton::clicked, this, &MethodsView::run_requested);
    rebuild();
}

void MethodsView::set_running(const QString& text) {
    m_run->setText(text.isEmpty() ? tr("Compare methods") : tr("Cancel"));
    m_progress->setText(text);
}

void MethodsView::show_comparison(const Artifact& artifact) {
    m_data = table_of(artifact, kMostRows);
    m_names.clear();
    m_bits.clear();
    m_cells.clear();
    QStringList backends;
    for (std::size_t i = 0; i < m_data.rows.size(); ++i)
        if (const QString backend = text_in(m_data, i, "backend"); !backends.contains(backend)) backends << backend;
    for (std::size_t i = 0; i < m_data.rows.size(); ++i) {
        const QString method = method_title(text_in(m_data, i, "method")), bits = text_in(m_data, i, "bits");
        const QString name = backends.size() > 1 ? method + QStringLiteral(", ") + text_in(m_data, i, "backend") : method;
        if (!m_names.contains(name)) m_names << name;
        if (!m_bits.contains(bits)) m_bits << bits;
        const auto mean = number_in(m_data, i, "top1 mean");
        if (mean) m_cells[name][bits] = {*mean * 100, number_in(m_data, i, "top1 std").value_or(0) * 100, int(number_in(m_data, i, "n").value_or(1))};
    }
    rebuild();
}

void MethodsView::rebuild() {
    QStringList heads{tr("Method")};
    for (const QString& bits : std::as_const(m_bits)) heads << bits_title(bits);
    heads << tr("n");
    const bool same = m_table && m_table->columnCount() == heads.size();
    if (!same) {
        delete m_table;
        m_table = new SimpleTable(heads, m_place);
        m_table->setAccessibleName(tr("Methods"));
        m_table->setContextMenuPolicy(Qt::CustomContextMenu);
        m_place->layout()->addWidget(m_table);
        connect(m_table, &QWidget::customContextMenuRequested, this, [this](const QPoint& at) {
            QMenu menu(this);
            menu.addAction(tr("Copy as LaTeX"), this, [this] { QApplication::clipboard()->setText(as_latex()); });
            menu.addAction(tr("Copy as CSV"), this, [this] { QApplication::clipboard()->setText(as_csv()); });
            menu.exec(m_table->viewport()->mapToGlobal(at));
        });
    }
    m_table->setHorizontalHeaderLabels(heads);
    m_rows.clear();
    m_best.clear();
    int most = 0;
    for (const auto& row : std::as_const(m_cells))
        for (const Cell& cell : row) most = std::max(most, cell.n);
    for (const QString& name : std::as_const(m_names)) {
        QStringList row{name};
        int fewest = most;
        for (const QString& bits : std::as_const(m_bits)) {
            const auto& cells = m_cells[name];
            if (const auto found = cells.constFind(bits); found != cells.cend()) {
                row << (found->n > 1 ? tr("%1 ± %2").arg(found->mean, 0, 'f', 1).arg(found->std, 0, 'f', 1) : QString::number(found->mean, 'f', 1));
                fewest = std::min(fewest, found->n);
            } else {
                row << QStringLiteral("–");
                fewest = 0;
            }
        }
        row << (fewest == most ? QString::number(most) : tr("%1 of %2").arg(fewest).arg(most));
        m_rows << row;
    }
    for (int c = 0; c < m_bits.size(); ++c) {
        double best = -1;
        for (const QString& name : std::as_const(m_names))
            if (m_cells[name].contains(m_bits[c])) best = std::max(best, std::round(m_cells[name][m_bits[c]].mean * 10));
        for (int r = 0; r < m_names.size(); ++r)
            if (m_cells[m_names[r]].contains(m_bits[c]) && std::round(m_cells[m_names[r]][m_bits[c]].mean * 10) == best) m_best.insert({r, c + 1});
    }
    m_table->set_rows(m_rows);
    for (int r = 0; r < m_rows.size(); ++r)
        for (int c = 1; c <= m_bits.size(); ++c) m_table->set_tone(r, c, m_best.contains({r, c}) && m_rows.size() > 1 ? CellTone::strong : CellTone::normal);
    m_table->setVisible(!m_rows.isEmpty());
    m_note->setText(m_rows.isEmpty() ? tr("Rounding to nearest beside AdaRound, BRECQ and QDrop, over seeds, on the test split.") : tr("Bold: best of a column. Right-click to copy as LaTeX."));
}

QString MethodsView::as_latex() const {
    QStringList heads{tr("Method")};
    for (const QString& bits : m_bits) heads << bits_title(bits);
    heads << QStringLiteral("$n$");
    QList<QStringList> rows;
    for (int r = 0; r < m_rows.size(); ++r) {
        QStringList cells;
        for (int c = 0; c < m_rows[r].size(); ++c) {
            const QString text = latex_cell(m_rows[r][c]);
            cells << (m_best.contains({r, c}) ? QStringLiteral("\\textbf{%1}").arg(text) : text);
        }
        rows << cells;
    }
    return latex_table(u'l' + QString(m_bits.size(), u'r') + u'r', heads, rows);
}

QString MethodsView::as_csv() const { return csv_of(m_data); }

}
