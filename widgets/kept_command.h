#pragma once
// Undo steps that can be written down. A step names its target ("layout.runs", "form.delta_cache.0", "view.bev.scene", "runs") and holds what the target is told in each
// direction, so a history is kept with the project and goes on in another session. GUI thread only.
#include "core/base/json.h"
#include <QObject>
#include <QUndoCommand>
#include <functional>

class QUndoStack;

namespace lathe {

/// Takes the steps of one name while it lives. Of two with one name the newer counts.
class UndoTarget : public QObject {
public:
    /// `apply` may be given damaged JSON (it was in a file) and then does nothing.
    UndoTarget(const QString& name, std::function<void(const Json&)> apply, QObject* parent);
    ~UndoTarget() override;
    const QString& name() const { return m_name; }
private:
    QString m_name;
};

/// A step whose target is not there any more is passed over.
class KeptCommand : public QUndoCommand {
public:
    /// is_done: the change is in force already; else pushing the step makes it.
    KeptCommand(const QString& target, const QString& text, Json back, Json forward, bool is_done);
    void undo() override;
    void redo() override;
private:
    friend Json stored_history(const QUndoStack& stack);
    QString m_target;
    Json m_back, m_forward;
    bool m_is_done;
    std::size_t m_bytes;
};

/// Called with the name of the target before each step, so that the window can open and show the place where something is about to change.
void set_undo_guide(std::function<void(const QString& target)> guide);

/// {"index":n,"steps":[…]}: the newest steps, at most as many as the stack's limit and 1 MB. Steps of targets whose name begins with "." are left out.
Json stored_history(const QUndoStack& stack);
/// Puts the steps on an empty stack without carrying any out. Damaged ones are left out.
void restore_history(QUndoStack& stack, const Json& stored);

}
