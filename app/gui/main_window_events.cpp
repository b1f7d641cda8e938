// What happens to the window: projects open and close, files are dropped, views are exported, the window is closed while runs are under way.
#include "app/gui/action_registry.h"
#include "app/gui/dock_area.h"
#include "app/gui/engine_watch.h"
#include "app/gui/help_window.h"
#include "app/gui/job_list.h"
#include "app/gui/log_view.h"
#include "app/gui/main_window.h"
#include "app/gui/model_opener.h"
#include "app/gui/panel_host.h"
#include "app/gui/project_actions.h"
#include "app/gui/run_drop.h"
#include "app/gui/runs_page.h"
#include "app/gui/settings.h"
#include "app/gui/settings_dialog.h"
#include "app/gui/status_strip.h"
#include "app/gui/text.h"
#include "app/gui/title_row.h"
#include "app/gui/workspace.h"
#include "viewers/heat_map.h"
#include "viewers/image_compare.h"
#include "viewers/plot_viewer.h"
#include "widgets/simple_table.h"
#include "widgets/small_widgets.h"
#include "widgets/theme.h"
#include <QApplication>
#include <QCloseEvent>
#include <QDialog>
#include <QDir>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QHeaderView>
#include <QLabel>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QRegularExpression>
#include <QStackedWidget>
#include <QTableView>
#include <QThreadPool>
#include <QUndoStack>
#include <QVBoxLayout>

