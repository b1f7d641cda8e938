#pragma once
// An integer range [first, end) as a strip of cells: drag an end, drag the middle to move it, draw a new one; arrow keys move it, Shift+arrows resize.
#include <QWidget>

namespace lathe {

class RangeStrip : public QWidget {
    Q_OBJECT
public:
    explicit RangeStrip(QWidget* parent = nullptr);
    void set_limits(int lowest, int highest);               ///< cells lowest … highest-1
    void set_range(int first, int end);                     ///< no signal
    int first() const { return m_first; }
    int end() const { return m_end; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
Q_SIGNALS:
    void moved(int first, int end, bool dragging);
    void reset_requested();
protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
private:
    enum class Grip { none, first, end, body, fresh };
    QRectF strip() const;
    double boundary(const QPointF& position) const;
    void describe();                                        ///< for screen readers
    void change(int first, int end, bool dragging);
    int m_lowest = 0, m_highest = 12, m_first = 0, m_end = 0, m_anchor = 0, m_first_at_press = 0, m_end_at_press = 0;
    Grip m_grip = Grip::none;
};

}
