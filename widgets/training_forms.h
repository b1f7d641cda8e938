#pragma once
// Methods that learn, of which one is looked at: a switch between them, the parameters of each, start and cancel, a note, and the owner's buttons for what came out.
// GUI thread only.
#include "core/method/parameter.h"
#include <QHash>
#include <QWidget>

class QHBoxLayout;
class QPushButton;
class QStackedWidget;
class QUndoStack;

namespace lathe {

class ParameterForm;
class SegmentedControl;
class TextLabel;

struct TrainingMethod {
    QString id;                                            ///< with it steps of undo are kept
    QString title, tool_tip;                               ///< of the switch
};

class TrainingForms : public QWidget {
    Q_OBJECT
public:
    /// `undo`: may be null; not owned. `methods`: at least one, in the order of the switch; ids elsewhere are of these.
    TrainingForms(QUndoStack* undo, const QList<TrainingMethod>& methods, QWidget* parent = nullptr);
    void add_button(QPushButton* button);                  ///< below the note; owned then, shown and hidden by the owner
    void set_parameters(const QString& method, std::vector<Parameter> own);   ///< empty where the engine does not know the method: it cannot be started
    Json values(const QString& method) const;              ///< by id; an object
    /// Kept ones; may be damaged: what is unknown or does not fit is passed over. An empty text: nothing to undo.
    void set_values(const QString& method, const Json& values, const QString& undo_text = {});
    QString current() const;
    void set_current(const QString& method);               ///< no signal
    void set_running(const QString& method, const QString& text);   ///< text: how far it is, in place of the note; empty: it does not run
    bool is_running(const QString& method) const { return m_running.contains(method); }
    void set_note(const QString& text);                    ///< of the current method; empty: nothing to say of it
    QString note() const;                                  ///< as it is read
    ParameterForm* form(const QString& method) const { return m_forms.value(method); }   ///< null: none of these methods
    static QString stopped_text();                         ///< a note: how a training that has begun and not finished goes on
Q_SIGNALS:
    void start_requested(QString method);                  ///< while it runs: cancel
    void values_changed();                                 ///< not during a drag
    void current_changed(QString method);                  ///< by the user
private:
    void show_current();
    QStringList m_ids;
    QHash<QString, ParameterForm*> m_forms;
    QHash<QString, QString> m_running;
    QString m_told;
    QUndoStack* m_undo;
    SegmentedControl* m_which;
    QStackedWidget* m_pages;
    QPushButton* m_start;
    TextLabel* m_note;
    QHBoxLayout* m_buttons;
};

}
