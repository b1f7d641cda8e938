#include "widgets/progress_strip.h"
#include "widgets/text_label.h"
#include "widgets/theme.h"
#include <QHBoxLayout>
#include <QPainter>
#include <QToolButton>
#include <cmath>

namespace lathe {

QString time_left_text(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0) return QObject::tr("time unknown");
    if (seconds < 10) return QObject::tr("%1 s left").arg(seconds, 0, 'f', 1);
    if (seconds < 90) return QObject::tr("about %1 s left").arg(int(std::round(seconds / 5) * 5));
    if (seconds < 5400) return QObject::tr("about %1 min left").arg(int(std::round(seconds / 60)));
    return QObject::tr("about %1 h left").arg(seconds / 3600, 0, 'f', 1);
}

ThinBar::ThinBar(QWidget* parent, int height) : QWidget(parent), m_height(height) {
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}
void ThinBar::set_value(double value) {
    if (value == m_value) return;
    m_value = value;
    update();
}
void ThinBar::set_colour(const QColor& colour) { m_colour = colour; update(); }
QSize ThinBar::sizeHint() const { return {120, m_height}; }

void ThinBar::paintEvent(QPaintEvent*) {
    const ThemeColours& c = Theme::instance().colours();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    const QRectF box(0, (height() - m_height) / 2.0, width(), m_height);
    const double radius = std::min(1.0, m_height / 4.0);
    painter.setBrush(c.map_full);
    painter.drawRoundedRect(box, radius, radius);
    painter.setBrush(m_colour.isValid() ? m_colour : c.accent);
    if (m_value < 0) {   // unknown: a dotted bar, which does not move (nothing in the frame is animated)
        for (int x = 0; x < box.width(); x += 12) painter.drawRect(QRectF(x, box.top(), std::min(6.0, box.width() - x), box.height()));
        return;
    }
    painter.drawRoundedRect(QRectF(box.left(), box.top(), box.width() * std::min(1.0, m_value), box.height()), radius, radius);
}

ProgressStrip::ProgressStrip(QWidget* parent) : QWidget(parent) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(14);
    m_text = new TextLabel({}, 12);
    m_bar = new ThinBar(nullptr, 6);
    m_bar->setFixedWidth(180);
    m_left = new TextLabel({}, 12);
    m_cancel = new QToolButton;
    m_cancel->setAutoRaise(true);
    m_cancel->setProperty("lathe_tool", true);
    m_cancel->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_cancel->setIcon(Theme::instance().icon(QStringLiteral("cancel")));
    m_cancel->setIconSize({14, 14});
    m_cancel->setText(tr("Cancel"));
    m_cancel->setToolTip(tr("Stop this run. What is finished is kept."));
    m_cancel->setFont(Theme::instance().font(12));
    row->addWidget(m_text);
    row->addWidget(m_bar);
    row->addWidget(m_left);
    row->addWidget(m_cancel);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Preferred);
    m_tick.setInterval(100);
    connect(&m_tick, &QTimer::timeout, this, &ProgressStrip::refresh);
    connect(m_cancel, &QToolButton::clicked, this, [this] {
        m_cancelling = true;
        refresh();
        Q_EMIT cancel_requested();
    });
    hide();
}

void ProgressStrip::start(const QString& text) {
    m_running = true;
    m_cancelling = false;
    m_done = m_total = 0;
    m_what = text;
    m_clock.start();
    m_tick.start();
    refresh();
}

void ProgressStrip::set_progress(double done, double total, const QString& text) {
    if (!m_running) start(text);
    m_done = done;
    m_total = total;
    if (!text.isEmpty()) m_what = text;
}

void ProgressStrip::finish() {
    m_running = false;
    m_tick.stop();
    hide();
}

void ProgressStrip::refresh() {
    const double elapsed = m_clock.elapsed() / 1000.0;
    const double share = m_total > 0 ? m_done / m_total : -1;
    static_cast<ThinBar*>(m_bar)->set_value(share);
    m_text->setText(m_cancelling ? tr("Cancelling…") : m_what);
    const bool timed = elapsed > 2 && !m_cancelling;
    m_left->setText(timed ? time_left_text(share > 0 ? elapsed * (1 - share) / share : -1) : QString());
    m_left->setVisible(timed);
    m_cancel->setEnabled(!m_cancelling);
    setVisible(m_running && elapsed >= 0.3);
}

}
