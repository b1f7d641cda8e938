#include "plugins/delta_cache/panel/schedule_view.h"
#include "viewers/plot_viewer.h"
#include "widgets/cache_map.h"
#include "widgets/segmented_control.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QVBoxLayout>

namespace lathe::delta_cache {

ScheduleView::ScheduleView(QWidget* parent) : QWidget(parent), m_map(new CacheMap(this)), m_plot(new PlotViewer(this)), m_mode(new SegmentedControl({tr("Paint"), tr("Erase"), tr("Select")}, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 4, 12, 4);
    column->setSpacing(0);   // the cursor's frame runs from the map into the plot
    auto* bar = new QHBoxLayout;
    bar->setSpacing(6);
    const auto legend = [this, bar](const QString& text, QColor ThemeColours::* colour) {
        auto* swatch = new Swatch(this);
        const auto paint = [swatch, colour] { swatch->set_block(Theme::instance().colours().*colour); };
        paint();
        connect(&Theme::instance(), &Theme::changed, swatch, paint);
        bar->addWidget(swatch);
        bar->addWidget(new TextLabel(text, 12, false, TextRole::secondary, this));
        bar->addSpacing(10);
    };
    bar->addStretch(1);
    legend(tr("computed"), &ThemeColours::map_full);
    legend(tr("rear Δ"), &ThemeColours::map_rear);
    legend(tr("front Δ"), &ThemeColours::map_front);
    m_mode->set_tool_size(true);
    m_mode->set_current(0);
    m_mode->setAccessibleName(tr("Mouse in the map"));
    bar->addWidget(m_mode);
    column->addLayout(bar);
    column->addSpacing(2);
    column->addWidget(m_map, 3);
    column->addWidget(m_plot, 2);
    m_map->set_frame_open(true);
    m_map->set_saving_text([this](const QRect& cells) { return saving(cells); });
    m_plot->set_x_axis_visible(false);
    m_plot->set_titles({}, tr("Deviation, %"));
    m_plot->set_empty_text(tr("How far each step is from the one without a cache."));
    m_plot->setAccessibleName(tr("Deviation of each step"));
    m_plot->setMinimumHeight(90);
    m_map->setMinimumHeight(m_map->minimumSizeHint().height());
    connect(m_mode, &SegmentedControl::chosen, this, [this](int mode) { m_map->set_mode(MapMode(mode)); });
    connect(m_map, &CacheMap::cells_changed, this, &ScheduleView::painted);
    connect(m_map, &CacheMap::step_chosen, this, &ScheduleView::step_chosen);
    connect(m_map, &CacheMap::span_changed, this, &ScheduleView::share_axis);
    connect(m_plot, &PlotViewer::clicked, this, [this](double x) { Q_EMIT step_chosen(std::clamp(qRound(x), 0, m_map->steps() - 1)); });
}

void ScheduleView::show_schedule(const Schedule& schedule) {
    m_map->set_shape(schedule.steps, schedule.depth);
    m_map->set_cells(schedule.cells);
    m_map->set_switch(schedule.switch_step);
    m_plot->set_x_range(-0.5, schedule.steps - 0.5);
    share_axis();
}

void ScheduleView::set_step(int step) {
    m_map->set_current_step(step);
    m_plot->set_cursor(step >= 0 ? std::optional<double>(step) : std::nullopt, 1);
}

void ScheduleView::set_curves(const QVector<Curve>& curves) { m_plot->set_curves(curves); }

void ScheduleView::share_axis() {
    const auto [left, right] = m_map->step_span();
    m_plot->set_plot_span(left, right);
}

QString ScheduleView::saving(const QRect& cells) const {
    const double share = double(cells.width()) * cells.height() / (double(m_map->steps()) * m_map->blocks()) * m_block_share;
    return tr("saves %1 % MACs").arg(share * 100, 0, 'f', 1);
}

void ScheduleView::resizeEvent(QResizeEvent* event) {
    QWidget::resizeEvent(event);
    share_axis();
}

}