namespace lathe {

// --- projects ---

void MainWindow::show_saved() {
    m_status->set_saved(!m_projects->is_open() ? tr("No project open") : !m_projects->read_only_reason().isEmpty() ? tr("Read-only") : m_store_waits ? tr("Not saved yet: the project cannot be written")
                        : m_saving ? tr("Saving…") : tr("All changes saved"));
}

void MainWindow::project_opened() {
    m_session->set_project(m_projects->project());
    refresh_project_name();
    show_saved();
    for (Workspace* workspace : std::as_const(m_workspaces)) restore_layout(*workspace);
    const Json state = m_projects->panel_state(QStringLiteral("shell"));
    QString where = std::exchange(m_open_in_workspace, QString());
    if (where.isEmpty() && state.is_object())
        if (const auto saved = state.find("workspace"); saved != state.end() && saved->is_string()) where = qs(saved->get<std::string>());
    if (!m_order.contains(where) || where == u"start") where = m_order.size() > 3 ? m_order[1] : QStringLiteral("runs");
    show_workspace(where);
}

void MainWindow::project_closed() {
    if (m_closing) return;
    m_session->set_project(nullptr);
    show_saved();
    refresh_project_name();
    refresh_actions();
}

void MainWindow::refresh_project_name() {
    const bool open = m_projects->is_open();
    m_title->set_project(open ? m_projects->title() : QString(), m_projects->file(), m_projects->read_only_reason());
    setWindowTitle(open ? QStringLiteral("%1 – Lathe").arg(m_projects->title()) : QStringLiteral("Lathe"));
    setWindowFilePath(open ? m_projects->file() : QString());
}

void MainWindow::restore_run(const QString& uuid, const QString& method) {
    const QString plugin = method.section(u'.', 0, 0);
    if (workspace(plugin) && m_panels.contains(plugin)) {
        show_workspace(plugin);
        Q_EMIT m_panels[plugin]->restore_run(uuid);
        return;
    }
    m_projects->read<RunId>(this, [uuid](const ProjectReader& reader) { return reader.find_run(ss(uuid)).value_or(0); }, [this, method](RunId run) {
        show_workspace(QStringLiteral("runs"));
        m_runs->show_query({});
        m_runs->select_run(run);
        m_shell.say(QStringLiteral("info"), tr("No workspace shows %1.").arg(method), {}, tr("Its numbers and pictures are in Compare, Curves and Images here."));
    });
}

// --- files ---

PanelHost* MainWindow::panel_for_files() {
    if (PanelHost* panel = current_panel()) return panel;
    for (const QString& id : std::as_const(m_order))
        if (std::any_of(m_plugins.begin(), m_plugins.end(), [&](const PanelFile& file) { return file.ok() && file.id == id; })) {
            show_workspace(id);
            return current_panel();
        }
    m_shell.say(QStringLiteral("err"), tr("There is no plugin that opens models or data."), {}, tr("Help > Plugins says why."));
    return nullptr;
}

void MainWindow::choose_model() {
    const QString file = QFileDialog::getOpenFileName(this, tr("Open model"), {}, tr("Checkpoints (*.safetensors *.pt *.pth *.bin *.ckpt);;All files (*)"));
    if (file.isEmpty()) return;
    open_model(file);
}

/// To the workspace that runs its family; while the engine cannot say yet, to the one that is shown.
void MainWindow::open_model(const QString& file) {
    if (m_shell.has_catalogue()) m_models->look_at(file, m_current);
    else if (PanelHost* panel = panel_for_files()) Q_EMIT panel->model_dropped(file);
}

void MainWindow::choose_data() {
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Open data set"));
    if (folder.isEmpty()) return;
    if (PanelHost* panel = panel_for_files()) Q_EMIT panel->data_dropped(folder);
}

void MainWindow::open_files(const QStringList& files) {
    for (const QString& file : files) {
        const QFileInfo info(file);
        const QString suffix = info.suffix().toLower();
        if (!info.exists()) m_shell.say(QStringLiteral("err"), tr("The file is not there."), file, tr("Check its name and the drive it is on."));
        else if (info.isDir()) {
            if (PanelHost* panel = panel_for_files()) Q_EMIT panel->data_dropped(info.absoluteFilePath());
        } else if (suffix == u"lathe") m_project_actions->open(info.absoluteFilePath());
        else if (QStringList{QStringLiteral("safetensors"), QStringLiteral("pt"), QStringLiteral("pth"), QStringLiteral("bin"), QStringLiteral("ckpt")}.contains(suffix)) open_model(info.absoluteFilePath());
        else if (QStringList{QStringLiteral("png"), QStringLiteral("csv"), QStringLiteral("html"), QStringLiteral("svg"), QStringLiteral("md")}.contains(suffix)) find_exported_run(info.absoluteFilePath());
        else m_shell.say(QStringLiteral("warn"), tr("This kind of file is not opened here."), file, tr("Drop a project, a checkpoint, a data folder, or an image or report exported from Lathe."));
    }
}

/// Exports carry the run they came from as "lathe-run: UUID" in their text or metadata, tables in a last column, reports as the name of its section.
void MainWindow::find_exported_run(const QString& file) {
    QFile opened(file);
    static const QRegularExpression mark(QStringLiteral("(?:lathe-run(?:[\\s\"':=,\\0]*(?:content=\")?|\\r\\n[^\\r\\n]*,)|id=\"run-)([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"));
    QString uuid;
    if (opened.open(QIODevice::ReadOnly))
        if (const auto match = mark.match(QString::fromLatin1(opened.read(256 * 1024))); match.hasMatch()) uuid = match.captured(1);
    if (uuid.isEmpty()) {
        m_shell.say(QStringLiteral("warn"), tr("The file does not say which run it came from."), file, tr("Files exported from Lathe do."));
        return;
    }
    if (!m_projects->is_open()) {
        m_shell.say(QStringLiteral("warn"), tr("Open the project of this run first."), tr("run %1").arg(uuid), {});
        return;
    }
    m_projects->read<QString>(this, [uuid](const ProjectReader& reader) {
        const std::optional<RunId> run = reader.find_run(ss(uuid));
        return run ? qs(reader.run(*run).method) : QString();
    }, [this, uuid](const QString& method) {
        if (method.isEmpty()) m_shell.say(QStringLiteral("warn"), tr("The run is not in this project."), tr("run %1").arg(uuid), tr("Open the project it was made in."));
        else restore_run(uuid, method);
    });
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (!event->mimeData()->hasUrls()) return;
    event->acceptProposedAction();
    if (m_drop_hint) m_drop_hint->deleteLater();
    m_drop_hint = make_drop_frame(this, tr("Drop: a project opens, a checkpoint or data folder goes to the workspace, an export finds its run"));
}

void MainWindow::dragLeaveEvent(QDragLeaveEvent*) {
    if (m_drop_hint) m_drop_hint->deleteLater();
    m_drop_hint = nullptr;
}

void MainWindow::dropEvent(QDropEvent* event) {
    if (m_drop_hint) m_drop_hint->deleteLater();
    m_drop_hint = nullptr;
    QStringList files;
    for (const QUrl& url : event->mimeData()->urls())
        if (url.isLocalFile()) files << url.toLocalFile();
    event->acceptProposedAction();
    open_files(files);
}

// --- export ---

void MainWindow::export_current() {
    QWidget* page = m_pages->currentWidget();
    QWidget* focus = focusWidget();   // of this window, also while a menu or a dialog has just closed
    for (QWidget* widget = focus && page->isAncestorOf(focus) ? focus : nullptr; widget && widget != page; widget = widget->parentWidget())
        if (widget->metaObject()->indexOfMethod("export_dialog()") >= 0) {
            QMetaObject::invokeMethod(widget, "export_dialog");
            return;
        }
    auto save = [this](const QString& title, const QString& name, const QString& filter, const std::function<bool(const QString&)>& write) {
        const QString file = QFileDialog::getSaveFileName(this, title, name, filter);
        if (file.isEmpty()) return;
        if (write(file)) m_shell.say(QStringLiteral("info"), tr("Exported."), file);
        else m_shell.say(QStringLiteral("err"), tr("The view was not exported."), file, tr("Choose a folder you may write to."));
    };
    const QString all = tr("Picture (*.png);;Drawing (*.svg);;Document (*.pdf);;Table (*.csv)");
    for (QWidget* widget = focus && page->isAncestorOf(focus) ? focus : page; widget; widget = widget == page ? nullptr : widget->parentWidget()) {
        if (auto* images = widget->findChild<ImageCompareViewer*>(); images && images->isVisible()) return save(tr("Export the view"), QStringLiteral("images.png"), tr("Picture (*.png)"), [images](const QString& file) { return images->export_png(file); });
        if (auto* plot = widget->findChild<PlotViewer*>(); plot && plot->isVisible()) return save(tr("Export the curves"), QStringLiteral("curves.png"), all, [plot](const QString& file) { return plot->export_file(file); });
        if (auto* map = widget->findChild<HeatMapView*>(); map && map->isVisible()) return save(tr("Export the map"), QStringLiteral("map.png"), all, [map](const QString& file) { return map->export_file(file); });
    }
    m_shell.say(QStringLiteral("info"), tr("There is no view to export here."), {}, tr("Click into an image, a plot or a map first."));
}

void MainWindow::export_all() {
    const QString folder = QFileDialog::getExistingDirectory(this, tr("Export all views to"));
    if (folder.isEmpty()) return;
    const QDir dir(folder);
    QWidget* page = m_pages->currentWidget();
    int n = 0, failed = 0;
    auto name = [&](const char* kind, const char* suffix) { return dir.filePath(QStringLiteral("%1-%2-%3.%4").arg(m_current, QLatin1String(kind)).arg(n + 1).arg(QLatin1String(suffix))); };
    auto count = [&](bool ok) { ok ? ++n : ++failed; };
    for (ImageCompareViewer* images : page->findChildren<ImageCompareViewer*>())
        if (images->isVisible() && !images->images().empty()) count(images->export_png(name("images", "png")));
    for (PlotViewer* plot : page->findChildren<PlotViewer*>())
        if (plot->isVisible() && !plot->curves().isEmpty()) count(plot->export_file(name("curves", "svg")));
    for (HeatMapView* map : page->findChildren<HeatMapView*>())
        if (map->isVisible()) count(map->export_file(name("map", "svg")));
    m_shell.say(failed ? QStringLiteral("err") : QStringLiteral("info"), tr("%n view(s) exported.", nullptr, n), folder, failed ? tr("%n could not be written.", nullptr, failed) : QString());
}

// --- docks and windows of the shell ---

void MainWindow::toggle_dock(const QString& id) {
    Workspace* shown = m_workspaces.value(m_current);
    if (!shown || !shown->docks()) return;
    DockArea* docks = shown->docks();
    const QString own = m_current == u"engine" ? (id == u"shell.log" ? QStringLiteral("engine.log") : QStringLiteral("engine.jobs")) : id;
    if (!docks->find(own)) {
        if (own == u"shell.log") {
            docks->add_dock(new LogView, own, tr("Log"), {}, DockSide::bottom, 200, false);
        } else {
            auto* table = new QTableView;
            table->setModel(m_jobs);
            prepare_table(table);
            table->horizontalHeader()->setSectionResizeMode(3, QHeaderView::Stretch);
            docks->add_dock(table, own, tr("Jobs"), tr("runs since the window opened"), DockSide::bottom, 200, false);
        }
    }
    const DockArea::Dock* dock = docks->find(own);
    DockArea::is_shown(*dock) ? docks->close_dock(own) : docks->show_dock(own);
}

void MainWindow::show_messages() {
    auto* dialog = new QDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Messages of this session"));
    dialog->resize(820, 420);
    auto* column = new QVBoxLayout(dialog);
    auto* table = new SimpleTable({tr("Time"), tr("Kind"), tr("Message")}, dialog);
    table->set_fit_rows(false);
    table->set_text_columns({1, 2});
    table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::ResizeToContents);
    table->horizontalHeader()->setSectionResizeMode(2, QHeaderView::Stretch);
    QList<QStringList> rows;
    const QList<UserMessage>& history = m_messages->history();
    for (qsizetype i = history.size(); i-- > 0;) {
        const QString level = history[i].level;
        rows << QStringList{history[i].time.toString(QStringLiteral("HH:mm:ss")), level.startsWith(QLatin1String("err")) ? tr("error") : level.startsWith(QLatin1String("warn")) ? tr("warning") : tr("note"), history[i].text()};
    }
    table->set_rows(rows);
    for (int row = 0; row < table->rowCount(); ++row)
        if (QTableWidgetItem* item = table->item(row, 2)) item->setToolTip(item->text());
    column->addWidget(table);
    dialog->show();
}

