#pragma once
// The top of the centre: the strip of pictures with its head (tasks, pictures of one's own, size), how many are right, and a warning where a mixed batch was merged per batch.
// GUI thread only.
#include "plugins/vit_merge/panel/strip.h"
#include <QWidget>

class QMenu;
class QScrollArea;
class QToolButton;

namespace lathe {
class DockTitle;
class ElidedLabel;
class TextLabel;
}

namespace lathe::vit_merge {

class ImageStrip;

class StripView : public QWidget {
    Q_OBJECT
public:
    explicit StripView(QWidget* parent = nullptr);
    ImageStrip* strip() { return m_strip; }
    DockTitle* title() { return m_title; }
    void show_strip(const Strip& strip, bool stale);
    void show_tasks(const QStringList& all, const QStringList& chosen);   ///< chosen: empty means all
    QString warning() const;                               ///< empty: none is shown
    QString note() const;                                  ///< "Joint 93.8 % · …"
Q_SIGNALS:
    void tasks_chosen(QStringList tasks);                  ///< empty: all
    void pictures_wanted();
    void per_sample_wanted();
private:
    void fill_tasks();
    DockTitle* m_title;
    QWidget* m_banner;
    TextLabel* m_warning;
    ElidedLabel* m_note;
    QToolButton* m_tasks;
    QMenu* m_task_menu;
    QScrollArea* m_scroll;
    ImageStrip* m_strip;
    QStringList m_all, m_chosen;
};

}
