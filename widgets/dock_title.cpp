#include "widgets/dock_title.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QActionEvent>
#include <QHBoxLayout>
#include <QMenu>
#include <QMouseEvent>
#include <QPainter>

namespace lathe {

DockTitle::DockTitle(const QString& name, const QString& hint, QWidget* parent) : QWidget(parent) {
    setFixedHeight(std::max(metric::dock_title, fontMetrics().height() + 12));
    m_row = new QHBoxLayout(this);
    m_row->setContentsMargins(metric::pad, 0, 4, 1);
    m_row->setSpacing(0);
    m_name = new TextLabel(name, 12, true);
    m_hint = new ElidedLabel(hint, 12, false, TextRole::secondary);
    m_hint->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Preferred);
    m_row->addWidget(m_name);
    m_row->addSpacing(9);
    m_row->addWidget(m_hint, 1);
    m_menu = new QMenu(this);
    m_menu->installEventFilter(this);
    m_more = new IconButton(QStringLiteral("more"), tr("More"), this);
    m_more->hide();
    connect(m_more, &QToolButton::clicked, this, [this] { m_menu->popup(m_more->mapToGlobal(QPoint(m_more->width() - m_menu->sizeHint().width(), m_more->height()))); });
    m_row->addWidget(m_more);
    m_delay.setSingleShot(true);
    m_delay.setInterval(300);
    m_tick.setInterval(100);
    connect(&m_delay, &QTimer::timeout, this, [this] { m_phase = 0; m_tick.start(); update(); });
    connect(&m_tick, &QTimer::timeout, this, [this] { ++m_phase; update(0, height() - 3, width(), 3); });
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
    setAccessibleName(name);
}

void DockTitle::set_name(const QString& name) { m_name->setText(name); setAccessibleName(name); }
void DockTitle::set_hint(const QString& hint) { m_hint->setText(hint); m_hint->setToolTip({}); m_hint->updateGeometry(); m_hint->update(); }
QString DockTitle::hint() const { return m_hint->text(); }

QToolButton* DockTitle::add_button(const QString& icon, const QString& tip) {
    auto* button = new IconButton(icon, tip, this);
    m_row->insertWidget(m_row->count() - 1, button);
    return button;
}

void DockTitle::add_widget(QWidget* widget) {
    m_row->insertWidget(3 + m_widgets++, widget);
    m_row->insertSpacing(3 + m_widgets++, metric::gap);
}

void DockTitle::set_loading(bool loading) {
    if (loading == m_loading) return;
    m_loading = loading;
    if (loading) m_delay.start();
    else {
        m_delay.stop();
        m_tick.stop();
        update();
    }
}

QSize DockTitle::sizeHint() const { return {160, height()}; }
QSize DockTitle::minimumSizeHint() const { return {std::max(80, m_row->minimumSize().width()), height()}; }   // what stands in it is not cut off; the hint may be

bool DockTitle::eventFilter(QObject* object, QEvent* event) {
    if (object == m_menu && (event->type() == QEvent::ActionAdded || event->type() == QEvent::ActionRemoved)) m_more->setVisible(!m_menu->actions().isEmpty());
    return QWidget::eventFilter(object, event);
}

void DockTitle::paintEvent(QPaintEvent*) {
    const ThemeColours& c = Theme::instance().colours();
    QPainter painter(this);
    painter.fillRect(rect(), c.base);
    painter.fillRect(QRect(0, height() - 1, width(), 1), c.line);
    if (m_tick.isActive()) {
        const int part = std::max(40, width() / 4), x = int((m_phase * 24LL) % (width() + part)) - part;
        painter.fillRect(QRect(x, height() - 2, part, 2), c.accent);
    }
}

void DockTitle::mouseDoubleClickEvent(QMouseEvent*) { Q_EMIT double_clicked(); }

}
