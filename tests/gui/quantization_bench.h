#pragma once
// The workspace of quantization in a frame like the window's, with a context that answers as the engine does.
#include "plugins/quantization/panel/panel.h"
#include "plugins/quantization/panel/source_bar.h"
#include "tests/gui/dock_frame.h"
#include "tests/gui/fake_panel_context.h"
#include "tests/gui/gui_fixture.h"
#include "tests/gui/quantization_answers.h"
#include "widgets/asset_chooser.h"
#include <QTemporaryDir>

namespace lathe::gui_test {

struct QuantizationBench {
    FakePanelContext context;
    QTemporaryDir files;
    std::unique_ptr<QWidget> window = std::make_unique<QWidget>();
    quantization::Panel* panel = nullptr;

    explicit QuantizationBench(bool with_data = true) {
        context.methods.methods = quantization_methods();
        panel = new quantization::Panel(context);
        QWidget* ranges = framed(context, "ranges");
        ranges->setMinimumHeight(280);
        QVBoxLayout* docks = place_panel(window.get(), context, panel, ranges, 304, 422);
        docks->addWidget(framed(context, "result"));
        docks->addWidget(framed(context, "front"), 1);
        for (const char* id : {"methods", "engine"}) docks->addWidget(framed(context, id));
        if (with_data) panel->source()->data()->choose(files.path());
    }
    void send(const std::string& uuid, Artifact artifact) { context.play(uuid, event::ArtifactMade{std::move(artifact)}); }
    void finish(const std::string& uuid, const Json& summary) {
        event::Finished done;
        done.seconds = 0.1;
        done.summary = summary;
        context.play(uuid, done);
        Q_EMIT context.run_ended(QString::fromStdString(uuid), RunState::finished);
    }
    std::string newest(const char* method = "quantization.evaluate") const { return context.last(method).request.uuid; }
    void open() {
        panel->source()->model()->choose(files.filePath("resnet20.safetensors"));
        answer_description();
    }
    void answer_description(const Json& extra = Json::object()) {
        const auto asked = context.last("quantization.describe");
        for (const Artifact& artifact : description_of(asked.request.params)) send(asked.request.uuid, artifact);
        Json summary = costs_of_params(asked.request.params);
        summary["family"] = "cifar_resnet";
        summary.update(extra);
        finish(asked.request.uuid, summary);
    }
    void answer(double top1 = 0.909) {
        const auto asked = context.last("quantization.evaluate");
        for (const Artifact& artifact : evaluation_of(asked.request.params)) send(asked.request.uuid, artifact);
        Json summary = costs_of_params(asked.request.params);
        summary.update({{"top1", top1}, {"top1_float", 0.9173}, {"images", 1000}, {"loss", 0.31}, {"seconds", 1.4}});
        finish(asked.request.uuid, summary);
    }
    void measure_sensitivity() {
        for (QAction* action : context.actions)
            if (action->text() == "Measure sensitivity") action->trigger();
        const std::string uuid = newest("quantization.sensitivity");
        for (const Artifact& artifact : sensitivity_of()) send(uuid, artifact);
        finish(uuid, {{"images", kSensitivityImages}});
    }
    void show() {
        window->show();
        QVERIFY(QTest::qWaitForWindowExposed(window.get()));
    }
    quantization::LayerTable* table() { return panel->layers()->table(); }
    const quantization::ShownLayer& layer(const QString& node) { return table()->layer_model()->layers()[table()->layer_model()->row_of(node)]; }
};

}
