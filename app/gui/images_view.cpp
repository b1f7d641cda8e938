#include "app/gui/images_view.h"
#include "app/gui/artifact_decode.h"
#include "app/gui/project_host.h"
#include "app/gui/shell.h"
#include "app/gui/text.h"
#include "viewers/image_compare.h"
#include "widgets/dock_title.h"
#include "widgets/theme.h"
#include <QFileDialog>
#include <QHBoxLayout>
#include <QVBoxLayout>
#include <algorithm>
#include <set>

namespace lathe {
namespace {
/// Which picture is shown first: a final one before those of the steps, a run's own before its reference, which is the same in all of them.
std::string most_telling(const std::set<std::string>& keys) {
    const auto rank = [](const std::string& key) { return (key.starts_with("image") ? 0 : 2) + (key.find("reference") == std::string::npos ? 0 : 1); };
    return *std::min_element(keys.begin(), keys.end(), [&](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
}
}

ImagesView::ImagesView(const Shell& shell, RunColours& colours, QWidget* parent) : QWidget(parent), m_shell(shell), m_colours(colours) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* row = new QHBoxLayout;
    row->setContentsMargins(8, 4, 8, 4);
    m_viewer = new ImageCompareViewer(this);
    m_viewer->set_empty_text(tr("Select runs that have pictures to see them side by side."));
    m_key = new QComboBox(this);
    m_key->setAccessibleName(tr("Picture"));
    m_key->setToolTip(tr("Which picture of the runs is shown"));
    m_key->hide();
    row->addWidget(m_key);
    row->addWidget(m_viewer->tool_bar(), 1);
    column->addLayout(row);
    column->addWidget(m_viewer, 1);
    connect(&Theme::instance(), &Theme::changed, this, &ImagesView::refresh);   // runs have other colours there
    connect(m_key, &QComboBox::activated, this, [this] {
        m_step = -1;
        refresh();
    });
    connect(m_viewer, &ImageCompareViewer::step_requested, this, [this](int index) {
        if (index < 0 || index >= int(m_steps.size())) return;
        m_step = m_steps[std::size_t(index)];
        refresh();
    });
}

void ImagesView::set_runs(const QList<RunId>& runs) {
    if (runs != m_runs) m_step = -1;
    m_runs = runs;
    refresh();
}

void ImagesView::refresh() {
    const quint64 serial = ++m_serial;
    if (m_runs.isEmpty()) {
        take({});
        return;
    }
    m_shell.projects->read<Answer>(this, [ids = std::vector<RunId>(m_runs.begin(), m_runs.end()), wanted = ss(m_key->currentData().toString()), step = m_step](const ProjectReader& reader) {
        Answer answer;
        std::map<RunId, std::vector<ArtifactRow>> rows;
        std::set<std::string> keys;
        for (const RunId id : ids)
            for (ArtifactRow& row : reader.artifacts(id))
                if (row.kind == "image") {
                    keys.insert(row.key);
                    rows[id].push_back(std::move(row));
                }
        answer.keys.assign(keys.begin(), keys.end());
        if (keys.empty()) return answer;
        answer.key = keys.contains(wanted) ? wanted : most_telling(keys);
        std::set<std::int64_t> steps;
        for (const auto& [run, list] : rows)
            for (const ArtifactRow& row : list)
                if (row.key == answer.key) steps.insert(row.step);
        answer.steps.assign(steps.begin(), steps.end());
        answer.step = steps.contains(step) ? step : -1;
        for (const RunId id : ids) {
            const ArtifactRow* best = nullptr;   // the newest picture that is not younger than the step asked for
            for (const ArtifactRow& row : rows[id])
                if (row.key == answer.key && (answer.step < 0 || row.step <= answer.step) && (!best || row.step > best->step)) best = &row;
            if (!best) continue;
            const RunRow run = reader.run(id);
            answer.pictures.push_back({id, run.uuid, run.title, best->step, ImageData::from_artifact(load_artifact(reader, *best))});
        }
        return answer;
    }, [this, serial](const Answer& answer) {
        if (serial == m_serial) take(answer);
    });
}

void ImagesView::take(const Answer& answer) {
    const QSignalBlocker quiet(m_key);
    m_key->clear();
    for (const std::string& key : answer.keys) m_key->addItem(metric_column(key, nullptr, m_shell.catalogue()).label, qs(key));
    m_key->setCurrentIndex(m_key->findData(qs(answer.key)));
    m_key->setVisible(answer.keys.size() > 1);
    m_steps = answer.steps;
    m_viewer->setProperty("lathe_run", answer.pictures.empty() ? QString() : qs(answer.pictures.back().uuid));   // an export finds it again
    std::vector<ViewImage> images;
    for (const Picture& picture : answer.pictures)
        images.push_back({QString::number(picture.run), QStringLiteral("%1 %2").arg(run_number(picture.run), qs(picture.title)).trimmed(), {}, m_colours.colour(picture.run), picture.data, false});
    m_viewer->set_difference_pane(false);
    m_viewer->set_images(std::move(images));
    if (m_steps.size() > 1) {
        const auto found = std::find(m_steps.begin(), m_steps.end(), answer.step);
        const int current = found == m_steps.end() ? int(m_steps.size()) - 1 : int(found - m_steps.begin());
        m_viewer->set_steps(int(m_steps.size()), current, tr("step %1").arg(m_steps[std::size_t(current)]));
    } else {
        m_viewer->set_steps(0, 0);
    }
    if (m_bar) m_bar->set_hint(answer.pictures.empty() ? QString() : tr("%n picture(s)", nullptr, int(answer.pictures.size())));
}

void ImagesView::export_dialog() {
    const QString file = QFileDialog::getSaveFileName(this, tr("Export the view"), QStringLiteral("images.png"), tr("Picture (*.png)"));
    if (file.isEmpty()) return;
    if (m_viewer->export_png(file)) m_shell.say(QStringLiteral("info"), tr("Exported."), file);
    else m_shell.say(QStringLiteral("err"), tr("The view was not exported."), file, tr("Choose a folder you may write to."));
}

}
