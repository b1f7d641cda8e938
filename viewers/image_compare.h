#pragma once
// Images side by side, split, blinking or as difference: linked zoom and pan, the value of the same pixel in all of them, PSNR and SSIM of the view.
#include "viewers/image_data.h"
#include "viewers/image_pyramid.h"
#include <QColor>
#include <QPointer>
#include <QTimer>
#include <QWidget>
#include <memory>
#include <vector>

namespace lathe {

class ViewMeasures;

enum class CompareMode { side_by_side, split, blink, difference };

struct ViewImage {
    QString id;                     ///< stable, for update_image
    QString title, note;            ///< head of the pane: "No cache" / "reference"
    QColor colour;                  ///< swatch before the title; invalid: none
    ImageData data;
    bool stale = false;             ///< drawn at 50 % over the canvas
};

/// The pixel of an image of size `to` at the place of `pixel` in one of size `from`.
QPoint linked_pixel(const QPoint& pixel, const QSize& from, const QSize& to);
/// image - reference, mean of the colour channels; absolute values unless `is_signed`. NaN where one of them is.
double mean_difference(const ImageData& image, const QPoint& a, const ImageData& reference, const QPoint& b, bool is_signed);
/// image - reference in the pixels of the reference, +-`limit` at the ends of the colour map. Any thread.
QImage difference_picture(const ImageData& image, const ImageData& reference, double limit, bool is_signed, const QColor& canvas);

class ImageCompareViewer : public QWidget {
    Q_OBJECT
public:
    explicit ImageCompareViewer(QWidget* parent = nullptr);
    ~ImageCompareViewer() override;

    // --- content
    void set_images(std::vector<ViewImage> images);          ///< the reference stays if its id is still there, else it is the first
    void update_image(const QString& id, const ImageData& data, const QString& note = {});   ///< while streaming: nothing is laid out again; ends stale
    void set_note(const QString& id, const QString& note);
    void set_stale(const QString& id, bool stale);
    void set_all_stale(bool stale);
    const std::vector<ViewImage>& images() const { return m_images; }
    void set_reference(int index);
    int reference() const { return m_reference; }
    void set_difference_pane(bool on);                       ///< a last pane with the difference in side-by-side mode; on by default where there are 2 images
    void set_empty_text(const QString& text) { m_empty = text; update(); }

    // --- view
    void set_mode(CompareMode mode);
    CompareMode mode() const { return m_mode; }
    void set_gain(double gain);                              ///< of the difference; 1/16 to 1024
    double gain() const { return m_gain; }
    void set_signed(bool on);                                ///< else absolute (magma)
    bool is_signed() const { return m_signed; }
    void set_zoom(double zoom);                              ///< 1 = 100 %, in device-independent pixels; about the centre
    double zoom() const;                                     ///< in force, also while fitted
    void fit();
    bool is_fitted() const { return m_fit; }
    void set_linked(bool linked);
    void set_split(double share);
    double split() const { return m_split; }
    void set_current(int index);                             ///< the image shown in split, blink and difference mode beside the reference
    int current() const { return m_current; }
    void pick(const QPoint& pixel);                          ///< pixel of the reference; (-1,-1): none
    QPoint picked() const { return m_pick; }
    double view_psnr(int index) const;                       ///< of the visible part against the reference
    double view_ssim(int index) const;

    // --- steps
    void set_steps(int count, int current, const QString& text = {});   ///< count 0: hides the scrubber. text: "13 of 19"
    QWidget* tool_bar();                                     ///< mode, fit, zoom, link, gain, step, export; made at the first call, owned by the viewer
    int step() const { return m_step; }
    void set_playing(bool on);                               ///< steps on four times a second; where animation is off: one step
    void set_letter_keys(bool on) { m_letter_keys = on; }

    // --- out
    QImage render(const QSize& size, qreal scale = 1) const; ///< what is on the screen, with heads and legends
    QImage image_of(int index) const;                        ///< one pixel per value
    QImage difference_image(int index) const;                ///< coloured
    bool export_png(const QString& file, double times = 1) const;       ///< the view; false: the file cannot be written
    bool export_file(const QString& file) const;             ///< by its suffix: png, svg, pdf

