// The centre of a workspace: its own view, panes that a panel puts there, and docks that were moved there, in a grid of equal places.
#include "app/gui/dock_area.h"
#include "widgets/dock_title.h"
#include <QDockWidget>
#include <QSplitter>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe {
namespace {
Json sizes_of(const QSplitter& splitter) {
    Json sizes = Json::array();
    for (const int size : splitter.sizes()) sizes.push_back(size);
    return sizes;
}

void set_sizes(QSplitter& splitter, const Json& saved) {
    QList<int> sizes;
    if (saved.is_array())
        for (const Json& size : saved)
            if (size.is_number_integer()) sizes << std::clamp(size.get<int>(), 1, 100'000);
    if (sizes.size() != splitter.count()) sizes = QList<int>(splitter.count(), 1000);   // equal parts
    splitter.setSizes(sizes);
}
}

void DockArea::put_in_centre(Dock& dock) {
    auto* pane = new QWidget(m_centre);
    auto* column = new QVBoxLayout(pane);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    if (dock.dock) {
        dock.dock->setTitleBarWidget(nullptr);
        dock.dock->hide();
    }
    column->addWidget(dock.bar);
    column->addWidget(dock.content, 1);
    dock.bar->show();
    dock.content->show();
    dock.pane = pane;
    m_views << pane;
}

void DockArea::take_from_centre(Dock& dock) {
    if (!dock.dock || !dock.pane || !dock.content) return;
    m_views.removeOne(dock.pane.data());
    dock.dock->setTitleBarWidget(dock.bar);
    dock.dock->setWidget(dock.content);
    dock.content->show();
    dock.pane->hide();
    dock.pane->deleteLater();
    dock.pane.clear();
}

/// Without saved sizes a single column keeps the heights that its panes asked for; a grid has equal places.
void DockArea::arrange_centre(const Json& sizes) {
    const QList<QSplitter*> old = m_rows;
    m_rows.clear();
    const qsizetype columns = std::clamp<qsizetype>(m_columns, 1, std::max<qsizetype>(1, m_views.size()));
    for (qsizetype i = 0; i < m_views.size(); i += columns) {
        if (columns == 1) {
            m_centre->addWidget(m_views[i]);
            continue;
        }
        auto* row = new QSplitter(Qt::Horizontal, m_centre);
        row->setChildrenCollapsible(false);
        row->setHandleWidth(1);
        connect(row, &QSplitter::splitterMoved, &m_rest, qOverload<>(&QTimer::start));
        for (qsizetype j = i; j < std::min(i + columns, m_views.size()); ++j) row->addWidget(m_views[j]);
        m_rows << row;
        m_centre->addWidget(row);
    }
    // What moves from one splitter to another is hidden on the way.
    for (QWidget* view : std::as_const(m_views)) view->show();
    for (QSplitter* row : std::as_const(m_rows)) row->show();
    for (QSplitter* row : old) {
        row->hide();
        row->setParent(nullptr);   // else it would count as a row until the loop turns
        row->deleteLater();
    }
    const bool saved = sizes.is_array() && !sizes.empty();
    QList<int> extents;
    int asked = 0;
    for (const Dock& dock : m_docks)
        if (!dock.dock && dock.pane) {
            extents << dock.extent;
            asked += dock.extent;
        }
    if (!saved && columns == 1 && extents.size() + 1 == m_views.size()) {
        extents.prepend(std::max(200, m_centre->height() - asked));
        m_centre->setSizes(extents);
        return;
    }
    set_sizes(*m_centre, saved ? sizes[0] : Json());
    for (qsizetype i = 0; i < m_rows.size(); ++i) set_sizes(*m_rows[i], saved && std::size_t(i + 1) < sizes.size() ? sizes[std::size_t(i + 1)] : Json());
}

Json DockArea::centre_layout() const {
    Json moved = Json::array(), sizes = Json::array({sizes_of(*m_centre)});
    for (QWidget* view : m_views)
        for (const Dock& dock : m_docks)
            if (dock.dock && dock.pane == view) moved.push_back(dock.id.toStdString());
    for (const QSplitter* row : m_rows) sizes.push_back(sizes_of(*row));
    return {{"grid", m_columns}, {"centre", std::move(moved)}, {"sizes", std::move(sizes)}};
}

void DockArea::apply_centre(const Json& layout) {
    const auto grid = layout.find("grid"), moved = layout.find("centre"), sizes = layout.find("sizes");
    if (grid == layout.end() || !grid->is_number_integer() || moved == layout.end() || !moved->is_array()) return;   // of an older version
    for (Dock& dock : m_docks)
        if (dock.dock && dock.pane) take_from_centre(dock);
    for (const Json& id : *moved)
        if (Dock* dock = id.is_string() ? known(QString::fromStdString(id.get<std::string>())) : nullptr; dock && dock->dock && !dock->pane && !dock->window) put_in_centre(*dock);
    m_columns = std::clamp(grid->get<int>(), 1, 3);
    arrange_centre(sizes == layout.end() ? Json() : *sizes);
}

void DockArea::set_grid(int columns) {
    change(columns == 1 ? tr("One column") : tr("Grid of %1 columns").arg(columns), [&] {
        m_columns = std::clamp(columns, 1, 3);
        arrange_centre(Json::array({Json()}));
    });
}

void DockArea::move_to_centre(const QString& id) {
    Dock* dock = known(id);
    if (!dock || !dock->dock || dock->pane) return;
    change(tr("Move %1").arg(dock->title), [&] {
        if (dock->window) dock->window->close();
        put_in_centre(*dock);
        arrange_centre(Json::array({Json()}));
    });
}

}
