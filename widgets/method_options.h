#pragma once
// Parameters of methods that have no form of their own in the workspace: for each a button that opens them in a dialog. They belong to the panel's state and undo. GUI thread only.
#include "core/method/method_info.h"
#include "widgets/small_widgets.h"
#include <QHash>

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

/// Those of one panel, by method. The buttons belong to the widgets that they stand in.
class PanelOptions : public QObject {
    Q_OBJECT
public:
    explicit PanelOptions(QUndoStack* undo, QObject* parent = nullptr);
    MethodOptions* add(const char* method);
    MethodOptions* of(const QString& method) const { return m_options.value(method); }   ///< null: that method has none
    void take_catalogue(const Catalogue& catalogue, const MethodInfo& form);             ///< each has what `form`, the method of the panel's form, has not
    Json values() const;                                                                  ///< method -> values
    void set_values(const Json& values);                                                  ///< kept ones; may be damaged

Q_SIGNALS:
    void changed();

private:
    QHash<QString, MethodOptions*> m_options;
    QUndoStack* m_undo;
};

}
