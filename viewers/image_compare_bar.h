#pragma once
// The tool bar of the image compare viewer: mode, fit, zoom, link, gain, step, export. Where it is narrow the texts go first, then what has a key.
#include "viewers/image_compare.h"
#include <QWidget>

class QLabel;
class QSlider;
class QToolButton;

namespace lathe {

class ImageCompareBar : public QWidget {
    Q_OBJECT
public:
    explicit ImageCompareBar(ImageCompareViewer& viewer);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    struct Item { QWidget* widget; int priority; bool wanted; };   // the smallest priorities are hidden first
    void add(QWidget* widget, int priority);
    void refresh();
    void arrange();
    int needed_width() const;
    ImageCompareViewer& m_viewer;
    QList<QToolButton*> m_modes;
    QToolButton *m_link, *m_sign, *m_play;
    QSlider *m_gain, *m_step;
    QLabel *m_zoom, *m_gain_text, *m_step_text, *m_gain_label, *m_step_label;
    QList<Item> m_items;
};

}
