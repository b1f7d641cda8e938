#include "widgets/kept_view.h"
#include "widgets/kept_command.h"
#include <QUndoStack>

namespace lathe {

KeptView::KeptView(const QString& name, std::function<Json()> read, std::function<void(const Json&)> apply, QObject* parent) : QObject(parent), m_name(name), m_read(std::move(read)), m_last(m_read()) {
    new UndoTarget(name, [this, apply = std::move(apply)](const Json& view) {
        apply(view);
        m_last = m_read();
        Q_EMIT changed();
    }, this);
}

void KeptView::edited(const QString& text, bool dragging) {
    Q_EMIT changed();
    if (dragging) return;
    Json now = m_read();
    if (now == m_last) return;
    if (m_undo) m_undo->push(new KeptCommand(m_name, text, m_last, now, true));
    m_last = std::move(now);
}

}
