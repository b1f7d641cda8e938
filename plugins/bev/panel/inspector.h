#pragma once
// What is picked, cell by cell: a voxel in every camera, with why it was taken or refused, and its feature; or a detection with its anchor, its
// suppression and its match. A dock.
#include "plugins/bev/panel/selection.h"
#include <QWidget>

class QStackedWidget;

namespace lathe {
class SegmentedControl;
class SimpleTable;
class TextLabel;
}

namespace lathe::bev {

/// The feature vector as bars.
class FeatureBars : public QWidget {
    Q_OBJECT
public:
    explicit FeatureBars(QWidget* parent = nullptr);
    void set_values(const std::vector<float>& values);
    QSize sizeHint() const override { return {300, 56}; }
protected:
    void paintEvent(QPaintEvent* event) override;
private:
    std::vector<float> m_values;
};

class Inspector : public QWidget {
    Q_OBJECT
public:
    explicit Inspector(QWidget* parent = nullptr);
    void show_selection(const Frame* frame, const Selection& selection);   ///< frame may be null
    void set_stale(bool stale);
    QString as_csv() const;
private:
    void show_voxel(const Frame& frame, const Selection& selection);
    void show_detection(const Frame& frame, const Selection& selection);
    SegmentedControl* m_tabs;
    QStackedWidget* m_pages;
    TextLabel *m_title, *m_place, *m_feature_note, *m_box_title;
    SimpleTable *m_cameras, *m_box;
    FeatureBars* m_bars;
};

}
