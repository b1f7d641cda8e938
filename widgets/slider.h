#pragma once
// A horizontal slider over real numbers: linear or logarithmic, in steps; Shift-drag moves a tenth; double-click resets. One drag is one gesture:
// moved(value, true)… then moved(value, false).
#include <QWidget>

namespace lathe {

class Slider : public QWidget {
    Q_OBJECT
public:
    explicit Slider(QWidget* parent = nullptr);
    void set_range(double lowest, double highest, bool logarithmic = false);
    void set_step(double step) { m_step = step; }    ///< 0: continuous
    void set_value(double value);                    ///< no signal
    double value() const { return m_value; }
    double lowest() const { return m_lowest; }
    double highest() const { return m_highest; }
    double step() const { return m_step; }
    bool is_dragging() const { return m_dragging; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
Q_SIGNALS:
    void moved(double value, bool dragging);
    void reset_requested();
protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;
private:
    double to_position(double value) const;
    double to_value(double position, double step) const;
    QRectF track() const;
    void nudge(double steps);
    double m_lowest = 0, m_highest = 1, m_step = 0, m_value = 0, m_drag_position = 0, m_value_at_press = 0;
    double m_last_x = 0;
    bool m_log = false, m_dragging = false, m_hovered = false;
};

}
