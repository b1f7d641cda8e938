#include "app/gui/project_actions.h"
#include "app/gui/action_registry.h"
#include "app/gui/project_host.h"
#include "app/gui/recent_projects.h"
#include "app/gui/settings.h"
#include "app/gui/shell.h"
#include "app/gui/snapshots_dialog.h"
#include "app/gui/storage_dialog.h"
#include "app/gui/text.h"
#include "core/base/paths.h"
#include <QCheckBox>
#include <QDateTime>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QInputDialog>
#include <QMessageBox>
#include <QPushButton>
#include <QStandardPaths>
#include <QWidget>

namespace lathe {

ProjectActions::ProjectActions(const Shell& shell, RecentProjects& recents, QObject* parent) : QObject(parent), m_shell(shell), m_recents(recents) {
    add_actions();
    connect(shell.projects, &ProjectHost::opened, this, [this] {
        m_opening.clear();
        m_warned_of_quota = false;
        refresh();
        const QString file = m_shell.projects->file();
        m_recents.add(file, -1);
        count_runs();
        check(false);
    });
    m_count.setSingleShot(true);
    m_count.setInterval(2000);
    connect(&m_count, &QTimer::timeout, this, &ProjectActions::count_runs);
    connect(shell.projects, &ProjectHost::contents_changed, this, [this] { if (!m_count.isActive()) m_count.start(); });
    connect(shell.projects, &ProjectHost::closed, this, &ProjectActions::refresh);
    connect(shell.projects, &ProjectHost::failed, this, [this](const QString& what, const QString& where, const QString& hint) {
        QList<MessageButton> buttons;
        if (!m_opening.isEmpty() && !QFileInfo::exists(m_opening)) buttons << MessageButton{tr("Locate…"), QStringLiteral("folder"), [this] { choose(); }};
        m_opening.clear();
        m_shell.say(QStringLiteral("err"), what, where, hint, std::move(buttons));
    });
    refresh();
}

void ProjectActions::add_actions() {
    ActionRegistry& actions = *m_shell.actions;
    const QString file = tr("File");
    actions.add({QStringLiteral("project.new"), tr("&New project…"), file, QStringLiteral("file-plus"), {QKeySequence(Qt::CTRL | Qt::Key_N)}, {}}, [this] { create(); });
    actions.add({QStringLiteral("project.open"), tr("&Open project…"), file, QStringLiteral("folder"), {QKeySequence(Qt::CTRL | Qt::Key_O)}, {}}, [this] { choose(); });
    actions.add({QStringLiteral("model.open"), tr("Open &model…"), file, QStringLiteral("model"), {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_O)}, tr("A checkpoint: .safetensors, .pt, .pth, .bin")}, [this] { Q_EMIT choose_model(); });
    actions.add({QStringLiteral("data.open"), tr("Open &data set…"), file, QStringLiteral("database"), {QKeySequence(Qt::CTRL | Qt::ALT | Qt::Key_O)}, tr("A folder of pictures or of data files")}, [this] { Q_EMIT choose_data(); });
    actions.add({QStringLiteral("project.save_copy"), tr("&Save a copy as…"), file, QStringLiteral("save"), {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_S)}, tr("Everything in one file; the copy is opened if the project is read-only")}, [this] { save_copy(); });
    actions.add({QStringLiteral("project.share"), tr("S&hare…"), file, QStringLiteral("share"), {}, tr("One compact file without names, paths, logs and bin")}, [this] { share(); });
    actions.add({QStringLiteral("project.snapshot"), tr("Add sna&pshot…"), file, QStringLiteral("camera"), {}, tr("Keeps all panel states under a name")}, [this] { add_snapshot(); });
    actions.add({QStringLiteral("project.snapshots"), tr("Snap&shots…"), file, QStringLiteral("history"), {}, {}}, [this] { SnapshotsDialog(m_shell, m_shell.window).exec(); });
    actions.add({QStringLiteral("project.revert"), tr("&Revert to as opened…"), file, QStringLiteral("reset"), {}, {}}, [this] {
        if (QMessageBox::question(m_shell.window, tr("Revert"), tr("Take the project back to what it was when this window opened it? Runs and changes since then are lost; this cannot be undone."), QMessageBox::Yes | QMessageBox::Cancel, QMessageBox::Cancel) != QMessageBox::Yes) return;
        m_shell.projects->write_alone([](Project& project) { project.revert_to_as_opened(); }, [this] { open(m_shell.projects->file()); });
    });
    actions.add({QStringLiteral("project.storage"), tr("S&torage, clean up…"), tr("Tools"), QStringLiteral("database"), {}, tr("What takes how much, and cleaning up")}, [this] { StorageDialog(m_shell, m_shell.window).exec(); });
    actions.add({QStringLiteral("project.check"), tr("&Check the project file"), tr("Tools"), QStringLiteral("check"), {}, {}}, [this] { check(true); });
    actions.add({QStringLiteral("project.close"), tr("&Close project"), file, {}, {QKeySequence(Qt::CTRL | Qt::Key_W)}, {}}, [this] { if (m_shell.may_leave_project()) m_shell.projects->close(); });
}

