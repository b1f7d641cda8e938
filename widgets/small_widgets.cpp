#include "widgets/small_widgets.h"
#include "widgets/lathe_style.h"
#include "widgets/progress_strip.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

namespace lathe {

// --- KeyHint
KeyHint::KeyHint(const QString& text, QWidget* parent) : QWidget(parent), m_text(text) { setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed); }
KeyHint::KeyHint(const QKeySequence& keys, QWidget* parent) : KeyHint(text_of(keys), parent) {}

QString KeyHint::text_of(const QKeySequence& keys) {
    QString text = keys.toString(QKeySequence::NativeText);
    const bool plus_key = text.endsWith(u'+');
    text.replace(u'+', u' ');
    if (plus_key) text = text.trimmed() + QStringLiteral(" +");
    return text.replace(QStringLiteral("Return"), QStringLiteral("Enter"));
}

QSize KeyHint::size_of(const QString& text) {
    const QFontMetrics metrics(Theme::instance().font(11));
    return {std::max(18, metrics.horizontalAdvance(text) + 12), std::max(18, metrics.height() + 4)};
}

void KeyHint::paint(QPainter& painter, const QRectF& rect, const QString& text) {
    const ThemeColours& c = Theme::instance().colours();
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(c.line2);
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    painter.setFont(Theme::instance().font(11));
    painter.setPen(c.text2);
    painter.drawText(rect, Qt::AlignCenter, text);
    painter.restore();
}

void KeyHint::set_text(const QString& text) { m_text = text; updateGeometry(); update(); }
QSize KeyHint::sizeHint() const { return size_of(m_text); }
void KeyHint::paintEvent(QPaintEvent*) { QPainter painter(this); paint(painter, rect(), m_text); }

// --- Chip
Chip::Chip(const QString& text, QWidget* parent) : QWidget(parent), m_text(text) {
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setAccessibleName(text);
}
void Chip::set_text(const QString& text) { m_text = text; setAccessibleName(text); updateGeometry(); update(); }
void Chip::set_icon(const QString& name) { m_icon = name; updateGeometry(); update(); }
QSize Chip::sizeHint() const {
    const QFontMetrics metrics(Theme::instance().font(11));
    return {metrics.horizontalAdvance(m_text) + 20 + (m_icon.isEmpty() ? 0 : 16), std::max(20, metrics.height() + 6)};
}
void Chip::paintEvent(QPaintEvent*) {
    const ThemeColours& c = Theme::instance().colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(c.line2);
    const double radius = std::min<double>(metric::chip_radius, height() / 2.0);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius);
    QRect area = rect();
    if (!m_icon.isEmpty()) {
        painter.drawPixmap(QPointF(9, (height() - 12) / 2.0), Theme::instance().pixmap(m_icon, 12, c.text2, devicePixelRatioF()));
        area.setLeft(16);
    }
    painter.setFont(Theme::instance().font(11));
    painter.setPen(c.text2);
    QString shown = m_text;                                // where it was made narrower, whole parts are left out
    for (qsizetype end = 0; painter.fontMetrics().horizontalAdvance(shown) > area.width() - 8 && (end = shown.lastIndexOf(QStringLiteral(" · "))) > 0;) shown.truncate(end);
    painter.drawText(area, Qt::AlignCenter, shown);
}

// --- Switch
Switch::Switch(const QString& text, QWidget* parent) : QAbstractButton(parent) {
    setText(text);
    setCheckable(true);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}
