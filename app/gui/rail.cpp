#include "app/gui/rail.h"
#include "widgets/lathe_style.h"
#include "widgets/theme.h"
#include <QFontMetricsF>
#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>

namespace lathe {

RailButton::RailButton(const QString& icon, const QString& name, QWidget* parent) : QAbstractButton(parent), m_icon(icon) {
    setText(name);
    setAccessibleName(name);
    setToolTip(name);
    setCheckable(true);
    setAutoExclusive(false);
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

QSize RailButton::sizeHint() const { return {72, 54}; }

void RailButton::enterEvent(QEnterEvent* event) {
    QAbstractButton::enterEvent(event);
    update();
}

void RailButton::leaveEvent(QEvent* event) {
    QAbstractButton::leaveEvent(event);
    update();
}

void RailButton::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    const ThemeColours& c = theme.colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (isChecked()) {
        painter.fillRect(rect(), c.base);
        painter.fillRect(QRect(0, 0, 3, height()), c.accent);
    }
    const bool strong = isChecked() || underMouse() || isDown();
    const QColor ink = !isEnabled() ? c.text3 : strong ? c.text : c.text2;
    const qreal scale = devicePixelRatioF();
    painter.drawPixmap(QPointF((width() - 20) / 2.0, 8), theme.pixmap(m_icon, 20, ink, scale));
    QFont font = theme.font(11, isChecked());
    const qreal room = width() - 4, needed = QFontMetricsF(font).horizontalAdvance(text());
    if (needed > room) font.setStretch(std::max(75, int(100 * room / needed)));   // a wider fallback font: condensed, never cut
    painter.setFont(font);
    painter.setPen(ink);
    painter.drawText(QRectF(0, 30, width(), 18), Qt::AlignHCenter | Qt::AlignVCenter, text());
    if (keyboard_focus(this)) draw_focus_ring(painter, QRectF(rect()).adjusted(5, 3, -4, -3), 4);
}

Rail::Rail(QWidget* parent) : QWidget(parent) {
    setFixedWidth(73);   // 72 and the line
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 6, 1, 6);
    column->setSpacing(0);
    m_top = new QVBoxLayout;
    m_foot = new QVBoxLayout;
    for (QVBoxLayout* part : {m_top, m_foot}) part->setSpacing(0);
    column->addLayout(m_top);
    column->addStretch(1);
    column->addLayout(m_foot);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

RailButton* Rail::add(const QString& id, const QString& icon, const QString& name, bool at_foot) {
    auto* button = new RailButton(icon, name, this);
    button->setObjectName(id);
    (at_foot ? m_foot : m_top)->addWidget(button);
    m_buttons << button;
    connect(button, &QAbstractButton::clicked, this, [this, id, button] {
        button->setChecked(!button->isChecked());   // what is current is decided by set_current
        Q_EMIT chosen(id);
    });
    return button;
}

RailButton* Rail::button(const QString& id) const {
    for (RailButton* button : m_buttons)
        if (button->objectName() == id) return button;
    return nullptr;
}

void Rail::set_current(const QString& id) {
    for (RailButton* button : std::as_const(m_buttons)) button->setChecked(button->objectName() == id);
}

void Rail::set_keys(const QString& id, const QString& keys) {
    if (RailButton* found = button(id)) found->setToolTip(keys.isEmpty() ? found->text() : QStringLiteral("%1  (%2)").arg(found->text(), keys));
}

void Rail::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), Theme::instance().colours().window);
    painter.fillRect(QRect(width() - 1, 0, 1, height()), Theme::instance().colours().line);
}

void Rail::keyPressEvent(QKeyEvent* event) {
    const int step = event->key() == Qt::Key_Down ? 1 : event->key() == Qt::Key_Up ? -1 : 0;
    for (int i = 0; step && i < m_buttons.size(); ++i)
        if (m_buttons[i]->hasFocus()) {
            m_buttons[(i + step + int(m_buttons.size())) % int(m_buttons.size())]->setFocus(Qt::TabFocusReason);
            return;
        }
    QWidget::keyPressEvent(event);
}

}
