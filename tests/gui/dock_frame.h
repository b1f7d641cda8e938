#pragma once
// A panel and its docks in frames and in places as the window gives them.
#include "tests/gui/fake_panel_context.h"
#include "widgets/dock_title.h"
#include "widgets/theme.h"
#include <QGridLayout>
#include <QVBoxLayout>

namespace lathe::gui_test {

/// The surface of a dock, which the window gives it.
inline void fill_as_dock(QWidget* frame) {
    const auto fill = [frame] {
        QPalette palette = Theme::instance().palette();
        palette.setColor(QPalette::Window, theme_colours().base);
        frame->setPalette(palette);
    };
    fill();
    frame->setAutoFillBackground(true);
    QObject::connect(&Theme::instance(), &Theme::changed, frame, fill);
}

/// A dock as the window frames it.
inline QWidget* framed(const FakePanelContext& context, const QString& id) {
    auto* frame = new QWidget;
    fill_as_dock(frame);
    auto* column = new QVBoxLayout(frame);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    const auto& dock = context.docks[id];
    column->addWidget(new DockTitle(dock.title, dock.hint));
    column->addWidget(dock.content, 1);
    return frame;
}

/// A panel in a window: its bar above, parameters left, `below` under it, and right a column for docks, which is given back. `left`, `right`: widths.
inline QVBoxLayout* place_panel(QWidget* window, const FakePanelContext& context, QWidget* panel, QWidget* below, int left, int right) {
    fill_as_dock(panel);
    auto* grid = new QGridLayout(window);
    grid->setContentsMargins(0, 0, 0, 0);
    grid->setSpacing(1);
    grid->addWidget(context.bar, 0, 0, 1, 3);
    grid->addWidget(framed(context, "parameters"), 1, 0, 2, 1);
    grid->addWidget(panel, 1, 1);
    grid->addWidget(below, 2, 1);
    auto* docks = new QWidget;
    auto* column = new QVBoxLayout(docks);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(1);
    grid->addWidget(docks, 1, 2, 2, 1);
    grid->setColumnStretch(1, 1);
    grid->setColumnMinimumWidth(0, left);
    grid->setColumnMinimumWidth(2, right);
    grid->setRowStretch(1, 1);
    window->resize(1528, 928);
    return column;
}

}
