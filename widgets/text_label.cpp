#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QPainter>

namespace lathe {

TextLabel::TextLabel(const QString& text, int pixel_size, bool semibold, TextRole role, QWidget* parent)
    : QLabel(text, parent), m_size(pixel_size), m_semibold(semibold), m_role(role) {
    setTextFormat(Qt::PlainText);
    restyle();
    connect(&Theme::instance(), &Theme::changed, this, &TextLabel::restyle);
}

void TextLabel::set_role(TextRole role) {
    if (m_role == role) return;
    m_role = role;
    restyle();
}

void TextLabel::set_stale(bool stale) {
    if (m_stale == stale) return;
    m_stale = stale;
    restyle();
}

void TextLabel::restyle() {
    const ThemeColours& c = Theme::instance().colours();
    QFont f = Theme::instance().font(m_size, m_semibold);
    f.setItalic(m_stale);
    setFont(f);
    const QColor colours[] = {c.text, c.text2, c.text3, c.ok, c.warn, c.err, c.brass};
    QPalette p = palette();
    p.setColor(QPalette::WindowText, m_stale ? c.text3 : colours[int(m_role)]);
    p.setColor(QPalette::Disabled, QPalette::WindowText, c.text3);
    setPalette(p);
}

QSize ElidedLabel::sizeHint() const { return {fontMetrics().horizontalAdvance(text()) + 2, fontMetrics().height()}; }
QSize ElidedLabel::minimumSizeHint() const { return {0, fontMetrics().height()}; }

void ElidedLabel::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setPen(palette().color(foregroundRole()));
    const QString shown = fontMetrics().elidedText(text(), Qt::ElideRight, width());
    painter.drawText(rect(), int(alignment() | Qt::AlignVCenter), shown);
    if (toolTip() != text() && shown != text()) setToolTip(text());
}

GroupTitle::GroupTitle(const QString& text, QWidget* parent) : TextLabel(text.toUpper(), 11, true, TextRole::secondary, parent) {
    QFont f = font();
    f.setLetterSpacing(QFont::AbsoluteSpacing, 0.3);
    setFont(f);
    setAccessibleName(text);
}

}
