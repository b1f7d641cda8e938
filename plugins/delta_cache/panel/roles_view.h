#pragma once
// Which blocks carry what: errors of outline and detail for each window of cached blocks, from delta_cache.study. A dock.
#include "core/method/run.h"
#include <QWidget>

class QPushButton;

namespace lathe {
class HeatMapView;
class TextLabel;
}

namespace lathe::delta_cache {

class RolesView : public QWidget {
    Q_OBJECT
public:
    explicit RolesView(QWidget* parent = nullptr);
    HeatMapView* heat_map() { return m_map; }
    void show_roles(const Artifact& table);                  ///< key "roles". Throws Error(wrong_format).
    bool has_roles() const { return m_windows > 0; }
    void set_running(const QString& note);                   ///< empty: nothing runs
    void set_stale(bool stale);
Q_SIGNALS:
    void study_requested();
    void window_chosen(int first_block, int end_block);
private:
    HeatMapView* m_map;
    TextLabel* m_note;
    QPushButton* m_run;
    int m_windows = 0, m_width = 1;
};

}
