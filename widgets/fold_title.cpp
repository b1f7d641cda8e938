#include "widgets/fold_title.h"
#include "widgets/lathe_style.h"
#include "widgets/theme.h"
#include <QAccessible>
#include <QKeyEvent>
#include <QPainter>

namespace lathe {
namespace {
constexpr int kChevron = 12;

QFont capitals_font() {
    QFont font = Theme::instance().font(11, true);
    font.setLetterSpacing(QFont::AbsoluteSpacing, 0.3);
    return font;
}
}

FoldTitle::FoldTitle(const QString& text, QWidget* parent) : QAbstractButton(parent) {
    setText(text);
    setAccessibleName(text);
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(this, &QAbstractButton::clicked, this, [this] { Q_EMIT fold_wanted(!m_folded); });
    connect(&Theme::instance(), &Theme::changed, this, qOverload<>(&QWidget::update));
    describe();
}

void FoldTitle::describe() { setToolTip(m_folded ? tr("Open this group (Space or Right)") : tr("Fold this group (Space or Left)")); }

void FoldTitle::set_folded(bool folded) {
    if (folded == m_folded) return;
    m_folded = folded;
    describe();
    update();
    QAccessible::State changed;
    changed.expanded = changed.collapsed = true;
    QAccessibleStateChangeEvent event(this, changed);
    QAccessible::updateAccessibility(&event);
}

QSize FoldTitle::sizeHint() const {
    const QFontMetrics metrics(capitals_font());
    return {metrics.horizontalAdvance(text().toUpper()) + metric::gap + kChevron, std::max(metric::tool, metrics.height())};
}

void FoldTitle::paintEvent(QPaintEvent*) {
    const ThemeColours& c = Theme::instance().colours();
    const bool at_hand = underMouse() || keyboard_focus(this);
    QPainter painter(this);
    painter.setFont(capitals_font());
    painter.setPen(at_hand ? c.text : c.text2);
    painter.drawText(rect(), Qt::AlignLeft | Qt::AlignVCenter, text().toUpper());
    if (!m_folded && !at_hand) return;   // an open group shows what is in it
    const double left = painter.fontMetrics().horizontalAdvance(text().toUpper()) + 4;
    const QString icon = m_folded ? QStringLiteral("chevron-right") : QStringLiteral("chevron-down");
    painter.drawPixmap(QPointF(left, (height() - kChevron) / 2.0), Theme::instance().pixmap(icon, kChevron, at_hand ? c.text : c.text2, devicePixelRatioF()));
}

void FoldTitle::keyPressEvent(QKeyEvent* event) {
    const int key = event->key();
    if (key == Qt::Key_Return || key == Qt::Key_Enter) click();
    else if (key == Qt::Key_Left || key == Qt::Key_Right) Q_EMIT fold_wanted(key == Qt::Key_Left);
    else QAbstractButton::keyPressEvent(event);
}

}
