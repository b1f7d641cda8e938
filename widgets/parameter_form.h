#pragma once
// A form made from parameter declarations: groups in small capitals, rows of 32, one editor per type. It holds the one current set of values of its
// method; every change is a step on the given undo stack (a drag is one). GUI thread only.
#include "core/method/parameter.h"
#include <QHash>
#include <QScrollArea>
#include <QStringList>
#include <QTimer>
#include <functional>
#include <optional>

class QUndoStack;
class QVBoxLayout;

namespace lathe {

class ParameterRow;
class UndoTarget;

class ParameterForm : public QScrollArea {
    Q_OBJECT
public:
    explicit ParameterForm(QWidget* parent = nullptr);
    ~ParameterForm() override;

    /// (Re)builds the form. Values of ids that stay are kept if they still fit; others get their defaults.
    void set_parameters(std::vector<Parameter> declared);
    const std::vector<Parameter>& parameters() const { return m_declared; }
    void set_facts(const Facts& facts);                     ///< of the chosen model: limits and choices follow
    void set_undo_stack(QUndoStack* stack);                 ///< may be null; not owned
    void set_undo_name(const QString& name);                ///< the same in every session: steps of the form are then kept with the project
    /// What the last recorded run had: rows that differ get the blue dot. A null Json: no run yet, no dots.
    void set_recorded(const Json& values);

    const Json& values() const { return m_values; }         ///< complete, by id
    Json value(const QString& id) const;                    ///< null if unknown
    /// Several values at once (a preset, a restored run): one undo step. Unknown ids and values that do not fit are skipped and returned with the reason.
    QStringList set_values(const Json& values, const QString& undo_text);
    /// One value from outside, as if edited. dragging: more will follow; the step is pushed with the first call that is not dragging.
    /// Throws Error(invalid_value) if it does not fit; the old value stays.
    void edit(const QString& id, const Json& value, bool dragging = false, const QString& undo_text = {});
    void reset(const QString& id);
    void reset_all();
    void roll_unlocked_seeds();                             ///< before a recorded run: seeds whose lock is open are drawn again
    void set_folded(bool folded);                           ///< where the window is low: the last groups to their titles, as many as needed to fit

    /// Arguments that repeat the values: {"--set", "steps=20", …}. all: also those equal to their defaults.
    QStringList command_line(bool all = false) const;

    /// The editor of a `grid` (or of any parameter that is edited elsewhere): no row is shown, `show_value` is called with every change.
    void set_external_editor(const QString& id, std::function<void(const Json&)> show_value);
    void show_as_segments(const QString& id, bool with_label = true);   ///< a choice of few short texts as a segmented control
    void hide_row(const QString& id, bool hidden);
    void set_hint(const QString& id, const QString& text);  ///< right of the field, instead of the unit: "of 12", "gives Nc = 9"
    void fold_group(const QString& group);                  ///< whenever the form is made anew; also a group that comes later
    void add_to_group(const QString& group, QWidget* extra);///< below the rows of that group; a new group is put at the end
    void set_error(const QString& id, const QString& text); ///< err edge and text below; an empty text clears
    void clear_errors();
    bool has_errors() const;
    void set_filter(const QString& text);                   ///< shows only rows whose label, id or help holds the text
    bool is_dragging() const { return !m_drag_id.isEmpty(); }

protected:
    void resizeEvent(QResizeEvent* event) override;

Q_SIGNALS:
    void changed(QString id, lathe::Json old_value, lathe::Json new_value, bool dragging);
    void settled(QString id);                               ///< a drag or an entry has ended; undo and redo, too
    void live_due(QString id);                              ///< a live parameter changed: 60 ms of rest, or every 150 ms of a drag
    void waiting(QString id);                               ///< a parameter that is not live changed
    void copy_command_line_requested();
    void help_requested(QString id);

private:
    friend class ParameterRow;
    struct External { std::function<void(const Json&)> show_value; };
    const Parameter* find(const QString& id) const;
    void rebuild();
    void refresh_row(const QString& id);
    void refresh_all();
    void take_over(const Json& next, bool dragging);
    void apply_from_undo(const Json& values);
    void push_step(const Json& before, const QString& text);
    void end_drag(const QString& undo_text);
    QString change_text(const Parameter& parameter, const Json& from, const Json& to) const;
    void schedule_live(const QString& id, bool dragging);
    void apply_filter();
    void fold_to_fit();

    std::vector<Parameter> m_declared;
    Facts m_facts;
    Json m_values = Json::object(), m_recorded, m_drag_old;
    QUndoStack* m_undo = nullptr;
    UndoTarget* m_undo_target = nullptr;
    QHash<QString, ParameterRow*> m_rows;
    QHash<QString, External> m_external;
    QHash<QString, bool> m_segments;           // id -> with label
    QHash<QString, QString> m_hints;
    QStringList m_hidden, m_folded_groups;
    QList<std::pair<QString, QWidget*>> m_extras;
    QWidget* m_body = nullptr;
    QString m_drag_id, m_filter, m_live_id;
    bool m_folded = false, m_fold_due = false;
    QTimer m_rest, m_during;
};

}
