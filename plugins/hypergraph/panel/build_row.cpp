#include "plugins/hypergraph/panel/build_row.h"
#include "viewers/plot_viewer.h"
#include "widgets/number_field.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace lathe::hypergraph {

BuildRow::BuildRow(QWidget* parent) : QWidget(parent), m_plot(new PlotViewer(this)), m_text(new TextLabel({}, 12, false, TextRole::secondary, this)), m_preview(make_button(tr("Preview"), QStringLiteral("eye"), false, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 2, 0, 4);
    column->setSpacing(4);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(12, 0, 12, 0);
    row->setSpacing(8);
    m_preview->setProperty("lathe_tool", true);
    m_preview->setToolTip(tr("Builds the hyperedges and counts them; nothing is trained"));
    m_text->setWordWrap(true);
    row->addWidget(m_preview, 0, Qt::AlignTop);
    row->addWidget(m_text, 1);
    column->addLayout(row);
    m_plot->setFixedHeight(120);
    m_plot->set_legend_visible(false);
    m_plot->set_titles(tr("Members"), tr("Hyperedges"));
    m_plot->set_log_y(true);
    m_plot->setAccessibleName(tr("Sizes of the hyperedges"));
    column->addWidget(m_plot);
    connect(m_preview, &QPushButton::clicked, this, &BuildRow::preview_requested);
    show_answer();
}

QString BuildRow::text() const { return m_text->text(); }

void BuildRow::take(const Artifact& artifact) {
    if (artifact.key != "sizes") return;
    const CsvTable table = table_of(artifact);
    const int size = column_of(table, "size"), count = column_of(table, "hyperedges");
    m_sizes.clear();
    for (std::size_t r = 0; r < table.rows.size(); ++r)
        if (const auto x = number_in(table, r, size), y = number_in(table, r, count); x && y && *y > 0) m_sizes.emplace_back(*x, *y);
    std::ranges::sort(m_sizes);
}

void BuildRow::finish(const Json& summary) {
    m_summary = summary;
    m_stale = false;
    show_answer();
}

void BuildRow::set_running(const QString& text) {
    m_preview->setText(text.isEmpty() ? tr("Preview") : tr("Cancel"));
    if (text.isEmpty()) show_answer();
    else m_text->setText(text);
}

void BuildRow::set_stale(bool stale) {
    if (stale == m_stale) return;
    m_stale = stale;
    show_answer();
}

void BuildRow::show_answer() {
    const auto whole = [&](const char* key) { return grouped_number(fact(m_summary, key), 0); };
    QStringList parts;
    if (!std::isnan(fact(m_summary, "hyperedges"))) {
        parts << tr("%1 hyperedges").arg(whole("hyperedges"));
        if (fact(m_summary, "largest") > 0) parts << tr("largest %1").arg(whole("largest"));
        if (!std::isnan(fact(m_summary, "uncovered"))) parts << tr("%1 nodes in none").arg(whole("uncovered"));
        if (const double threshold = fact(m_summary, "threshold"); !std::isnan(threshold)) parts << tr("cut at distance %1").arg(threshold, 0, 'g', 4);
        if (const double seconds = fact(m_summary, "seconds"); seconds > 0) parts << tr("%1 s").arg(seconds, 0, 'g', 2);
        if (m_stale) parts << tr("stale");
    }
    m_text->setText(parts.join(QStringLiteral(" · ")));
    m_text->set_stale(m_stale);
    Curve curve{QStringLiteral("sizes"), tr("hyperedges"), {}, {}, 0, false, true, m_stale, {}};
    for (const auto& [size, count] : m_sizes) curve.x << size, curve.y << count;
    m_plot->set_curves(curve.x.isEmpty() ? QVector<Curve>() : QVector<Curve>{curve});
    m_plot->setVisible(!curve.x.isEmpty());
}

}
