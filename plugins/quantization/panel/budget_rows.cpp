#include "plugins/quantization/panel/budget_rows.h"
#include "widgets/number_field.h"
#include "widgets/slider.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QFileInfo>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>
#include <algorithm>

namespace lathe::quantization {
namespace {

constexpr double kKilo = 1e3, kGiga = 1e9;

}

BudgetRow::BudgetRow(const QString& label, const QString& unit, int decimals, QWidget* parent) : QWidget(parent), m_slider(new Slider(this)), m_field(new NumberField(this)) {
    setFixedHeight(32);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(8);
    auto* name = new TextLabel(label, 13, false, TextRole::normal, this);
    name->setFixedWidth(52);
    row->addWidget(name);
    m_slider->setAccessibleName(label);
    row->addWidget(m_slider, 1);
    m_field->set_decimals(decimals);
    m_field->setFixedWidth(62);
    m_field->setAccessibleName(label);
    row->addWidget(m_field);
    auto* after = new TextLabel(unit, 12, false, TextRole::secondary, this);
    after->setFixedWidth(18);
    row->addWidget(after);
    connect(m_slider, &Slider::moved, this, [this](double value, bool dragging) {
        m_field->set_value(value);
        Q_EMIT edited(value, dragging);
    });
    connect(m_field, &NumberField::value_edited, this, [this](double value) {
        m_slider->set_value(value);
        Q_EMIT edited(value, false);
    });
}

void BudgetRow::set_limits(double lowest, double highest) {
    m_slider->set_range(lowest, highest);
    m_field->set_limits(0, std::nullopt);
    m_field->set_step((highest - lowest) / 50);
}

void BudgetRow::set_value(double value) {
    if (!m_slider->is_dragging()) m_slider->set_value(std::clamp(value, m_slider->lowest(), m_slider->highest()));
    m_field->set_value(value);
}

double BudgetRow::value() const { return m_field->value(); }

BudgetRows::BudgetRows(QWidget* parent)
    : QWidget(parent), m_bytes(new BudgetRow(tr("Size"), tr("kB"), 0, this)), m_bitops(new BudgetRow(tr("BitOPs"), tr("G"), 2, this)), m_best(make_button(tr("Best bits for budget"), {}, false, this)),
      m_answer(new TextLabel({}, 12, false, TextRole::secondary, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_bytes);
    column->addWidget(m_bitops);
    auto* buttons = new QHBoxLayout;
    buttons->setSpacing(6);
    buttons->setContentsMargins(0, 4, 0, 4);
    buttons->addWidget(m_best);
    for (const int bits : {8, 4}) {
        auto* button = make_button(tr("All %1").arg(bits), {}, false, this);
        button->setToolTip(tr("All weights and values at %1 bit; what is excluded stays in float").arg(bits));
        connect(button, &QPushButton::clicked, this, [this, bits] { Q_EMIT uniform_wanted(bits); });
        buttons->addWidget(button);
    }
    for (QPushButton* button : findChildren<QPushButton*>()) {
        button->setProperty("lathe_tool", true);
        button->setFont(Theme::instance().font(12));
    }
    buttons->addStretch(1);
    column->addLayout(buttons);
    m_answer->setWordWrap(true);
    m_answer->hide();
    column->addWidget(m_answer);
    connect(m_best, &QPushButton::clicked, this, &BudgetRows::best_wanted);
    for (BudgetRow* row : {m_bytes, m_bitops})
        connect(row, &BudgetRow::edited, this, [this](double, bool dragging) {
            m_was_set = true;
            Q_EMIT edited(dragging);
        });
    set_limits(0, 1000 * kKilo, 0, 10 * kGiga);
    set_best_available(false, {});
}

void BudgetRows::set_limits(double least_bytes, double most_bytes, double least_bitops, double most_bitops) {
    m_bytes->set_limits(least_bytes / kKilo, std::max(most_bytes, least_bytes + 1) / kKilo);
    m_bitops->set_limits(least_bitops / kGiga, std::max(most_bitops, least_bitops + 1) / kGiga);
    if (m_was_set) {
        m_bytes->set_value(m_bytes->value());
        m_bitops->set_value(m_bitops->value());
    } else {   // what all 8 bit needs
        m_bytes->set_value(most_bytes / kKilo);
        m_bitops->set_value(most_bitops / kGiga);
    }
}

double BudgetRows::bytes() const { return m_bytes->value() * kKilo; }
double BudgetRows::bitops() const { return m_bitops->value() * kGiga; }

Json BudgetRows::budget() const { return m_was_set ? Json{{"bytes", bytes()}, {"bitops", bitops()}} : Json(); }

void BudgetRows::set_budget(const Json& budget) {
    m_was_set = budget.is_object() && budget.value("bytes", 0.0) > 0;
    if (!m_was_set) return;
    m_bytes->set_value(budget.value("bytes", 0.0) / kKilo);
    m_bitops->set_value(budget.value("bitops", 0.0) / kGiga);
}

void BudgetRows::set_answer(const QString& text, bool reachable) {
    m_answer->setText(text);
    m_answer->set_role(reachable ? TextRole::secondary : TextRole::warn);
    m_answer->setVisible(!text.isEmpty());
}

void BudgetRows::set_best_available(bool available, const QString& why_not) {
    m_best->setEnabled(available);
    m_best->setToolTip(available ? tr("The weight bits with the smallest estimated loss that fit both") : why_not);
}

LearntRow::LearntRow(QWidget* parent) : QWidget(parent), m_name(new ElidedLabel({}, 12, false, TextRole::normal, this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    row->addWidget(m_name, 1);
    auto* remove = new IconButton(QStringLiteral("close"), tr("Back to the ranges of the observers"), this);
    row->addWidget(remove);
    connect(remove, &QToolButton::clicked, this, &LearntRow::removed);
    set_file({});
}

/// Its parts are hidden, not the row: the form shows and hides that with its group.
void LearntRow::set_file(const QString& file) {
    m_name->setText(tr("Learnt: %1").arg(QFileInfo(file).completeBaseName()));
    setToolTip(file);
    setFixedHeight(file.isEmpty() ? 0 : 28);
    setEnabled(!file.isEmpty());   // no Tab into what is not seen
}

}
