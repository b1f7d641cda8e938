#include "plugins/delta_cache/panel/compare_rows.h"
#include "plugins/delta_cache/panel/result.h"
#include "widgets/number_field.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include <QCheckBox>
#include <QHBoxLayout>
#include <QPushButton>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>
#include <cmath>

namespace lathe::delta_cache {
namespace {


}

CompareRows::CompareRows(QWidget* parent) : QWidget(parent) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    const auto row = [&](int series, bool reference, QWidget* name, TextLabel* value) {
        auto* line = new QWidget(this);
        line->setFixedHeight(26);
        auto* layout = new QHBoxLayout(line);
        layout->setContentsMargins(0, 0, 0, 0);
        layout->setSpacing(8);
        auto* swatch = new Swatch(line);
        swatch->set_series(series, reference);
        layout->addWidget(swatch);
        layout->addWidget(name, 1);
        layout->addWidget(value);
        column->addWidget(line);
    };
    row(0, true, new TextLabel(tr("No cache (reference)"), 13, false, TextRole::normal, this), new TextLabel(QStringLiteral("1.00 ×"), 12, false, TextRole::secondary, this));
    row(0, false, m_name = new TextLabel(tr("This"), 13, false, TextRole::normal, this), m_speedup = new TextLabel({}, 12, false, TextRole::secondary, this));
    m_control = new QCheckBox(tr("Feature cache (control)"), this);
    m_control->setToolTip(tr("Also draws the image with the hidden state itself reused by the stage rule: the control that fails."));
    row(4, false, m_control, m_control_speedup = new TextLabel({}, 12, false, TextRole::secondary, this));
    connect(m_control, &QCheckBox::toggled, this, &CompareRows::control_toggled);
}

void CompareRows::set_this(const QString& name, double speedup) {
    m_name->setText(tr("%1 (this)").arg(name));
    m_speedup->setText(times_text(speedup));
}
void CompareRows::set_control_speedup(double speedup) { m_control_speedup->setText(times_text(speedup)); }
bool CompareRows::wants_control() const { return m_control->isChecked(); }
void CompareRows::set_wants_control(bool on) {
    const QSignalBlocker quiet(m_control);
    m_control->setChecked(on);
}

TargetRow::TargetRow(QWidget* parent) : QWidget(parent), m_field(new NumberField(this)), m_answer(new TextLabel({}, 12, false, TextRole::secondary, this)) {
    setFixedHeight(32);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    auto* label = new TextLabel(tr("Target"), 13, false, TextRole::normal, this);
    label->setFixedWidth(84);
    row->addWidget(label);
    m_field->set_limits(1, 1000);
    m_field->set_decimals(2);
    m_field->set_step(0.1);
    m_field->set_suffix(QStringLiteral(" ×"));
    m_field->set_value(1.6);
    m_field->setFixedWidth(66);
    m_field->setAccessibleName(tr("Target speed-up"));
    m_field->set_help(tr("The wanted speed-up, block MACs only: sets Nc for the present interval N."));
    row->addWidget(m_field);
    row->addWidget(m_answer, 1);
    connect(m_field, &NumberField::value_edited, this, &TargetRow::edited);
}

double TargetRow::target() const { return m_field->value(); }
void TargetRow::set_answer(const QString& text, bool reachable) {
    m_answer->setText(text);
    m_answer->set_role(reachable ? TextRole::secondary : TextRole::warn);
}

PresetRows::PresetRows(QWidget* parent) : QWidget(parent), m_column(new QVBoxLayout(this)) {
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(0);
    auto* save = make_button(tr("Save this one…"), QStringLiteral("plus"), false, this);
    save->setFlat(true);
    connect(save, &QPushButton::clicked, this, &PresetRows::save_requested);
    m_column->addWidget(save, 0, Qt::AlignLeft);
}

void PresetRows::set_presets(const QList<Preset>& presets) {
    for (QWidget* row : std::as_const(m_rows)) row->deleteLater();
    m_rows.clear();
    for (int i = 0; i < presets.size(); ++i) {
        auto* line = new QWidget(this);
        auto* layout = new QHBoxLayout(line);
        layout->setContentsMargins(0, 0, 0, 0);
        auto* name = new QToolButton(line);
        name->setText(presets[i].name);
        name->setToolButtonStyle(Qt::ToolButtonTextOnly);
        name->setAutoRaise(true);
        name->setFixedHeight(26);
        name->setFocusPolicy(Qt::TabFocus);
        name->setToolTip(tr("Use this preset"));
        layout->addWidget(name);
        layout->addStretch(1);
        layout->addWidget(new TextLabel(times_text(presets[i].speedup), 12, false, TextRole::secondary, line));
        connect(name, &QToolButton::clicked, this, [this, i] { Q_EMIT chosen(i); });
        m_column->insertWidget(i, line);
        m_rows << line;
    }
}

}
