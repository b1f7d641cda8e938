#pragma once
// The workspace of merging in a frame like the window's, with a context that answers as the engine does.
#include "plugins/vit_merge/panel/image_strip.h"
#include "plugins/vit_merge/panel/model_list.h"
#include "plugins/vit_merge/panel/panel.h"
#include "plugins/vit_merge/panel/similarity_view.h"
#include "plugins/vit_merge/panel/source_bar.h"
#include "plugins/vit_merge/panel/strip_view.h"
#include "tests/gui/dock_frame.h"
#include "tests/gui/panel_bench.h"
#include "tests/gui/vit_merge_answers.h"
#include "widgets/asset_chooser.h"
#include "widgets/parameter_form.h"

namespace lathe::gui_test {

struct VitMergeBench : PanelBench {
    vit_merge::Panel* panel = nullptr;

    explicit VitMergeBench(const Json& state = {}) {
        context.methods.methods = vit_merge_methods();
        context.state = state;
        panel = new vit_merge::Panel(context);
        if (!state.is_object()) panel->source()->set()->choose({});   // what comes with the program is not what is tested
        context.submitted.clear();
        QWidget* details = framed(context, "details");
        details->setFixedHeight(318);
        QVBoxLayout* docks = place_panel(window.get(), context, panel, details, 320, 360);
        docks->addWidget(framed(context, "inspector"), 3);
        docks->addWidget(framed(context, "costs"), 1);
    }
    QString file(const QString& name = QStringLiteral("tasks.json")) { return PanelBench::file(name); }
    Json asked(const char* method) const { return context.last(method).request.params; }
    void answer_describe(bool with_error = false) { answer("vit_merge.describe", described_models(with_error), described_summary()); }
    void answer_strip(bool mixed_batch = false) {
        const std::string uuid = newest("vit_merge.strip");
        context.play(uuid, event::Metrics{{"merge_ms", "forward_ms", "gate_ms"}, {{0, 0, 0.1, 4.2}, {1, 0, 0.1, 21.0}, {2, 0, 0.1, 0.6}}});
        std::vector<std::string> dropped;
        for (const Json& one : asked("vit_merge.strip").value("files", Json::array())) dropped.push_back(one.get<std::string>());
        answer("vit_merge.strip", strip_answer(dropped), strip_summary(mixed_batch));
    }
    /// The set is there, and its pictures.
    void open() {
        panel->source()->set()->choose(file());
        answer_describe();
        answer_strip();
    }
    vit_merge::ImageStrip* strip() { return panel->strip_view()->strip(); }
    void show() {
        window->show();
        QVERIFY(QTest::qWaitForWindowExposed(window.get()));
    }
    void trigger(const QString& text) {
        for (QAction* action : context.actions)
            if (action->text() == text) return action->trigger();
        QFAIL(qPrintable("no action " + text));
    }
};

}
