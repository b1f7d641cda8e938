#pragma once
// What the benches of workspaces share: a context that is answered by hand, in a frame like the window's.
#include "tests/gui/gui_fixture.h"
#include <QFile>
#include <QTemporaryDir>

namespace lathe::gui_test {

struct PanelBench {
    FakePanelContext context;
    QTemporaryDir files;
    std::unique_ptr<QWidget> window = std::make_unique<QWidget>();

    /// An empty file that can be chosen.
    QString file(const QString& name) {
        QFile made(files.filePath(name));
        if (!made.open(QIODevice::WriteOnly)) return {};
        return made.fileName();
    }
    void send(const std::string& uuid, Artifact artifact) { context.play(uuid, event::ArtifactMade{std::move(artifact)}); }
    void end(const std::string& uuid, RunState state = RunState::finished) { Q_EMIT context.run_ended(QString::fromStdString(uuid), state); }
    void finish(const std::string& uuid, const Json& summary) {
        event::Finished done;
        done.seconds = 0.1;
        done.summary = summary;
        context.play(uuid, done);
        end(uuid);
    }
    void fail(const std::string& uuid, const std::string& what, const std::string& where = {}) {
        context.play(uuid, event::Failed{ErrorCode::invalid_value, what, where, "Choose another."});
        end(uuid, RunState::failed);
    }
    std::string newest(const char* method) const { return context.last(method).request.uuid; }
    void answer(const char* method, const std::vector<Artifact>& artifacts, const Json& summary = Json::object()) {
        const std::string uuid = newest(method);
        for (const Artifact& artifact : artifacts) send(uuid, artifact);
        finish(uuid, summary);
    }
};

}
