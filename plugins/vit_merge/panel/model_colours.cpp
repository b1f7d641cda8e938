#include "plugins/vit_merge/panel/model_colours.h"
#include "widgets/theme.h"
#include <QPainter>
#include <algorithm>

namespace lathe::vit_merge {
namespace {
constexpr int kColours = 5;
}

QColor model_colour(int index) { return series_colour(std::max(0, index) % kColours); }

QBrush model_brush(int index) {
    static constexpr Qt::BrushStyle kStyles[] = {Qt::SolidPattern, Qt::BDiagPattern, Qt::Dense4Pattern, Qt::FDiagPattern, Qt::HorPattern, Qt::CrossPattern};
    return {model_colour(index), kStyles[std::size_t(std::clamp(index, 0, 29) / kColours)]};
}

ModelSwatch::ModelSwatch(int index, QWidget* parent) : QWidget(parent), m_index(index) {
    setFixedSize(10, 10);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void ModelSwatch::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), model_brush(m_index));
    painter.setPen(model_colour(m_index));
    painter.drawRect(rect().adjusted(0, 0, -1, -1));
}

}
