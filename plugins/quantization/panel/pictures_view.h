#pragma once
// Where the quantized network is wrong: the confusion matrix and the pictures with the largest loss. A click on a cell shows those of its pictures that are there.
#include "plugins/quantization/panel/measurement.h"
#include <QWidget>

namespace lathe {
class HeatMapView;
class TextLabel;
}

namespace lathe::quantization {

/// Pictures in a row that wraps, each with its classes and its loss below. Keyboard: arrows move.
class PictureStrip : public QWidget {
    Q_OBJECT
public:
    explicit PictureStrip(QWidget* parent = nullptr);
    void set_pictures(const QList<WorstPicture>& pictures);
    int current() const { return m_current; }
    QSize sizeHint() const override;
    int heightForWidth(int width) const override;
    // What a screen reader sees: a table with a row for each picture.
    Q_INVOKABLE QSize accessible_size() const { return {1, int(m_pictures.size())}; }
    Q_INVOKABLE QString accessible_head(int index, bool is_row) const;
    Q_INVOKABLE QString accessible_cell(int row, int column) const;
    Q_INVOKABLE QRect accessible_cell_rect(int row, int column) const;
    Q_INVOKABLE QRect accessible_selection() const { return m_current < 0 ? QRect() : QRect(0, m_current, 1, 1); }
Q_SIGNALS:
    void chosen(int index);
protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
private:
    int columns(int width) const;
    QRect cell(int index) const;
    void choose(int index);
    QList<WorstPicture> m_pictures;
    int m_current = -1;
};

class PicturesView : public QWidget {
    Q_OBJECT
public:
    explicit PicturesView(QWidget* parent = nullptr);
    void show_measurement(const Measurement* measurement);
    void set_stale(bool stale);
    PictureStrip* strip() { return m_strip; }
    HeatMapView* confusion() { return m_confusion; }
private:
    void filter(int truth, int predicted);
    HeatMapView* m_confusion;
    PictureStrip* m_strip;
    TextLabel* m_note;
    QStringList m_classes;
    QList<WorstPicture> m_all;
};

}