/// What the start page says of the project.
void ProjectActions::count_runs() {
    using Counts = std::pair<int, qint64>;
    m_shell.projects->read<Counts>(this, [file = m_shell.projects->file()](const ProjectReader& reader) {
        RunQuery recorded;
        recorded.lane = Lane::batch;
        return Counts(int(reader.count_runs(recorded)), QFileInfo(file).size());
    }, [this, file = m_shell.projects->file()](const Counts& counts) {
        m_recents.add(file, counts.first);
        warn_of_quota(counts.second);
    });
}

/// Once while the project is open.
void ProjectActions::warn_of_quota(qint64 bytes) {
    const qint64 quota = Settings::instance().value(QStringLiteral("storage/quota_mb")).toLongLong() * 1'000'000;
    if (bytes <= quota || m_warned_of_quota) return;
    m_warned_of_quota = true;
    m_shell.say(QStringLiteral("warn"), tr("The project is larger than its quota."), tr("%1: %2 of %3").arg(m_shell.projects->title(), size_text(bytes), size_text(quota)),
        tr("Clean up removes what is in the bin and old live results, or raise the quota in the settings."),
        {MessageButton{tr("Clean up…"), QStringLiteral("trash"), [this] { m_shell.actions->action(QStringLiteral("project.storage"))->trigger(); }}});
}

void ProjectActions::refresh() {
    const bool open = m_shell.projects->is_open();
    const QString lock = m_shell.projects->read_only_reason();
    for (const char* id : {"project.save_copy", "project.share", "project.snapshots", "project.storage", "project.check", "project.close"})
        m_shell.actions->set_enabled(QLatin1String(id), open, tr("No project is open."));
    for (const char* id : {"project.snapshot", "project.revert"})
        m_shell.actions->set_enabled(QLatin1String(id), open && lock.isEmpty(), open ? tr("The project is read-only: %1").arg(lock) : tr("No project is open."));
}

QString ProjectActions::start_folder() const {
    if (m_shell.projects->is_open()) return QFileInfo(m_shell.projects->file()).path();
    if (!m_recents.list().isEmpty()) return QFileInfo(m_recents.list().first().file).path();
    return QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation);
}

void ProjectActions::create() {
    if (!m_shell.may_leave_project()) return;
    QString file = QFileDialog::getSaveFileName(m_shell.window, tr("New project"), QDir(start_folder()).filePath(QStringLiteral("project.lathe")), tr("Lathe projects (*.lathe)"), nullptr, QFileDialog::DontConfirmOverwrite);
    if (file.isEmpty()) return;
    if (!file.endsWith(QLatin1String(".lathe"))) file += QStringLiteral(".lathe");
    if (QFileInfo::exists(file)) {
        m_shell.say(QStringLiteral("err"), tr("The project was not made."), tr("%1 exists already").arg(file), tr("Open it, or choose another name."), {MessageButton{tr("Open it"), QStringLiteral("folder"), [this, file] { open(file); }}});
        return;
    }
    m_shell.projects->create(file);
}

void ProjectActions::choose() {
    const QString file = QFileDialog::getOpenFileName(m_shell.window, tr("Open project"), start_folder(), tr("Lathe projects (*.lathe);;All files (*)"));
    if (!file.isEmpty()) open(file);
}

void ProjectActions::open(const QString& file) {
    if (!m_shell.may_leave_project()) return;
    m_opening = QFileInfo(file).absoluteFilePath();
    // A file is opened once: the open one is let go first, so that opening it again reads it anew.
    if (m_shell.projects->is_open() && QFileInfo(m_shell.projects->file()).canonicalFilePath() == QFileInfo(file).canonicalFilePath()) m_shell.projects->close();
    m_shell.projects->open(m_opening);
}

