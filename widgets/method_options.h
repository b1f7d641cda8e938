#pragma once
// Parameters of a method that has no form of its own in the workspace: a button that opens them in a dialog. They belong to the panel's state and undo. GUI thread only.
#include "core/method/method_info.h"
#include "widgets/small_widgets.h"

class QDialog;
class QUndoStack;

namespace lathe {

class ParameterForm;

/// Those of `method` that the form of `other` does not hold, or holds with another default (where one name says different things).
std::vector<Parameter> own_parameters(const MethodInfo& method, const MethodInfo& other);

class MethodOptions : public IconButton {
    Q_OBJECT
public:
    /// `method`: its id; with it steps of undo are kept.
    MethodOptions(const QString& method, QUndoStack* undo, QWidget* parent = nullptr);
    const QString& method() const { return m_method; }
    void set_parameters(const QString& title, std::vector<Parameter> own);   ///< none: the button is disabled
    Json values() const;                                                     ///< by id; an object
    void set_values(const Json& values);                                     ///< kept ones; what is unknown or does not fit is passed over, nothing to undo
    ParameterForm* form() { return m_form; }
    void open();

Q_SIGNALS:
    void changed();

private:
    QString m_method;
    QUndoStack* m_undo;
    QDialog* m_dialog;
    ParameterForm* m_form;
};

}
