#include "plugins/bev/panel/timeline.h"
#include "viewers/accessible.h"
#include "viewers/view_style.h"
#include "widgets/small_widgets.h"
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace lathe::bev {
namespace {
constexpr double kSide = 24, kLine = 20;
constexpr int kUsualPace = 500;   // ms: two key frames a second
}

TimelineTrack::TimelineTrack(QWidget* parent) : QWidget(parent) {
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Timeline"));
    setMinimumHeight(48);
}

void TimelineTrack::set_times(const QList<double>& seconds) {
    m_times = seconds;
    m_current = std::clamp(m_current, 0, std::max(0, count() - 1));
    update();
}

void TimelineTrack::set_current(int index) {
    if (index < 0 || index >= count() || index == m_current) return;
    m_current = index;
    announce_value(this);
    update();
}

void TimelineTrack::set_history(const QList<double>& seconds_ago) {
    if (m_history == seconds_ago) return;
    m_history = seconds_ago;
    update();
}

double TimelineTrack::x_of(double seconds) const {
    const double first = m_times.isEmpty() ? 0 : m_times.first(), length = m_times.isEmpty() ? 1 : std::max(1e-3, m_times.last() - first);
    return kSide + (seconds - first) / length * (width() - 2 * kSide);
}

QPointF TimelineTrack::place(int index) const { return {x_of(time(index)), kLine}; }

void TimelineTrack::paintEvent(QPaintEvent*) {
    const ViewStyle style = ViewStyle::current();
    QPainter painter(this);
    painter.setFont(ViewStyle::font(11));
    if (m_times.isEmpty()) {
        painter.setPen(style.text3);
        painter.drawText(rect(), Qt::AlignCenter, tr("Choose a data set to see the key frames of its drives."));
        return;
    }
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(style.axis, 1));
    painter.drawLine(QPointF(x_of(m_times.first()), kLine), QPointF(x_of(m_times.last()), kLine));
    const double now = time(m_current);
    double earliest = now;
    for (const double ago : std::as_const(m_history)) earliest = std::min(earliest, std::max(m_times.first(), now - ago));
    if (earliest < now) {
        painter.setPen(QPen(style.accent, 2));
        painter.drawLine(QPointF(x_of(earliest), kLine), QPointF(x_of(now), kLine));
    }
    const int labelled = std::max(1, int(std::ceil(count() * 46.0 / std::max(1, width()))));
    for (int i = 0; i < count(); ++i) {
        const double x = x_of(m_times[i]);
        painter.setPen(QPen(style.axis, 1));
        painter.drawLine(QPointF(x, kLine - 5), QPointF(x, kLine + 5));
        if (i % labelled && i != m_current) continue;
        painter.setFont(ViewStyle::font(11, i == m_current));
        painter.setPen(i == m_current ? style.text : style.text2);
        painter.drawText(QRectF(x - 30, kLine + 9, 60, 16), Qt::AlignCenter, tr("%1 s").arg(m_times[i] - m_times.first(), 0, 'f', 1));
    }
    for (const double ago : std::as_const(m_history)) {
        if (now - ago < m_times.first() - 1e-6) continue;
        painter.setPen(QPen(style.accent, 1.5));
        painter.setBrush(style.base);
        painter.drawRect(QRectF(x_of(now - ago) - 4, kLine - 4, 8, 8));
    }
    painter.setPen(Qt::NoPen);
    painter.setBrush(style.accent);
    painter.drawRect(QRectF(x_of(now) - 5, kLine - 5, 10, 10));
    if (hasFocus()) draw_view_focus(painter, this);
}

void TimelineTrack::choose_at(const QPointF& position) {
    int nearest = -1;
    double least = 1e30;
    for (int i = 0; i < count(); ++i)
        if (const double distance = std::abs(x_of(m_times[i]) - position.x()); distance < least) {
            least = distance;
            nearest = i;
        }
    if (nearest >= 0 && nearest != m_current) Q_EMIT chosen(nearest);
}

void TimelineTrack::mousePressEvent(QMouseEvent* event) { choose_at(event->position()); }
void TimelineTrack::mouseMoveEvent(QMouseEvent* event) {
    if (event->buttons() & Qt::LeftButton) choose_at(event->position());
}

void TimelineTrack::keyPressEvent(QKeyEvent* event) {
    const auto go = [this](int index) {
        if (index >= 0 && index < count() && index != m_current) Q_EMIT chosen(index);
    };
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_BracketLeft: return go(m_current - 1);
    case Qt::Key_Right:
    case Qt::Key_BracketRight: return go(m_current + 1);
    case Qt::Key_Home: return go(0);
    case Qt::Key_End: return go(count() - 1);
    case Qt::Key_Space: Q_EMIT play_asked(); return;
    default: QWidget::keyPressEvent(event);
    }
}

Timeline::Timeline(QWidget* parent)
    : QWidget(parent), m_track(new TimelineTrack(this)), m_back(new IconButton(QStringLiteral("step-back"), tr("Key frame before"), this)), m_play(new IconButton(QStringLiteral("run"), tr("Play"), this)),
      m_on(new IconButton(QStringLiteral("step-on"), tr("Next key frame"), this)) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(12, 4, 12, 4);
    row->setSpacing(4);
    for (QToolButton* button : {m_back, m_play, m_on}) row->addWidget(button);
    row->addWidget(m_track, 1);
    connect(m_back, &QToolButton::clicked, this, [this] { step(-1); });
    connect(m_on, &QToolButton::clicked, this, [this] { step(1); });
    connect(m_play, &QToolButton::clicked, this, [this] { set_playing(!is_playing()); });
    connect(m_track, &TimelineTrack::play_asked, this, [this] { set_playing(!is_playing()); });
    connect(m_track, &TimelineTrack::chosen, this, [this](int index) {
        m_track->set_current(index);
        Q_EMIT chosen(index);
    });
    m_timer.setInterval(kUsualPace);
    connect(&m_timer, &QTimer::timeout, this, &Timeline::advance);
    set_times({});
}

void Timeline::set_times(const QList<double>& seconds) {
    m_track->set_times(seconds);
    for (QToolButton* button : {m_back, m_play, m_on}) {
        button->setEnabled(seconds.size() > 1);
        if (seconds.size() <= 1) button->setToolTip(tr("There is one key frame at most."));
    }
    if (seconds.size() > 1) {
        m_back->setToolTip(tr("Key frame before"));
        m_on->setToolTip(tr("Next key frame"));
        m_timer.setInterval(std::clamp(int(1000 * (seconds.last() - seconds.first()) / double(seconds.size() - 1)), 50, 5000));
    } else {
        set_playing(false);
    }
}

void Timeline::step(int by) {
    const int next = m_track->current() + by;
    if (next < 0 || next >= m_track->count()) return;
    m_track->set_current(next);
    Q_EMIT chosen(next);
}

void Timeline::set_playing(bool playing) {
    if (playing && m_track->count() > 1) m_timer.start();
    else m_timer.stop();
    m_waits = false;
    m_play->set_icon(is_playing() ? QStringLiteral("pause") : QStringLiteral("run"));
    m_play->setToolTip(is_playing() ? tr("Pause") : tr("Play"));
    m_play->setAccessibleName(m_play->toolTip());
}

void Timeline::frame_shown() { m_waits = false; }

/// A frame that is not there yet is waited for: play never runs ahead of what can be seen.
void Timeline::advance() {
    if (m_waits) return;
    m_waits = true;
    const int next = (m_track->current() + 1) % std::max(1, m_track->count());
    m_track->set_current(next);
    Q_EMIT chosen(next);
}

}
