#include "widgets/parameter_editors.h"
#include "core/base/error.h"
#include "widgets/grid_editor.h"
#include "widgets/lathe_style.h"
#include "widgets/number_field.h"
#include "widgets/range_strip.h"
#include "widgets/seed_editor.h"
#include "widgets/segmented_control.h"
#include "widgets/slider.h"
#include "widgets/small_widgets.h"
#include "widgets/theme.h"
#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

QHBoxLayout* row_layout(QWidget* widget, int spacing = metric::gap) {
    auto* row = new QHBoxLayout(widget);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(spacing);
    return row;
}

void mark_error(QWidget* widget, bool error) {
    widget->setProperty("lathe_error", error);
    widget->update();
}

/// The wheel scrolls the form, never the value, unless the combo box was reached by keyboard.
class CalmComboBox : public QComboBox {
public:
    using QComboBox::QComboBox;
protected:
    void wheelEvent(QWheelEvent* event) override {
        if (keyboard_focus(this)) QComboBox::wheelEvent(event);
        else event->ignore();
    }
};

class BoolEditor final : public ParameterEditor {
public:
    BoolEditor(const Parameter& parameter, QWidget* parent) : ParameterEditor(parent), m_box(new QCheckBox(QString::fromStdString(parameter.label), this)) {
        row_layout(this)->addWidget(m_box);
        connect(m_box, &QCheckBox::clicked, this, [this](bool on) { Q_EMIT edited(Json(on), false); });
        setFocusProxy(m_box);
    }
    void show_value(const Json& value) override { m_box->setChecked(value.is_boolean() && value.get<bool>()); }
    bool fills_row() const override { return true; }
private:
    QCheckBox* m_box;
};

class NumberEditor final : public ParameterEditor {
public:
    NumberEditor(const Parameter& parameter, QWidget* parent)
        : ParameterEditor(parent), m_parameter(parameter), m_integer(parameter.type == ParameterType::integer), m_slider(new Slider(this)), m_field(new NumberField(this)) {
        auto* row = row_layout(this);
        row->addWidget(m_slider, 1);
        row->addWidget(m_field);
        m_spring = new QWidget(this);
        row->addWidget(m_spring, 1);
        m_field->set_integer(m_integer);
        const QString name = QString::fromStdString(parameter.label);
        m_slider->setAccessibleName(name);
        m_field->setAccessibleName(name);
        m_field->set_help(QString::fromStdString(parameter.help));
        connect(m_slider, &Slider::moved, this, [this](double value, bool dragging) {
            m_field->set_value(value);
            Q_EMIT edited(to_json_value(value), dragging);
        });
        connect(m_slider, &Slider::reset_requested, this, &ParameterEditor::reset_requested);
        connect(m_field, &NumberField::value_edited, this, [this](double value) { Q_EMIT edited(to_json_value(value), false); });
        connect(m_field, &NumberField::refused, this, &ParameterEditor::refused);
        setFocusProxy(m_field);
        set_limits({});
    }
    void show_value(const Json& value) override {
        const double v = value.is_number() ? value.get<double>() : value.is_string() ? number_from(value, m_parameter.id) : 0;
        m_slider->set_value(v);
        m_field->set_value(v);
    }
    void set_limits(const EditorLimits& limits) override {
        const bool both = limits.lowest && limits.highest && std::isfinite(*limits.lowest) && std::isfinite(*limits.highest) && *limits.highest > *limits.lowest;
        double step = m_parameter.step;
        if (step <= 0) step = m_integer ? 1 : 0;
        const bool log = m_parameter.log_scale && both && *limits.lowest > 0;
        const bool sensible = both && (log || !m_integer || (*limits.highest - *limits.lowest) / std::max(step, 1.0) <= 1e5);
        m_slider->setVisible(sensible);
        m_spring->setVisible(!sensible);
        m_slider->set_step(log && !m_integer ? m_parameter.step : step);
        if (both) m_slider->set_range(*limits.lowest, *limits.highest, log);
        m_field->set_limits(limits.lowest, limits.highest);
        m_field->set_step(step > 0 ? step : both ? std::pow(10, std::floor(std::log10(*limits.highest - *limits.lowest)) - 2) : 0.1);
        m_field->set_decimals(m_integer || log || m_parameter.step <= 0 ? -1 : decimals_of(m_parameter.step, m_parameter.default_value));
        const int widest = std::max(limits.lowest ? m_field->fontMetrics().horizontalAdvance(grouped_number(*limits.lowest)) : 0,
            limits.highest ? m_field->fontMetrics().horizontalAdvance(grouped_number(*limits.highest)) : 0);
        m_field->setFixedWidth(std::clamp(widest + 20, 54, 92));
    }
    void set_error(bool error) override { mark_error(m_field, error); }
    bool reserves_unit() const override { return true; }
private:
    Json to_json_value(double value) const { return m_integer ? Json(std::int64_t(std::llround(value))) : number_json(value); }
    Parameter m_parameter;
    bool m_integer;
    Slider* m_slider;
    NumberField* m_field;
    QWidget* m_spring;
};

