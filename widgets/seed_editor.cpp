#include "widgets/seed_editor.h"
#include "widgets/number_field.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QRandomGenerator>
#include <QToolButton>
#include <cmath>

namespace lathe {
namespace {

QToolButton* square_button(const QString& icon, const QString& tip, QWidget* parent) {
    auto* button = new QToolButton(parent);
    button->setIcon(Theme::instance().icon(icon));
    button->setIconSize({16, 16});
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    button->setFocusPolicy(Qt::TabFocus);
    return button;
}

}

SeedEditor::SeedEditor(const Parameter& parameter, QWidget* parent) : ParameterEditor(parent), m_field(new NumberField(this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(metric::gap);
    m_field->setFont(Theme::instance().mono(13));
    m_field->setAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_field->set_integer(true);
    m_field->set_limits(0, double(kMaxSeed));
    m_field->set_help(QString::fromStdString(parameter.help));
    m_field->setAccessibleName(QString::fromStdString(parameter.label));
    m_field->setMinimumWidth(60);
    connect(&Theme::instance(), &Theme::changed, this, [this] { m_field->setFont(Theme::instance().mono(13)); });
    auto* dice = square_button(QStringLiteral("dice"), tr("Draw another seed"), this);
    m_lock = square_button(QStringLiteral("lock"), tr("Keep this seed for every run"), this);
    m_lock->setCheckable(true);
    m_lock->setChecked(true);
    connect(m_lock, &QToolButton::toggled, this, [this](bool locked) { m_lock->setIcon(Theme::instance().icon(locked ? QStringLiteral("lock") : QStringLiteral("unlock"))); });
    row->addWidget(m_field, 1);
    row->addWidget(dice);
    row->addWidget(m_lock);
    connect(dice, &QToolButton::clicked, this, &SeedEditor::roll);
    connect(m_field, &NumberField::value_edited, this, [this](double value) { Q_EMIT edited(Json(std::int64_t(std::llround(value))), false); });
    connect(m_field, &NumberField::refused, this, &ParameterEditor::refused);
    setFocusProxy(m_field);
}

void SeedEditor::show_value(const Json& value) {
    if (value.is_number_integer()) m_field->set_value(double(value.get<std::int64_t>()));
}

void SeedEditor::set_error(bool error) {
    m_field->setProperty("lathe_error", error);
    m_field->update();
}

bool SeedEditor::is_locked() const { return m_lock->isChecked(); }

void SeedEditor::roll() { Q_EMIT edited(Json(std::int64_t(QRandomGenerator::global()->bounded(1'000'000))), false); }   // short enough to read out aloud

}
