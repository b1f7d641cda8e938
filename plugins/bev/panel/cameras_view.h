#pragma once
// The rig's pictures in ring layout with the boxes projected into them. Zoom and pan are the same in all. A click picks a box, or the pixel and with it
// the voxels that copy it. Keys: arrows choose the camera, + - zoom, F fits, Enter picks the middle of the chosen picture.
#include "plugins/bev/panel/selection.h"
#include <QWidget>

namespace lathe::bev {

class CamerasView : public QWidget {
    Q_OBJECT
public:
    explicit CamerasView(QWidget* parent = nullptr);
    void set_frame(std::shared_ptr<const Frame> frame);
    void set_selection(const Selection& selection);
    void set_shown(const Shown& shown);
    void set_stale(bool stale);
    void set_empty_text(const QString& text);
    void fit();
    int current_camera() const { return m_current; }      ///< place in Frame::cameras; -1: no picture
    void set_current_camera(int camera);
    QRectF picture_rect(int camera) const;                 ///< on the widget, without zoom; for tests and for the scene's camera view
    bool export_file(const QString& file, double scale = 2) const;   ///< png, svg, pdf
    QSize minimumSizeHint() const override { return {360, 160}; }
    QSize sizeHint() const override { return {780, 370}; }
Q_SIGNALS:
    void object_picked(bool is_truth, int index);
    void pixel_picked(int camera, QPointF pixel);          ///< camera: place in Frame::cameras; pixel of the picture
    void current_changed(int camera);
protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
private:
    struct Pane { int camera; QRectF head, picture; };
    std::vector<Pane> panes(const QSizeF& size) const;
    void draw(QPainter& painter, const QSizeF& size) const;
    void draw_pane(QPainter& painter, const Pane& pane) const;
    void draw_objects(QPainter& painter, const Pane& pane, const CameraPicture& camera) const;
    void draw_picked_voxel(QPainter& painter, const Pane& pane, const CameraPicture& camera) const;
    QTransform to_widget(const Pane& pane, const QSize& picture) const;
    void zoom_by(double factor, const QPointF& relative);
    void keep_inside();
    void pick(const QPointF& position);
    std::shared_ptr<const Frame> m_frame;
    std::vector<double> m_shares;                          ///< of the voxels, for each camera of the frame; negative: not in the view
    Selection m_selection;
    Shown m_shown;
    QString m_empty;
    double m_zoom = 1;
    QPointF m_middle{0.5, 0.5}, m_pressed, m_last;         // m_middle: of what is shown, in parts of the picture
    int m_current = 0;
    bool m_stale = false, m_dragged = false;
};

}
