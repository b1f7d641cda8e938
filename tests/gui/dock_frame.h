#pragma once
// Docks of a panel in frames as the window gives them.
#include "tests/gui/fake_panel_context.h"
#include "widgets/dock_title.h"
#include "widgets/theme.h"
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

}
