#include "app/gui/workspace.h"
#include "app/gui/dock_area.h"
#include "app/gui/side_strip.h"
#include "app/gui/workspace_bar.h"
#include "widgets/parameter_form.h"
#include <QHBoxLayout>

namespace lathe {

Workspace::Workspace(const QString& id, const QString& title, QWidget* parent) : QWidget(parent), m_id(id), m_title(title) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(0);
    m_bar = new WorkspaceBar(title);
}

DockArea* Workspace::use_docks() {
    m_docks = new DockArea(m_id, this);
    m_strip = new SideStrip(m_docks, this);
    layout()->addWidget(m_docks);
    layout()->addWidget(m_strip);
    return m_docks;
}

void Workspace::use_page(QWidget* page) { layout()->addWidget(page); }

void Workspace::set_window_size(const QSize& size) {
    m_bar->set_narrow(size.width() < 1360);
    if (!m_docks) return;
    m_docks->set_narrow(size.width() < 1440);
    const bool low = size.height() < 900;
    m_docks->set_low(low);
    for (ParameterForm* form : m_docks->findChildren<ParameterForm*>()) form->set_folded(low);
    m_strip->refresh();
}

/// A panel may say that it is not ready yet with the property "lathe_ready" of its widgets.
bool Workspace::is_ready() const {
    if (!m_ready) return false;
    const QList<QWidget*> children = findChildren<QWidget*>();
    for (const QWidget* child : children)
        if (const QVariant ready = child->property("lathe_ready"); ready.isValid() && !ready.toBool()) return false;
    return true;
}

}