    QSize sizeHint() const override { return {720, 360}; }
    QSize minimumSizeHint() const override { return {160, 160}; }

Q_SIGNALS:
    void step_requested(int step);
    void play_toggled(bool playing);
    void picked_pixel(QPoint pixel);
    void hovered_pixel(QPoint pixel);
    void reference_changed(int index);
    void current_changed(int index);
    void mode_changed(lathe::CompareMode mode);
    void view_changed();
    void pin_requested();
    void copy_command_line_requested(QString id);
    void show_in_runs_requested(QString id);

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void changeEvent(QEvent* event) override;

private:
    friend class ImageCompareBar;
    friend class ImageCompareAccessible;
    enum class PaneKind { image, split, difference };
    struct Note { QString text; bool is_old = false; };            // old: of a part of the image that was seen before
    struct Pane { PaneKind kind = PaneKind::image; int image = -1; QRectF frame, head, picture, foot; };
    struct Sight { double zoom = 1; QPointF centre{0.5, 0.5}; };   // pixels on screen for a pixel of the image; centre relative to the image
    struct DifferenceKey {
        qint64 image = 0, reference = 0; double limit = 0; bool is_signed = true; QRgb canvas = 0;
        bool operator==(const DifferenceKey&) const = default;
    };
    /// What is derived from an image, made when it is first drawn.
    struct Slot {
        qint64 generation = 0;
        Sight sight;
        mutable qint64 drawn = 0;                                 // generation that `picture` shows
        mutable bool making = false, making_difference = false;   // on another thread
        mutable ImagePyramid picture, difference;
        mutable DifferenceKey difference_key;
    };

    std::vector<Pane> panes(const QSizeF& size) const;
    std::vector<Pane> panes() const { return panes(QSizeF(size())); }
    const Pane* pane_at(const std::vector<Pane>& panes, const QPointF& position) const;
    const Pane* pane_of(const std::vector<Pane>& panes, int image) const;   ///< the pane that shows it, else the first
    int fit_image(const Pane& pane) const;                                  ///< whose pixels the pane counts in
    double fit_zoom(const Pane& pane, int image) const;
    double zoom_of(const Pane& pane, int image) const;
    QPointF centre_of(int image) const;
    QTransform to_widget(const Pane& pane, int image) const;
    QRectF picture_area(const Pane& pane, int image) const;                 ///< where the pane shows pixels of the image
    QPoint pixel_at(const Pane& pane, const QPointF& position) const;       ///< of the image the pane counts in; (-1,-1): beside it
    QPoint map_pixel(const QPoint& pixel, int from, int to) const;
    QRect visible_part(int image) const;
    bool has_difference_pane() const;
    bool has_variant() const { return shown_variant() >= 0; }
    int shown_variant() const;                                              ///< the image beside the reference in split, blink and difference mode; -1: none
    int blinking_image() const { return m_blink_on ? shown_variant() : m_reference; }
    QPoint shown_pixel() const { return m_hover.x() >= 0 ? m_hover : m_pick; }
    void leave_fit();
    void zoom_about(int image, const QPointF& relative, double factor);
    void pan(int image, const QPointF& by);
    void move_pick(const QPoint& by);
    void request_step(int step);

    void draw(QPainter& painter, const QSizeF& size, bool for_export) const;
    void draw_pane(QPainter& painter, const Pane& pane, bool for_export) const;
    void draw_head(QPainter& painter, const QRectF& area, int image, const Note& note, Qt::Alignment side) const;
    void draw_picture(QPainter& painter, const Pane& pane, int image, const QRectF& clip) const;
    void draw_difference(QPainter& painter, const Pane& pane) const;
    void draw_grid_and_values(QPainter& painter, const Pane& pane, int image, const QRectF& clip) const;
    void draw_marks(QPainter& painter, const Pane& pane) const;
    void draw_split_handle(QPainter& painter, const Pane& pane) const;
    void draw_foot(QPainter& painter, const Pane& pane) const;
    double split_position(const Pane& pane) const;
    Note head_note(int image, double room, const QFont& font) const;
    QString value_line(const Pane& pane) const;
    QString missing_text(const Pane& pane) const;
    const ImagePyramid& picture_of(int image) const;
    const ImagePyramid& difference_of(int image) const;
    double difference_limit() const;
    DifferenceKey difference_key(int index) const;
    void finish_pictures() const;
    int index_of(const QString& id) const;                                  ///< -1: there is no such image
    void content_changed();
    void set_blinking();
    void export_dialog();

    std::vector<ViewImage> m_images;
    std::vector<Slot> m_slots;
    std::unique_ptr<ViewMeasures> m_measures;
    Sight m_shared;                                           // in pixels of the reference
    CompareMode m_mode = CompareMode::side_by_side;
    int m_reference = 0, m_current = 1, m_steps = 0, m_step = 0;
    double m_gain = 4, m_split = 0.5;
    bool m_signed = true, m_fit = true, m_linked = true, m_letter_keys = true, m_blink_on = false, m_playing = false;
    int m_difference_pane = -1;                               // -1: automatic
    QPoint m_pick{-1, -1}, m_hover{-1, -1};                   // in pixels of the reference
    QPointF m_press, m_last;
    bool m_panning = false, m_moved = false, m_dragging_split = false;
    int m_press_image = -1;
    QString m_step_text, m_empty;
    QTimer m_blink, m_play;
    QPointer<QWidget> m_bar;
    qint64 m_generation = 0;
};

}
