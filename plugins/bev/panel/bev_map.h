#pragma once
// The ground from above, forward up: largest class score (or one class, or the length of the feature) of every cell, boxes, range circles, crosshair in
// metres. A click picks a box or the column of voxels. Keys: arrows move the cursor by one cell, Enter picks, + - zoom, F fits.
#include "plugins/bev/panel/selection.h"
#include <QWidget>

namespace lathe::bev {

class BevMap : public QWidget {
    Q_OBJECT
public:
    enum Content { all_classes = -1, feature = -2, camera = -3 };   ///< 0 to 9: a class
    explicit BevMap(QWidget* parent = nullptr);
    void set_frame(std::shared_ptr<const Frame> frame);
    void set_selection(const Selection& selection);
    void set_shown(const Shown& shown);
    void set_stale(bool stale);
    void set_content(int content);
    int content() const { return m_content; }
    bool export_file(const QString& file, double scale = 2) const;   ///< png, svg, pdf
    QPointF to_widget(double x, double y) const;           ///< metres of the lidar frame
    QPointF to_metres(const QPointF& position) const;
    QSize minimumSizeHint() const override { return {200, 200}; }
    QSize sizeHint() const override { return {470, 470}; }
Q_SIGNALS:
    void object_picked(bool is_truth, int index);
    void ground_picked(QPointF metres);
protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
private:
    void rebuild();
    QRectF area(const QSizeF& size) const;
    QTransform placed(const QSizeF& size) const;           ///< metres -> widget
    void draw(QPainter& painter, const QSizeF& size) const;
    void draw_rings(QPainter& painter, const QTransform& to) const;
    void draw_objects(QPainter& painter, const QTransform& to) const;
    void draw_cursor(QPainter& painter, const QTransform& to, const QRectF& inside) const;
    void draw_legend(QPainter& painter, const QSizeF& size) const;
    void zoom_by(double factor, const QPointF& about);
    void pick(const QPointF& position);
    double cell() const;
    std::shared_ptr<const Frame> m_frame;
    Selection m_selection;
    Shown m_shown;
    QImage m_map;
    double m_lowest = 0, m_highest = 1, m_zoom = 1;
    int m_content = all_classes;
    QPointF m_middle, m_pressed, m_last, m_cursor;         // metres: m_middle, m_cursor
    bool m_stale = false, m_has_cursor = false, m_dragged = false;
};

}
