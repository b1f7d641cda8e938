#pragma once
// How something is looked at (a threshold, layers, a filter), as steps of undo: whoever changes it says so, and a step is made of what was different. GUI thread only.
#include "core/base/json.h"
#include <QObject>
#include <functional>

class QUndoStack;

namespace lathe {

class KeptView : public QObject {
    Q_OBJECT
public:
    /// `name`: the same in every session, "view.PLUGIN.what"; `read` gives the whole view, `apply` takes one over (it may be damaged: it was in a file).
    KeptView(const QString& name, std::function<Json()> read, std::function<void(const Json&)> apply, QObject* parent);
    void set_undo_stack(QUndoStack* stack) { m_undo = stack; }   ///< may be null; not owned
    /// A change by the user. dragging: more will follow; the step is made by the first call that is not dragging.
    void edited(const QString& text, bool dragging = false);
    void loaded() { m_last = m_read(); }                         ///< a change that is nothing to undo
Q_SIGNALS:
    void changed();                                              ///< by an edit, an undo or a redo
private:
    QUndoStack* m_undo = nullptr;
    QString m_name;
    std::function<Json()> m_read;
    Json m_last;
};

}
