#include "plugins/delta_cache/panel/roles_view.h"
#include "core/base/error.h"
#include "viewers/heat_map.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QHBoxLayout>
#include <QPushButton>
#include <QStringList>
#include <QVBoxLayout>
#include <cmath>

namespace lathe::delta_cache {
namespace {

/// Columns of the CSV by name, as numbers.
std::vector<std::vector<double>> columns_of(const Artifact& table, const QStringList& names) {
    const auto fail = [&](const std::string& why) { throw Error(ErrorCode::wrong_format, "The study cannot be shown.", table.key + ": " + why, "Run the study again."); };
    if (!table.bytes) fail("it has no bytes");
    const QStringList lines = QString::fromStdString(*table.bytes).split(u'\n', Qt::SkipEmptyParts);
    if (lines.size() < 2) fail("it has no rows");
    const QStringList heads = lines.front().trimmed().split(u',');
    std::vector<std::vector<double>> columns;
    for (const QString& name : names) {
        const qsizetype at = heads.indexOf(name);
        if (at < 0) fail("the column " + name.toStdString() + " is missing");
        std::vector<double> values;
        for (qsizetype i = 1; i < lines.size(); ++i) {
            bool number = false;
            const double v = lines[i].trimmed().split(u',').value(at).toDouble(&number);
            values.push_back(number ? v : std::nan(""));
        }
        columns.push_back(std::move(values));
    }
    return columns;
}

}

RolesView::RolesView(QWidget* parent) : QWidget(parent), m_map(new HeatMapView(this)), m_note(new TextLabel({}, 12, false, TextRole::secondary, this)), m_run(make_button(tr("Run study"), QStringLiteral("run"), false, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 4, 12, 8);
    column->setSpacing(6);
    column->addWidget(m_map, 1);
    m_map->setMinimumHeight(104);
    m_map->setMaximumHeight(116);
    m_map->setAccessibleName(tr("Block roles"));
    m_map->set_unit(tr("% relative L2"));
    m_map->hide();
    auto* row = new QHBoxLayout;
    m_note->setText(tr("Not studied yet: shows which blocks the outline and which the details need."));
    m_note->setWordWrap(true);
    m_note->setMinimumHeight(3 * QFontMetrics(m_note->font()).height() + 4);   // docks do not ask wrapped texts for their height
    row->addWidget(m_note, 1);
    row->addWidget(m_run, 0, Qt::AlignTop);
    m_run->setToolTip(tr("Caches one window of blocks after another and measures the error of outline and detail. Takes minutes."));
    column->addLayout(row);
    connect(m_run, &QPushButton::clicked, this, &RolesView::study_requested);
    connect(m_map, &HeatMapView::clicked, this, [this](int, int window) { Q_EMIT window_chosen(window, window + m_width); });
}

void RolesView::show_roles(const Artifact& table) {
    const auto columns = columns_of(table, {QStringLiteral("outline_error"), QStringLiteral("detail_error"), QStringLiteral("first_block"), QStringLiteral("end_block"), QStringLiteral("images")});
    m_windows = int(columns[0].size());
    m_width = std::max(1, int(columns[3][0] - columns[2][0]));
    std::vector<double> values;
    for (int row = 0; row < 2; ++row)
        for (const double v : columns[std::size_t(row)]) values.push_back(v * 100);
    m_map->set_values(2, m_windows, std::move(values));
    m_map->set_row_labels({tr("Outline"), tr("Detail")});
    m_map->set_column_labels({}, tr("first block of a window of %1").arg(m_width));
    m_map->set_legend(tr("%1 seeds").arg(int(columns[4][0])));
    m_map->show();
    m_note->clear();
    m_note->setMinimumHeight(0);
    m_run->setText(tr("Run again"));
}

void RolesView::set_running(const QString& note) {
    m_run->setEnabled(note.isEmpty());
    m_note->setText(note.isEmpty() && !has_roles() ? tr("Not studied yet: shows which blocks the outline and which the details need.") : note);
}

void RolesView::set_stale(bool stale) { m_map->set_stale(stale); }

}
