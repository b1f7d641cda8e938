#pragma once
// Pictures of the compared runs: the last step of one image artifact, or any step by the scrubber; decoded on worker threads.
#include "app/gui/run_columns.h"
#include "viewers/image_data.h"
#include <QComboBox>
#include <QWidget>

namespace lathe {

class DockTitle;
class ImageCompareViewer;
struct Shell;

class ImagesView : public QWidget {
    Q_OBJECT
public:
    ImagesView(const Shell& shell, RunColours& colours, QWidget* parent = nullptr);
    void attach(DockTitle* bar) { m_bar = bar; }
    void set_runs(const QList<RunId>& runs);
    void refresh();
    ImageCompareViewer* viewer() { return m_viewer; }
    Q_INVOKABLE void export_dialog();
private:
    struct Picture { RunId run = 0; std::string uuid, title; std::int64_t step = 0; ImageData data; };
    struct Answer { std::vector<std::string> keys; std::string key; std::vector<std::int64_t> steps; std::int64_t step = -1; std::vector<Picture> pictures; };
    void take(const Answer& answer);
    const Shell& m_shell;
    RunColours& m_colours;
    ImageCompareViewer* m_viewer;
    QComboBox* m_key;
    DockTitle* m_bar = nullptr;
    QList<RunId> m_runs;
    std::vector<std::int64_t> m_steps;
    std::int64_t m_step = -1;                   ///< -1: the last
    quint64 m_serial = 0;
};

}