class ChoiceEditor final : public ParameterEditor {
public:
    ChoiceEditor(const Parameter& parameter, bool segments, QWidget* parent) : ParameterEditor(parent) {
        auto* row = row_layout(this);
        if (segments) {
            m_segments = new SegmentedControl({}, this);
            row->addWidget(m_segments);
            row->addStretch();
            connect(m_segments, &SegmentedControl::chosen, this, [this](int index) { Q_EMIT edited(Json(m_choices[std::size_t(index)].value), false); });
            setFocusProxy(m_segments);
        } else {
            m_combo = new CalmComboBox(this);
            m_combo->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
            m_combo->setMinimumContentsLength(4);
            m_combo->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
            m_combo->setMaxVisibleItems(16);
            m_combo->setAccessibleName(QString::fromStdString(parameter.label));
            row->addWidget(m_combo);
            connect(m_combo, &QComboBox::activated, this, [this](int index) {
                if (index >= 0 && std::size_t(index) < m_choices.size()) Q_EMIT edited(Json(m_choices[std::size_t(index)].value), false);
            });
            setFocusProxy(m_combo);
        }
        set_limits({{}, {}, parameter.choices});
    }
    void set_limits(const EditorLimits& limits) override {
        m_choices = limits.choices;
        QStringList labels;
        for (const Choice& c : m_choices) labels << QString::fromStdString(c.label.empty() ? c.value : c.label);
        if (m_segments) {
            m_segments->set_labels(labels);
            for (std::size_t i = 0; i < m_choices.size(); ++i) m_segments->set_tool_tip(int(i), QString::fromStdString(m_choices[i].help));
        } else {
            const QSignalBlocker quiet(m_combo);
            m_combo->clear();
            m_combo->addItems(labels);
            for (std::size_t i = 0; i < m_choices.size(); ++i) m_combo->setItemData(int(i), QString::fromStdString(m_choices[i].help), Qt::ToolTipRole);
        }
        show_value(m_shown);
    }
    void show_value(const Json& value) override {
        m_shown = value;
        int index = -1;
        for (std::size_t i = 0; i < m_choices.size() && value.is_string(); ++i)
            if (m_choices[i].value == value.get_ref<const std::string&>()) index = int(i);
        if (m_segments) m_segments->set_current(index);
        else m_combo->setCurrentIndex(index);
    }
    void set_error(bool error) override { mark_error(m_combo ? static_cast<QWidget*>(m_combo) : m_segments, error); }
private:
    std::vector<Choice> m_choices;
    Json m_shown;
    QComboBox* m_combo = nullptr;
    SegmentedControl* m_segments = nullptr;
};