void ProjectActions::open_example(const QString& file) {
    if (!m_shell.may_leave_project()) return;
    const QFileInfo info(file);
    const QDir folder(path_text(user_data_folder() / "examples"));
    QString target = folder.filePath(info.fileName());
    for (int n = 2; QFileInfo::exists(target); ++n) target = folder.filePath(QStringLiteral("%1-%2.lathe").arg(info.completeBaseName()).arg(n));
    m_shell.projects->open_copy(file, target);
}

void ProjectActions::save_copy() {
    const QFileInfo info(m_shell.projects->file());
    const QString target = QFileDialog::getSaveFileName(m_shell.window, tr("Save a copy as"), info.dir().filePath(info.completeBaseName() + QStringLiteral("-copy.lathe")), tr("Lathe projects (*.lathe)"));
    if (target.isEmpty()) return;
    const bool take_over = !m_shell.projects->read_only_reason().isEmpty();
    const auto project = m_shell.projects->project();
    m_shell.projects->read<bool>(this, [project, to = fs_path(target)](const ProjectReader&) {
        project->save_copy(to);
        return true;
    }, [this, target, take_over](bool) {
        m_shell.say(QStringLiteral("info"), tr("The copy is saved."), target, {}, {MessageButton{tr("Open the copy"), QStringLiteral("folder"), [this, target] { open(target); }}});
        if (take_over) open(target);
    });
}

void ProjectActions::share() {
    QMessageBox question(QMessageBox::Question, tr("Share"), tr("A shared file leaves out host and user names, absolute paths, logs, the bin and undo. It is the way to pass on an open project: copying its file would lose what is not yet in it."), QMessageBox::Ok | QMessageBox::Cancel, m_shell.window);
    auto* embed = new QCheckBox(tr("Put models and data into the file, so that runs can be repeated elsewhere"));
    question.setCheckBox(embed);
    question.button(QMessageBox::Ok)->setText(tr("Choose the file…"));
    if (question.exec() != QMessageBox::Ok) return;
    const QFileInfo info(m_shell.projects->file());
    const QString target = QFileDialog::getSaveFileName(m_shell.window, tr("Share as"), info.dir().filePath(info.completeBaseName() + QStringLiteral("-shared.lathe")), tr("Lathe projects (*.lathe)"));
    if (target.isEmpty()) return;
    const auto project = m_shell.projects->project();
    m_shell.projects->read<qint64>(this, [project, to = fs_path(target), with_assets = embed->isChecked()](const ProjectReader&) {
        project->share(to, with_assets);
        return qint64(std::filesystem::file_size(to));
    }, [this, target](qint64 bytes) { m_shell.say(QStringLiteral("info"), tr("The shared file is ready."), QStringLiteral("%1, %2").arg(target, size_text(bytes))); });
}

void ProjectActions::add_snapshot() {
    bool ok = false;
    const QString name = QInputDialog::getText(m_shell.window, tr("Add snapshot"), tr("Name:"), QLineEdit::Normal, QDateTime::currentDateTime().toString(QStringLiteral("yyyy-MM-dd HH:mm")), &ok).trimmed();
    if (!ok || name.isEmpty()) return;
    const Json state = m_shell.projects->all_panel_states();
    m_shell.projects->write([title = ss(name), state](Project& project) { project.add_snapshot(title, state); }, [this, name] { m_shell.say(QStringLiteral("info"), tr("Snapshot “%1” is kept.").arg(name), {}, tr("File > Snapshots… brings it back.")); });
}

/// The whole file, on a worker thread: seconds for a large one.
void ProjectActions::check(bool by_hand) {
    const auto project = m_shell.projects->project();
    m_shell.projects->read<QString>(this, [project](const ProjectReader&) {
        try {
            project->check();
            return QString();
        } catch (const Error& error) {
            return qs(error.what());
        }
    }, [this, by_hand](const QString& problem) {
        if (problem.isEmpty() && by_hand) m_shell.say(QStringLiteral("info"), tr("The project file is sound."), m_shell.projects->file());
        if (!problem.isEmpty()) m_shell.say(QStringLiteral("err"), tr("The project file is damaged."), problem, tr("Share… or Save a copy as… rescues what can be read. Restore it from a backup if that fails."));
    });
}

}
