#include "plugins/bev/panel/coverage_view.h"
#include "plugins/bev/panel/voxel_colours.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include <QScrollArea>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe::bev {

CoverageView::CoverageView(QWidget* parent)
    : QWidget(parent), m_covered(new StatRow(tr("Covered"), true, this)), m_overlap(new StatRow(tr("Seen by two cameras or more"), true, this)), m_cameras(new SimpleTable({tr("Camera"), tr("Cells"), tr("Share")}, this)),
      m_heights(new SimpleTable({tr("Height"), tr("Covered"), tr("Overlap")}, this)), m_stages(new SimpleTable({tr("Stage"), tr("ms")}, this)) {
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    outer->addWidget(scroll);
    auto* body = new QWidget;
    auto* column = new QVBoxLayout(body);
    column->setContentsMargins(12, 8, 12, 8);
    column->setSpacing(8);
    m_cameras->setAccessibleName(tr("Cells by camera"));
    m_heights->setAccessibleName(tr("Coverage by height"));
    m_stages->setAccessibleName(tr("Time of each stage"));
    for (QWidget* row : {static_cast<QWidget*>(m_covered), static_cast<QWidget*>(m_overlap), static_cast<QWidget*>(m_cameras), static_cast<QWidget*>(m_heights), static_cast<QWidget*>(m_stages)}) column->addWidget(row);
    column->addStretch(1);
    scroll->setWidget(body);
    show_frame(nullptr);
}

void CoverageView::show_frame(const Frame* frame) {
    const auto percent = [](double share) { return tr("%1 %").arg(100 * share, 0, 'f', 1); };
    if (!frame || frame->view.is_empty()) {
        m_covered->set_value(QStringLiteral("–"));
        m_overlap->set_value(QStringLiteral("–"));
        m_cameras->set_rows({});
        m_heights->set_rows({});
        m_stages->set_rows({});
        return;
    }
    const VoxelView& view = frame->view;
    const Coverage all = coverage_of(view);
    m_covered->set_value(percent(all.covered), all.covered);
    m_overlap->set_value(percent(all.overlap), all.overlap);
    const auto total = double(view.camera.size());
    QList<QStringList> rows;
    for (int c = 0; c < view.cameras.size(); ++c) {
        const auto mine = std::count(view.camera.begin(), view.camera.end(), std::uint8_t(c));
        rows << QStringList{short_name(view.cameras[c]), QString::number(mine), percent(double(mine) / total)};
    }
    const auto none = std::count(view.camera.begin(), view.camera.end(), std::uint8_t{255});
    rows << QStringList{tr("none"), QString::number(none), percent(double(none) / total)};
    m_cameras->set_rows(rows);
    rows.clear();
    for (int z = 0; z < view.n[2]; ++z) {
        std::size_t covered = 0, overlap = 0;
        for (std::size_t i = std::size_t(z); i < view.camera.size(); i += std::size_t(view.n[2])) {
            covered += view.camera[i] != 255;
            overlap += i < view.seen.size() && view.seen[i] >= 2;
        }
        const double layer = total / view.n[2];
        rows << QStringList{tr("%1 m").arg(view.sample_point({0, 0, z})[2], 0, 'f', 2).replace(u'-', QChar(0x2212)), percent(double(covered) / layer), percent(double(overlap) / layer)};
    }
    m_heights->set_rows(rows);
    rows.clear();
    for (std::size_t row = 0; row < frame->stages.rows.size(); ++row)
        rows << QStringList{text_in(frame->stages, row, "stage"), QString::number(number_in(frame->stages, row, "ms").value_or(0), 'f', 1)};
    m_stages->set_rows(rows);
}

}