/// Texts, lists and tables (as JSON or a,b,c), and paths with a button to browse.
class TextEditor final : public ParameterEditor {
public:
    TextEditor(const Parameter& parameter, QWidget* parent) : ParameterEditor(parent), m_parameter(parameter), m_field(new QLineEdit(this)) {
        auto* row = row_layout(this);
        row->addWidget(m_field, 1);
        m_field->setAccessibleName(QString::fromStdString(parameter.label));
        m_field->setToolTip(QString::fromStdString(parameter.help));
        if (parameter.type == ParameterType::path) {
            auto* browse = new IconButton(QStringLiteral("folder"), tr("Choose a file"), this);
            row->addWidget(browse);
            connect(browse, &QToolButton::clicked, this, [this] {
                const QString file = QFileDialog::getOpenFileName(window(), QString::fromStdString(m_parameter.label), m_field->text());
                if (!file.isEmpty()) Q_EMIT edited(Json(file.toStdString()), false);
            });
        }
        if (parameter.type == ParameterType::list) m_field->setPlaceholderText(tr("a, b, c"));
        connect(m_field, &QLineEdit::editingFinished, this, &TextEditor::commit);
        setFocusProxy(m_field);
    }
    void show_value(const Json& value) override {
        m_value = value;
        QString text;
        if (value.is_string()) text = QString::fromStdString(value.get<std::string>());
        else if (value.is_array() && m_parameter.type == ParameterType::list) {
            QStringList parts;
            for (const Json& item : value) parts << (item.is_string() ? QString::fromStdString(item.get<std::string>()) : QString::fromStdString(item.dump()));
            text = parts.join(QStringLiteral(", "));
        } else if (!value.is_null()) text = QString::fromStdString(value.dump());
        m_field->setText(text);
        m_field->setCursorPosition(0);   // a long text shows its start
        m_field->setModified(false);
    }
    void set_error(bool error) override { mark_error(m_field, error); }
private:
    void commit() {
        if (!m_field->isModified()) return;
        m_field->setModified(false);
        try {
            const std::string typed = m_field->text().trimmed().toStdString();
            const bool plain = m_parameter.type == ParameterType::text || m_parameter.type == ParameterType::path;
            Q_EMIT edited(plain ? Json(typed) : value_from_text(m_parameter, typed), false);
        } catch (const Error& error) {
            Q_EMIT refused(QString::fromStdString(error.summary()));
            show_value(m_value);
        }
    }
    Parameter m_parameter;
    QLineEdit* m_field;
    Json m_value;
};

class RangeEditor final : public ParameterEditor {
public:
    RangeEditor(const Parameter& parameter, QWidget* parent) : ParameterEditor(parent), m_strip(new RangeStrip(this)) {
        row_layout(this)->addWidget(m_strip, 1);
        m_strip->setAccessibleName(QString::fromStdString(parameter.label));
        m_strip->setToolTip(QString::fromStdString(parameter.help));
        connect(m_strip, &RangeStrip::moved, this, [this](int first, int end, bool dragging) { Q_EMIT edited(Json::array({first, end}), dragging); });
        connect(m_strip, &RangeStrip::reset_requested, this, &ParameterEditor::reset_requested);
        setFocusProxy(m_strip);
    }
    void show_value(const Json& value) override {
        if (value.is_array() && value.size() == 2 && value[0].is_number_integer() && value[1].is_number_integer()) m_strip->set_range(value[0].get<int>(), value[1].get<int>());
    }
    void set_limits(const EditorLimits& limits) override { m_strip->set_limits(int(limits.lowest.value_or(0)), int(limits.highest.value_or(std::max(m_strip->end(), 1)))); }
    bool reserves_unit() const override { return true; }
    QString note(const Json& value) const override {
        if (!value.is_array() || value.size() != 2 || !value[0].is_number_integer() || !value[1].is_number_integer()) return {};
        const auto first = value[0].get<std::int64_t>(), end = value[1].get<std::int64_t>();
        return end <= first ? tr("none") : end == first + 1 ? QString::number(first) : QStringLiteral("%1–%2").arg(first).arg(end - 1);
    }
private:
    RangeStrip* m_strip;
};

}

int decimals_of(double step, const Json& default_value) {
    const auto needed = [](double v) {
        for (int d = 0; d < 9; ++d)
            if (const double scaled = v * std::pow(10, d); std::abs(scaled - std::round(scaled)) < 1e-6 * std::max(1.0, std::abs(scaled))) return d;
        return 9;
    };
    return std::max(step > 0 ? needed(step) : 0, default_value.is_number() ? needed(default_value.get<double>()) : 0);
}

ParameterEditor::~ParameterEditor() {
    // A field that has the focus says goodbye with editingFinished when QWidget deletes it; by then the editor that listens is gone.
    for (const QWidget* child : findChildren<QWidget*>()) child->disconnect(this);
}

ParameterEditor* make_parameter_editor(const Parameter& parameter, bool segments, QWidget* parent) {
    switch (parameter.type) {
    case ParameterType::boolean: return new BoolEditor(parameter, parent);
    case ParameterType::integer: case ParameterType::number: return new NumberEditor(parameter, parent);
    case ParameterType::choice: return new ChoiceEditor(parameter, segments, parent);
    case ParameterType::seed: return new SeedEditor(parameter, parent);
    case ParameterType::int_range: return new RangeEditor(parameter, parent);
    case ParameterType::text: case ParameterType::path: case ParameterType::list: case ParameterType::table: break;
    case ParameterType::grid: return new GridEditor(parameter, parent);
    }
    return new TextEditor(parameter, parent);
}

}
