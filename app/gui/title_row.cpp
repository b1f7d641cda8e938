#include "app/gui/title_row.h"
#include "widgets/lathe_style.h"
#include "widgets/small_widgets.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QMenuBar>
#include <QPainter>

namespace lathe {

SearchButton::SearchButton(QWidget* parent) : QAbstractButton(parent) {
    setText(tr("Search actions, runs, parameters"));
    setAccessibleName(text());
    setToolTip(tr("Search everything that has a name. Prefixes: > actions, # runs, : parameters, @ settings"));
    setFocusPolicy(Qt::TabFocus);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void SearchButton::set_keys(const QString& keys) {
    m_keys = keys;
    update();
}

void SearchButton::set_narrow(bool narrow) {
    m_narrow = narrow;
    updateGeometry();
}

void SearchButton::paintEvent(QPaintEvent*) {
    const Theme& theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    draw_field_frame(painter, QRectF(rect()).adjusted(1, 1, -1, -1), true, keyboard_focus(this), false);
    painter.drawPixmap(QPointF(9, (height() - 16) / 2.0), theme.pixmap(QStringLiteral("search"), 16, theme.colours().text2, devicePixelRatioF()));
    const QSize keys = m_keys.isEmpty() ? QSize(0, 0) : KeyHint::size_of(m_keys);
    painter.setFont(theme.font(12));
    painter.setPen(theme.colours().text3);
    painter.drawText(QRect(32, 0, width() - 32 - keys.width() - 12, height()), Qt::AlignVCenter | Qt::AlignLeft, m_narrow ? tr("Search") : text());
    if (!m_keys.isEmpty()) KeyHint::paint(painter, QRectF(width() - keys.width() - 7, (height() - keys.height()) / 2.0, keys.width(), keys.height()), m_keys);
}

TitleRow::TitleRow(QWidget* parent) : QWidget(parent) {
    setFixedHeight(37);   // 36 and the line
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(8, 0, 8, 1);
    row->setSpacing(8);
    m_menus = new QMenuBar(this);
    m_menus->setNativeMenuBar(false);
    m_menus->setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Preferred);
    m_lock = new Chip({}, this);
    m_lock->set_icon(QStringLiteral("lock"));
    m_lock->hide();
    m_project = new ElidedLabel({}, 12, false, TextRole::secondary, this);
    m_search = new SearchButton(this);
    row->addWidget(m_menus, 0, Qt::AlignVCenter);
    row->addStretch(1);
    row->addWidget(m_project, 0, Qt::AlignVCenter);
    row->addWidget(m_lock, 0, Qt::AlignVCenter);
    row->addSpacing(4);
    row->addWidget(m_search, 0, Qt::AlignVCenter);
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
}

void TitleRow::set_project(const QString& name, const QString& path, const QString& lock_reason) {
    m_project->setText(name);
    m_project->setToolTip(path);
    m_lock->setVisible(!lock_reason.isEmpty());
    m_lock->set_text(tr("read-only"));
    m_lock->setToolTip(tr("%1. Changes can be tried but are not kept; File > Save a copy as… makes a project of your own.").arg(lock_reason));
    m_lock->setAccessibleName(tr("Read-only: %1").arg(lock_reason));
}

void TitleRow::set_narrow(bool narrow) { m_search->set_narrow(narrow); }

void TitleRow::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), Theme::instance().colours().window);
    painter.fillRect(QRect(0, height() - 1, width(), 1), Theme::instance().colours().line);
}

}
