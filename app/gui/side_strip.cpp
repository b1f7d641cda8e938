#include "app/gui/side_strip.h"
#include "app/gui/dock_area.h"
#include "widgets/dock_title.h"
#include "widgets/lathe_style.h"
#include "widgets/small_widgets.h"
#include "widgets/theme.h"
#include <QAbstractButton>
#include <QApplication>
#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>

namespace lathe {
namespace {
/// A name written upwards.
class StripButton : public QAbstractButton {
public:
    StripButton(const QString& id, const QString& title, QWidget* parent) : QAbstractButton(parent) {
        setObjectName(id);
        setText(title);
        setAccessibleName(title);
        setToolTip(tr("Open %1").arg(title));
        setCheckable(true);
        setFocusPolicy(Qt::TabFocus);
        setFont(Theme::instance().font(12));
    }
    QSize sizeHint() const override { return {28, fontMetrics().horizontalAdvance(text()) + 20}; }
protected:
    void paintEvent(QPaintEvent*) override {
        const ThemeColours& c = Theme::instance().colours();
        QPainter painter(this);
        if (isChecked()) painter.fillRect(rect(), c.sel);
        painter.setFont(Theme::instance().font(12, isChecked()));
        painter.setPen(isChecked() || underMouse() ? c.text : c.text2);
        painter.save();
        painter.translate(width(), 0);
        painter.rotate(90);
        painter.drawText(QRect(0, 0, height(), width()), Qt::AlignCenter, text());
        painter.restore();
        painter.setRenderHint(QPainter::Antialiasing);
        if (keyboard_focus(this)) draw_focus_ring(painter, QRectF(rect()).adjusted(3, 3, -3, -3), 4);
    }
};

class Overlay : public QWidget {
public:
    using QWidget::QWidget;
protected:
    void paintEvent(QPaintEvent*) override {
        QPainter painter(this);
        painter.fillRect(rect(), Theme::instance().colours().base);
        painter.fillRect(QRect(0, 0, 1, height()), Theme::instance().colours().line2);
    }
};
}

SideStrip::SideStrip(DockArea* area, QWidget* parent) : QWidget(parent), m_area(area) {
    setFixedWidth(29);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1, 4, 0, 4);
    column->setSpacing(2);
    connect(area, &DockArea::docks_changed, this, &SideStrip::refresh);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
    qApp->installEventFilter(this);
    hide();
}

void SideStrip::refresh() {
    auto* column = static_cast<QVBoxLayout*>(layout());
    while (QLayoutItem* item = column->takeAt(0)) {
        if (item->widget()) item->widget()->deleteLater();
        delete item;
    }
    const QList<DockArea::Dock> docks = m_area->is_narrow() ? m_area->right_docks() : QList<DockArea::Dock>();
    for (const DockArea::Dock& dock : docks) {
        auto* button = new StripButton(dock.id, dock.title, this);
        button->setChecked(dock.id == m_current);
        connect(button, &QAbstractButton::clicked, this, [this, id = dock.id] { m_current == id ? close() : open(id); });
        column->addWidget(button);
    }
    column->addStretch(1);
    setVisible(!docks.isEmpty());
    if (docks.isEmpty()) close();
}

void SideStrip::open(const QString& id) {
    close();
    const DockArea::Dock* dock = m_area->find(id);
    QWidget* content = dock ? m_area->lend(id) : nullptr;
    if (!content) return;
    m_current = id;
    auto* overlay = new Overlay(m_area);
    auto* column = new QVBoxLayout(overlay);
    column->setContentsMargins(1, 0, 0, 0);
    column->setSpacing(0);
    auto* title = new DockTitle(dock->title, dock->bar->hint(), overlay);
    connect(title->add_button(QStringLiteral("close"), tr("Close (Esc)")), &QAbstractButton::clicked, this, &SideStrip::close);
    column->addWidget(title);
    column->addWidget(content, 1);
    content->show();
    m_overlay = overlay;
    overlay->setProperty("lathe_extent", dock->extent);
    place();
    overlay->show();
    overlay->raise();
    content->setFocus(Qt::OtherFocusReason);
    for (auto* button : findChildren<QAbstractButton*>()) button->setChecked(button->objectName() == id);
}

void SideStrip::close() {
    if (m_current.isEmpty()) return;
    const QString id = std::exchange(m_current, QString());
    m_area->take_back(id);
    if (m_overlay) {
        m_overlay->hide();
        m_overlay->deleteLater();
    }
    m_overlay.clear();
    for (auto* button : findChildren<QAbstractButton*>()) button->setChecked(false);
}

void SideStrip::place() {
    if (!m_overlay) return;
    const int width = std::clamp(m_overlay->property("lathe_extent").toInt(), 240, std::max(240, m_area->width() - 40));
    m_overlay->setGeometry(m_area->width() - width, 0, width, m_area->height());
}

bool SideStrip::eventFilter(QObject* object, QEvent* event) {
    if (!m_overlay) return false;
    if (event->type() == QEvent::Resize && object == m_area) place();
    if (event->type() == QEvent::KeyPress && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Escape && isVisible()) {
        if (auto* widget = qobject_cast<QWidget*>(object); widget && widget->window() == window() && m_overlay->isAncestorOf(QApplication::focusWidget())) {
            close();
            return true;
        }
    }
    if (event->type() == QEvent::MouseButtonPress)
        if (auto* widget = qobject_cast<QWidget*>(object); widget && widget->window() == window() && !m_overlay->isAncestorOf(widget) && widget != m_overlay && !isAncestorOf(widget) && widget != this)
            close();
    return false;
}

void SideStrip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), Theme::instance().colours().window);
    painter.fillRect(QRect(0, 0, 1, height()), Theme::instance().colours().line);
}

}
