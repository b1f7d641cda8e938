#pragma once
// One row of the form: label with the blue dot and the wave, the editor, the unit or hint, and an error text below.
#include "widgets/parameter_editors.h"
#include "widgets/text_label.h"

namespace lathe {

class ParameterForm;

/// Label, dot and wave are painted: they must not move when the dot comes and goes.
class RowLabel : public QWidget {
    Q_OBJECT
public:
    RowLabel(const QString& text, bool live, QWidget* parent);
    void set_dot(bool dot);
    bool has_dot() const { return m_dot; }
    static int width_for(const QString& text, bool live);
Q_SIGNALS:
    void reset_requested();
protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
private:
    QString m_text;
    bool m_live, m_dot = false;
};

class ParameterRow : public QWidget {
    Q_OBJECT
public:
    /// with_label false: the editor takes the whole row.
    ParameterRow(const Parameter& parameter, bool segments, bool with_label, int label_width, ParameterForm& form, QWidget* parent);
    void show_value(const Json& value);
    void set_limits(const EditorLimits& limits);
    void set_differs(bool differs);
    void set_hint(const QString& hint);
    void set_error(const QString& text);
    bool has_error() const { return !m_error->text().isEmpty(); }
    void set_available(bool available, const QString& reason);
    QString id() const { return QString::fromStdString(m_parameter.id); }
    ParameterEditor* editor() { return m_editor; }
    RowLabel* label() { return m_label; }
protected:
    void contextMenuEvent(QContextMenuEvent* event) override;
private:
    void refresh_unit();
    Parameter m_parameter;
    ParameterForm& m_form;
    RowLabel* m_label = nullptr;
    ParameterEditor* m_editor;
    TextLabel* m_unit;
    TextLabel* m_error;
    QString m_hint;
    Json m_value;
};

}
