#pragma once
// The key frames of a drive: one chosen, its history marked, play at the drive's own pace. Keys: left and right step, Home, End, Space plays.
#include <QTimer>
#include <QWidget>

namespace lathe {
class IconButton;
}

namespace lathe::bev {

class TimelineTrack : public QWidget {
    Q_OBJECT
public:
    explicit TimelineTrack(QWidget* parent = nullptr);
    void set_times(const QList<double>& seconds);
    void set_current(int index);
    void set_history(const QList<double>& seconds_ago);
    int current() const { return m_current; }
    int count() const { return int(m_times.size()); }
    double time(int index) const { return m_times.value(index); }
    QPointF place(int index) const;                        ///< of a key frame, on the widget
    QSize sizeHint() const override { return {600, 52}; }
Q_SIGNALS:
    void chosen(int index);
    void play_asked();
protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
private:
    double x_of(double seconds) const;
    void choose_at(const QPointF& position);
    QList<double> m_times, m_history;
    int m_current = 0;
};

class Timeline : public QWidget {
    Q_OBJECT
public:
    explicit Timeline(QWidget* parent = nullptr);
    TimelineTrack* track() { return m_track; }
    void set_times(const QList<double>& seconds);
    void step(int by);
    bool is_playing() const { return m_timer.isActive(); }
    void set_playing(bool playing);
    void frame_shown();                                    ///< while it plays the next frame waits for this one
Q_SIGNALS:
    void chosen(int index);
private:
    void advance();
    TimelineTrack* m_track;
    IconButton *m_back, *m_play, *m_on;
    QTimer m_timer;
    bool m_waits = false;
};

}
