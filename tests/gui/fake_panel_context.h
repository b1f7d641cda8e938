#pragma once
// A PanelContext without a window: it keeps what the panel asks for and plays events as an engine would send them.
#include "core/base/json.h"
#include "widgets/panel.h"
#include <QAction>
#include <QFile>
#include <QUndoStack>
#include <algorithm>
#include <map>

namespace lathe::gui_test {

class FakePanelContext : public PanelContext {
    Q_OBJECT
public:
    struct Submitted { RunRequest request; QList<std::pair<QString, QString>> assets; QString live_key; };
    struct Dock { QWidget* content; QString title, hint; DockSide side; int extent; };

    Catalogue methods;
    QList<Submitted> submitted;
    QStringList cancelled, pinned, messages, command_lines;
    QMap<QString, Dock> docks;
    QList<QAction*> actions;
    QWidget* bar = nullptr;
    Json state;
    QUndoStack undo;
    QList<PanelRun> recorded;
    QHash<QString, QList<Artifact>> recorded_artifacts;
    QHash<QString, QList<std::pair<double, double>>> recorded_series;

    const Catalogue& catalogue() const override { return methods; }
    QString submit(const RunRequest& request, const QList<std::pair<QString, QString>>& assets, const QString& live_key) override {
        submitted << Submitted{request, assets, live_key};
        return QString::fromStdString(request.uuid);
    }
    void cancel(const QString& uuid) override { cancelled << uuid; }
    bool has_project() const override { return true; }
    QList<PanelRun> runs(const QString&, int) const override { return recorded; }
    std::optional<PanelRun> run(const QString& uuid) const override {
        const auto found = std::ranges::find(recorded, uuid, &PanelRun::uuid);
        return found == recorded.end() ? std::nullopt : std::optional(*found);
    }
    QList<Artifact> artifacts(const QString& uuid) const override { return recorded_artifacts.value(uuid); }
    QList<std::pair<double, double>> series(const QString& uuid, const QString& key) const override { return recorded_series.value(uuid + u'/' + key); }
    Json panel_state() const override { return state; }
    void set_panel_state(const Json& next) override { state = next; }
    void pin_live(const QString& uuid) override { pinned << uuid; }
    QUndoStack* undo_stack() override { return &undo; }
    void add_dock(QWidget* content, const QString& id, const QString& title, const QString& hint, DockSide side, int extent) override { docks.insert(id, {content, title, hint, side, extent}); }
    void set_dock_hint(const QString& id, const QString& hint) override { docks[id].hint = hint; }
    void add_action(QAction* action, const QString&) override { actions << action; }
    void set_bar(QWidget* widget) override { bar = widget; }
    void show_message(const QString& level, const QString& what, const QString& where, const QString& hint, const QString&, std::function<void()>) override {
        messages << QStringList{level, what, where, hint}.join(u'|');
    }
    void copy_command_line(const RunRequest& request, const QList<std::pair<QString, QString>>&) override { command_lines << QString::fromStdString(request.method); }

    /// The newest request of a method; its uuid is empty if there is none.
    Submitted last(const std::string& method) const {
        for (qsizetype i = submitted.size(); i-- > 0;)
            if (submitted[i].request.method == method) return submitted[i];
        return {};
    }
    int count(const std::string& method) const { return int(std::count_if(submitted.begin(), submitted.end(), [&](const Submitted& s) { return s.request.method == method; })); }
    void play(const std::string& uuid, RunEventBody body) { Q_EMIT run_event(std::make_shared<RunEvent>(RunEvent{uuid, 0, std::move(body)})); }
};

}
