#include "app/gui/undo_keeper.h"
#include "app/gui/project_host.h"
#include "widgets/kept_command.h"
#include <QUndoStack>

namespace lathe {

UndoKeeper::UndoKeeper(ProjectHost* projects, QUndoStack* stack, QObject* parent) : QObject(parent), m_projects(projects), m_stack(stack) {
    m_rest.setSingleShot(true);
    m_rest.setInterval(500);
    connect(&m_rest, &QTimer::timeout, this, &UndoKeeper::keep);
    connect(stack, &QUndoStack::indexChanged, this, [this] { if (!m_restoring) m_rest.start(); });
    connect(projects, &ProjectHost::closing, this, [this] { if (m_rest.isActive()) keep(); });
    const auto begin = [this] {
        m_restoring = true;
        m_stack->clear();
        restore_history(*m_stack, m_projects->panel_state(state_name()));
        m_restoring = false;
        m_rest.stop();
    };
    connect(projects, &ProjectHost::opened, this, begin);
    connect(projects, &ProjectHost::closed, this, begin);   // no state is left then: an empty history
}

void UndoKeeper::keep() {
    m_rest.stop();
    m_projects->set_panel_state(state_name(), stored_history(*m_stack));
}

}
