#pragma once
// Pictures in rows, each with the gate's probabilities as bars, the head that was chosen, the predicted class, and whether that is right. One can be picked; files of pictures
// can be dropped in. Keyboard: arrows, Home, End, page keys; + and - change the size; Delete takes a dropped picture out. GUI thread only.
#include "plugins/vit_merge/panel/strip.h"
#include <QWidget>

class QMimeData;

namespace lathe::vit_merge {

class ImageStrip : public QWidget {
    Q_OBJECT
public:
    explicit ImageStrip(QWidget* parent = nullptr);
    void set_pictures(const QList<StripPicture>& pictures);   ///< the picked one stays where it is still there
    void set_models(const QStringList& names, const QList<int>& colours);   ///< of the gate's bars, in its order
    void set_highlight(const QString& model);              ///< its bars are drawn stronger; empty: none
    void set_stale(bool stale);
    void set_size(int size);                               ///< of a picture, in pixels; clamped
    int size_of_picture() const { return m_size; }
    void pick(const PictureKey& key);                      ///< no signal
    int picked() const { return m_picked; }
    const QList<StripPicture>& pictures() const { return m_pictures; }
    QRect cell(int index) const;
    void show_as_table();
    QStringList heads() const;
    QList<QVariantList> rows() const;
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {160, 120}; }
    // What a screen reader sees: a table, a row for each picture.
    Q_INVOKABLE QSize accessible_size() const;
    Q_INVOKABLE QString accessible_head(int index, bool is_row) const;
    Q_INVOKABLE QString accessible_cell(int row, int column) const;
    Q_INVOKABLE QRect accessible_cell_rect(int row, int column) const;
    Q_INVOKABLE QRect accessible_selection() const;
    static QStringList picture_files(const QMimeData* data);   ///< those of dropped files that can be pictures
Q_SIGNALS:
    void picked_changed(int index);                        ///< by the user
    void size_changed(int size);                           ///< by the user
    void files_dropped(QStringList files);
    void remove_requested(QString file);
    void inside_moved(QRect rect);                         ///< keep this in sight
protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void contextMenuEvent(QContextMenuEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dragLeaveEvent(QDragLeaveEvent* event) override;
    void dropEvent(QDropEvent* event) override;
    bool event(QEvent* event) override;
private:
    int columns(int width) const;
    int least_width() const;                               ///< of a cell
    int cell_height() const;
    int at(const QPoint& position) const;                  ///< -1: none
    void choose(int index);
    void zoom(int steps);
    void draw_cell(QPainter& painter, int index) const;
    void draw_bars(QPainter& painter, const QRect& area, const StripPicture& one) const;
    QString tip(int index) const;
    QList<StripPicture> m_pictures;
    QStringList m_models;
    QList<int> m_colours;
    QString m_highlight;
    int m_picked = -1, m_size = 72;
    bool m_stale = false, m_dropping = false;
};

}
