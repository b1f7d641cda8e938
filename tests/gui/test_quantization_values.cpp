// Plain values of the workspace of quantization: what layers have instead of the backend's own, costs, estimates, the front, places of a graph, filters.
#include "plugins/quantization/panel/choices.h"
#include "plugins/quantization/panel/estimate.h"
#include "plugins/quantization/panel/graph_layout.h"
#include "plugins/quantization/panel/layer_model.h"
#include "core/base/error.h"
#include "tests/gui/quantization_answers.h"
#include <QtTest>

using namespace lathe;
using namespace lathe::gui_test;
using namespace lathe::quantization;

namespace {

Network small_network() {
    Network network;
    for (const Artifact& artifact : description_of({{"backend", "academic"}})) network.take(artifact);
    network.facts = costs_of_params(Json::object());
    return network;
}

}

class TestQuantizationValues : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void choices_survive_a_round_trip() {
        const Json table{{"columns", all_layer_columns()}, {"rows", Json::array()}};
        LayerChoices choices;
        choices.change("conv1").weight_bits = 4;
        choices.change("conv1").weight_symmetric = false;
        choices.change("relu").activation_low = 0;
        choices.change("relu").activation_high = 2.5;
        choices.change("fc").excluded = true;
        choices.change("nothing");
        const Json written = choices.to_table(table);
        QCOMPARE(written["rows"].size(), std::size_t(3));
        QVERIFY(LayerChoices(written) == choices);
        QVERIFY(LayerChoices(written).of("conv1").weight_symmetric == std::optional(false));
        QVERIFY(LayerChoices(written).of("relu").activation_low == std::optional(0.0));
        // A method that declares fewer columns gets those.
        const Json few = choices.to_table({{"columns", {"node", "weight_bits"}}, {"rows", Json::array()}});
        QCOMPARE(few["rows"].size(), std::size_t(3));
        QCOMPARE(few["rows"][0].size(), std::size_t(2));
        QVERIFY(LayerChoices(Json{{"columns", {"node"}}, {"rows", {{3}, "x", {"a", "b"}}}}) == LayerChoices());
    }

    void costs_are_the_engines() {
        const Network network = small_network();
        Assignment bits(network.layers.size(), LayerBits{8, 8});
        const Costs costs = costs_of(network, bits);
        double weights = 0, macs = 0;
        for (const LayerRow& row : network.layers) {
            weights += row.weights;
            macs += row.macs;
        }
        QCOMPARE(costs.bytes, network.float_bytes() + weights * (8 - 32) / 8);
        QCOMPARE(costs.bitops, macs * 64);
        bits[0] = {0, 0};
        QCOMPARE(costs_of(network, bits).bitops, (macs - network.layers[0].macs) * 64 + network.layers[0].macs * 1024);
    }

    void estimates_add_up() {
        const Network network = small_network();
        Sensitivity sensitivity;
        for (const Artifact& artifact : sensitivity_of()) QVERIFY(sensitivity.take(artifact));
        QVERIFY(sensitivity.is_ready());
        const Assignment in_float(network.layers.size(), LayerBits{0, 0});
        const auto exact = sensitivity.estimate(network, in_float);
        QVERIFY(exact);
        QCOMPARE(exact->top1, sensitivity.float_top1());
        double before = exact->loss;
        for (const int bits : {8, 4, 3, 2}) {
            const auto estimate = sensitivity.estimate(network, uniform(Assignment(network.layers.size(), LayerBits{8, 8}), bits, 8));
            QVERIFY2(estimate->loss > before - 1e-9, qPrintable(QString::number(bits)));
            before = estimate->loss;
        }
        // Between measured bits: 7 lies between 6 and 8.
        QVERIFY(sensitivity.loss_delta("conv1", true, 7) <= sensitivity.loss_delta("conv1", true, 6));
        QVERIFY(std::isnan(sensitivity.loss_delta("nobody", true, 4)));
        QVERIFY(!sensitivity.estimate(network, {}));
    }

    void the_front_is_searched() {
        const Network network = small_network();
        Sensitivity sensitivity;
        for (const Artifact& artifact : sensitivity_of()) sensitivity.take(artifact);
        const Assignment bits(network.layers.size(), LayerBits{8, 8});
        const FrontPoint* all = best_within(sensitivity, network, bits, 1e12, 1e15);
        QVERIFY(all == &sensitivity.front().last());
        QVERIFY(!best_within(sensitivity, network, bits, 1000, 1e15));
        const double half = (sensitivity.front().first().bytes + sensitivity.front().last().bytes) / 2;
        const FrontPoint* some = best_within(sensitivity, network, bits, half, 1e15);
        QVERIFY(some && costs_of(network, with_weights(network, bits, *some)).bytes <= half);
    }

    void a_damaged_sensitivity_is_refused() {
        Sensitivity sensitivity;
        QVERIFY_THROWS_EXCEPTION(Error, sensitivity.take(f32_artifact("perturbations", {4}, {1, 2, 3, 4})));
        QVERIFY(!sensitivity.is_ready());
        QVERIFY(!sensitivity.take(text_artifact("other", "table", "a,b\r\n")));
    }

    void graphs_have_places() {
        const GraphPlaces places = lay_out(5, {{0, 1}, {1, 2}, {0, 3}, {2, 4}, {3, 4}, {4, 0}});
        QCOMPARE(places.layers, 4);
        QVERIFY(places.edges.last().isEmpty());   // it runs backwards
        QCOMPARE(places.edges[4].size(), 3);      // it passes a layer
        for (const auto& [from, to] : {std::pair(0, 1), std::pair(1, 2), std::pair(2, 4), std::pair(3, 4)}) QVERIFY(places.centre[from].y() < places.centre[to].y());
        QVERIFY(std::abs(places.centre[1].x() - places.centre[3].x()) >= 1);
        QCOMPARE(lay_out(0, {}).layers, 0);
    }

    void layers_are_filtered() {
        ShownLayer layer;
        layer.row.layer = "layer1.0.conv1";
        layer.row.type = "conv";
        layer.row.sqnr = 9.4;
        layer.bits = {3, 8};
        QVERIFY(passes_filter(layer, ""));
        QVERIFY(passes_filter(layer, "layer1 conv"));
        QVERIFY(passes_filter(layer, "conv and sqnr < 10 bits<=3"));
        QVERIFY(!passes_filter(layer, "sqnr>10"));
        QVERIFY(!passes_filter(layer, "linear"));
        QString problem;
        QVERIFY(!passes_filter(layer, "speed>3", &problem));
        QCOMPARE(problem, QString("speed"));
    }
};

QTEST_MAIN(TestQuantizationValues)
#include "test_quantization_values.moc"
