#pragma once
// The workspace of hypergraphs in a frame like the window's, with a context that answers as the engine does.
#include "plugins/hypergraph/panel/graph_pane.h"
#include "plugins/hypergraph/panel/panel.h"
#include "plugins/hypergraph/panel/source_bar.h"
#include "tests/gui/dock_frame.h"
#include "tests/gui/hypergraph_answers.h"
#include "tests/gui/panel_bench.h"
#include "viewers/graph_view.h"
#include "widgets/asset_chooser.h"

namespace lathe::gui_test {

struct HypergraphBench : PanelBench {
    hypergraph::Panel* panel = nullptr;
    MadeGraph graph = made_graph();

    HypergraphBench() {
        context.methods.methods = hypergraph_methods();
        panel = new hypergraph::Panel(context);
        QWidget* details = framed(context, "details");
        details->setFixedHeight(330);
        QVBoxLayout* docks = place_panel(window.get(), context, panel, details, 312, 320);
        for (const char* id : {"statistics", "selection"}) docks->addWidget(framed(context, id), 1);
    }
    QString file(const QString& name = QStringLiteral("made.hif.json")) { return PanelBench::file(name); }
    void answer_open() { answer("hypergraph.open", opened_graph(graph), graph_summary(graph)); }
    bool has_graph() const { return panel->graph() && panel->graph()->data->hyperedges == std::int64_t(graph.hyperedges.size()); }
    /// The graph is there and laid out.
    void open() {
        panel->source()->data()->choose(file());
        answer_open();
        QTRY_VERIFY_WITH_TIMEOUT(has_graph(), 60'000);
        answer("hypergraph.layout", {made_positions(1, 100, false)});
    }
    void metric(const std::string& uuid, const char* key, int step, double value) { context.play(uuid, event::Metrics{{key}, {{0, step, 0.1, value}}}); }
    void train() {
        Q_EMIT context.run_pressed();
        const std::string uuid = newest("hypergraph.train");
        for (int epoch = 1; epoch <= 40; ++epoch) {
            metric(uuid, "train_loss", epoch, 1.1 * std::exp(-epoch / 12.0));
            metric(uuid, "val_loss", epoch, 1.1 * std::exp(-epoch / 14.0) + 0.002 * epoch);
            metric(uuid, "train_accuracy", epoch, 1 - 0.6 * std::exp(-epoch / 9.0));
            metric(uuid, "val_accuracy", epoch, 0.86 - 0.5 * std::exp(-epoch / 9.0));
        }
        answer("hypergraph.train", trained_network(graph), {{"test_accuracy", 0.8571}, {"val_accuracy", 0.8605}, {"best_epoch", 37}, {"seconds_per_epoch", 0.0021}});
    }
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
