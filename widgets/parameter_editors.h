#pragma once
// One editor for each type of parameter. They show a value and report edits; the form checks, stores and undoes.
#include "core/method/parameter.h"
#include <QWidget>
#include <optional>

namespace lathe {

struct EditorLimits {
    std::optional<double> lowest, highest;
    std::vector<Choice> choices;
};

class ParameterEditor : public QWidget {
    Q_OBJECT
public:
    using QWidget::QWidget;
    ~ParameterEditor() override;
    virtual void show_value(const Json& value) = 0;
    virtual void set_limits(const EditorLimits& limits) { (void)limits; }
    virtual void set_error(bool error) { (void)error; }
    virtual bool fills_row() const { return false; }         ///< it carries the label itself and starts at the left edge
    virtual bool reserves_unit() const { return false; }     ///< the unit column stays even when empty, so that fields stand in line
    virtual QString note(const Json& value) const { (void)value; return {}; }   ///< shown in the unit column while there is neither unit nor hint
Q_SIGNALS:
    void edited(lathe::Json value, bool dragging);
    void reset_requested();
    void refused(QString reason);
};

/// Decimals that show every step of a parameter.
int decimals_of(double step, const Json& default_value);

/// A new editor for the parameter; `segments`: a choice as segmented control.
ParameterEditor* make_parameter_editor(const Parameter& parameter, bool segments, QWidget* parent);

}