void MainWindow::show_settings(const QString& key) {
    auto* dialog = new SettingsDialog(*m_actions, *m_viewer_keys, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    if (!key.isEmpty()) dialog->show_setting(key);
    dialog->open();
}

// --- closing ---

int MainWindow::recorded_runs_under_way() const {
    int recorded = 0;
    for (const std::string& uuid : m_session->active())
        if (const Job* job = m_jobs->find(qs(uuid)); !job || !job->live) ++recorded;
    return recorded;
}

/// Another project, or none: the runs of this one would be cancelled.
bool MainWindow::may_leave_project() {
    const int recorded = m_projects->is_open() ? recorded_runs_under_way() : 0;
    if (recorded == 0) return true;
    QMessageBox box(QMessageBox::Question, tr("Runs are under way"), tr("%n run(s) of this project still under way.", nullptr, recorded), QMessageBox::NoButton, this);
    box.setInformativeText(tr("They end when the project is left. Stopped runs keep what they have; long ones can be resumed from their last checkpoint."));
    QPushButton* stop = box.addButton(tr("Stop them"), QMessageBox::DestructiveRole);
    QPushButton* back = box.addButton(tr("Back"), QMessageBox::RejectRole);
    box.setDefaultButton(back);
    box.setEscapeButton(back);
    box.exec();
    return box.clickedButton() == stop;
}

bool MainWindow::ask_about_runs() {
    const int recorded = recorded_runs_under_way();
    if (recorded == 0) return true;
    QMessageBox box(QMessageBox::Question, tr("Runs are under way"), tr("%n run(s) still under way.", nullptr, recorded), QMessageBox::NoButton, this);
    box.setInformativeText(tr("In the background they go on without a window until they end. Stopped runs keep what they have; long ones can be resumed from their last checkpoint."));
    QPushButton* keep = box.addButton(tr("Keep running in background"), QMessageBox::AcceptRole);
    QPushButton* stop = box.addButton(tr("Stop and close"), QMessageBox::DestructiveRole);
    QPushButton* back = box.addButton(tr("Back"), QMessageBox::RejectRole);
    box.setDefaultButton(back);
    box.setEscapeButton(back);
    box.exec();
    if (box.clickedButton() == keep) {
        wait_in_background();
        return false;
    }
    if (box.clickedButton() != stop) return false;
    for (const std::string& uuid : m_session->active()) m_session->cancel(uuid);
    return true;
}

/// The process goes on without a window; it ends with the last run and says so.
void MainWindow::wait_in_background() {
    QApplication::setQuitOnLastWindowClosed(false);
    hide();
    auto* check = new QTimer(this);
    check->setInterval(500);
    connect(check, &QTimer::timeout, this, [this, check] {
        if (!m_session->active().empty()) return;
        check->stop();
        m_watch->desktop().notify(tr("All runs have ended"), m_projects->title());
        QTimer::singleShot(1500, qApp, &QApplication::quit);
    });
    check->start();
}

void MainWindow::closeEvent(QCloseEvent* event) {
    if (m_options.screenshot.isEmpty() && !m_options.measure_start && !ask_about_runs()) {
        event->ignore();
        return;
    }
    if (m_options.screenshot.isEmpty() && !m_options.size.isValid()) Settings::instance().store().setValue(QStringLiteral("window/geometry"), saveGeometry());
    if (m_help) m_help->close();
    event->accept();
}

}