QSize Switch::sizeHint() const { return {32 + (text().isEmpty() ? 0 : 8 + fontMetrics().horizontalAdvance(text())), metric::tool}; }
bool Switch::hitButton(const QPoint& position) const { return rect().contains(position); }
void Switch::paintEvent(QPaintEvent*) {
    const ThemeColours& c = Theme::instance().colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF track(0.5, (height() - 18) / 2.0 + 0.5, 31, 17);
    const bool on = isChecked();
    const QColor fill = on ? (isEnabled() ? c.fill : c.line2) : c.input;
    painter.setPen(on ? fill : isEnabled() ? c.edge : c.line2);
    painter.setBrush(fill);
    painter.drawRoundedRect(track, 8.5, 8.5);
    painter.setPen(Qt::NoPen);
    painter.setBrush(on ? c.on_fill : isEnabled() ? c.text2 : c.text3);
    painter.drawEllipse(QPointF(on ? track.right() - 8.5 : track.left() + 8.5, track.center().y()), 5.5, 5.5);
    painter.setPen(isEnabled() ? c.text : c.text3);
    painter.drawText(rect().adjusted(40, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, text());
}

// --- IconButton
IconButton::IconButton(const QString& icon, const QString& tip, QWidget* parent) : QToolButton(parent) {
    setAutoRaise(true);
    setProperty("lathe_tool", true);
    setToolTip(tip);
    setAccessibleName(tip);
    setIconSize({16, 16});
    setFocusPolicy(Qt::TabFocus);
    setFixedSize(metric::tool, metric::tool);
    set_icon(icon);
}
void IconButton::set_icon(const QString& icon) { setIcon(Theme::instance().icon(icon)); }

// --- EmptyState
EmptyState::EmptyState(const QString& icon, const QString& sentence, const QString& button, QWidget* parent) : QWidget(parent), m_icon(icon) {
    auto* column = new QVBoxLayout(this);
    column->setSpacing(14);
    column->addStretch(2);
    m_picture = new QLabel;
    m_picture->setAlignment(Qt::AlignCenter);
    column->addWidget(m_picture);
    m_text = new TextLabel(sentence, 13, false, TextRole::secondary);
    m_text->setAlignment(Qt::AlignCenter);
    m_text->setWordWrap(true);
    column->addWidget(m_text);
    if (!button.isEmpty()) {
        m_button = make_button(button);
        column->addWidget(m_button, 0, Qt::AlignHCenter);
        connect(m_button, &QPushButton::clicked, this, &EmptyState::button_clicked);
    }
    column->addStretch(3);
    const auto repaint_picture = [this] { m_picture->setPixmap(Theme::instance().pixmap(m_icon, 32, Theme::instance().colours().text3, devicePixelRatioF())); };
    repaint_picture();
    connect(&Theme::instance(), &Theme::changed, this, repaint_picture);
}
void EmptyState::set_sentence(const QString& sentence) { m_text->setText(sentence); }

// --- StatRow
StatRow::StatRow(const QString& label, bool with_bar, QWidget* parent) : QWidget(parent) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(5);
    auto* row = new QHBoxLayout;
    row->setSpacing(4);
    m_label = new TextLabel(label, 12);
    m_value = new TextLabel({}, 12);
    m_note = new TextLabel({}, 12, false, TextRole::secondary);
    row->addWidget(m_label);
    row->addStretch();
    row->addWidget(m_value);
    row->addWidget(m_note);
    m_note->hide();
    column->addLayout(row);
    if (with_bar) {
        m_bar = new ThinBar;
        column->addWidget(m_bar);
    }
}
void StatRow::set_value(const QString& value, double share, const QString& note) {
    m_value->setText(value);
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
    if (m_bar) m_bar->set_value(std::max(0.0, share));
    setAccessibleName(m_label->text() + QStringLiteral(": ") + value + u' ' + note);
}
void StatRow::set_stale(bool stale) { m_value->set_stale(stale); m_note->set_stale(stale); }
void StatRow::set_bar_colour(const QColor& colour) { if (m_bar) m_bar->set_colour(colour); }

// --- Headline
Headline::Headline(const QString& caption, QWidget* parent) : QWidget(parent) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_value = new TextLabel(QStringLiteral("–"), 22, true);
    m_caption = new TextLabel(caption, 11, false, TextRole::secondary);
    column->addWidget(m_value);
    column->addWidget(m_caption);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}
void Headline::set_value(const QString& value, const QString& caption) {
    m_value->setText(value);
    if (!caption.isEmpty()) m_caption->setText(caption);
    setAccessibleName(value + u' ' + m_caption->text());
}
void Headline::set_stale(bool stale) { m_value->set_stale(stale); m_caption->set_stale(stale); }

// --- Swatch
Swatch::Swatch(QWidget* parent) : QWidget(parent) { setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed); }
void Swatch::set_block(const QColor& colour) { m_colour = colour; m_series = -1; updateGeometry(); update(); }
void Swatch::set_series(int index, bool reference) { m_series = index; m_reference = reference; updateGeometry(); update(); }
QSize Swatch::sizeHint() const { return m_series >= 0 ? QSize(20, 12) : QSize(10, 10); }
void Swatch::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (m_series >= 0) {
        painter.setPen(m_reference ? QPen(Theme::instance().colours().text, 1.5) : series_pen(m_series));
        painter.drawLine(QPointF(0, height() / 2.0), QPointF(width(), height() / 2.0));
        return;
    }
    painter.setPen(QPen(theme_colours().edge, 1));   // white and near-white on a light ground
    painter.setBrush(m_colour);
    painter.drawRoundedRect(QRectF(0.5, (height() - 10) / 2.0 + 0.5, 9, 9), 2, 2);
}

// --- Separator
Separator::Separator(Qt::Orientation orientation, QWidget* parent) : QWidget(parent), m_orientation(orientation) {
    if (orientation == Qt::Horizontal) setFixedHeight(1);
    else setFixedWidth(1);
}
QSize Separator::sizeHint() const { return m_orientation == Qt::Horizontal ? QSize(10, 1) : QSize(1, 20); }
void Separator::paintEvent(QPaintEvent*) { QPainter(this).fillRect(rect(), Theme::instance().colours().line); }

QPushButton* make_button(const QString& text, const QString& icon, bool filled, QWidget* parent) {
    auto* button = new QPushButton(text, parent);
    button->setIconSize({16, 16});
    if (!icon.isEmpty()) button->setIcon(Theme::instance().icon(icon));
    if (filled) button->setProperty("lathe_filled", true);
    button->setFocusPolicy(Qt::TabFocus);
    return button;
}

}
