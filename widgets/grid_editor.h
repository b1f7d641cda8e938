#pragma once
// A grid in a form where nothing else edits it: what it holds in words, and a table of its numbers to edit.
#include "widgets/parameter_editors.h"

class QLabel;

namespace lathe {

class GridEditor final : public ParameterEditor {
    Q_OBJECT
public:
    GridEditor(const Parameter& parameter, QWidget* parent);
    void show_value(const Json& value) override;
    /// "12 × 20, 54 cells set"; "none" for no grid.
    static QString summary(const Json& value);
    /// One line a row, numbers between spaces or commas. Throws Error(invalid_value) with the line that is wrong.
    static Json from_text(const QString& text, const std::string& dtype);
    static QString to_text(const Json& value);
private:
    void edit();
    Parameter m_parameter;
    Json m_value;
    QLabel* m_summary;
};

}
