#pragma once
// A graph of 22 470 nodes and 171 002 edges, as large as MUSAE Facebook, dragged and zoomed in a view of 1000 x 700: frames a second, and full detail after rest.
#include "tests/bench/bench.h"
#include "tests/gui/graph_fixture.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "viewers/graph_view.h"
#include <QtTest>
#include <set>

namespace lathe::bench {

class GraphViewBench {
public:
    /// `edges`: a CSV of two columns of node numbers with a head, or empty: a made graph of the same size.
    explicit GraphViewBench(const QString& edges) {
        gui_test::Places places;
        std::vector<std::int32_t> group;
        gui_test::GraphLists lists = gui_test::communities(kNodes, 9, 0, 0, places, group);
        if (edges.isEmpty()) made_edges(lists, group);
        else read_edges(lists, edges);
        m_view.resize(1000, 700);
        m_view.set_graph(lists.make());
        m_view.set_places(places.x, places.y);
        m_view.set_colouring(NodeColouring::by_class(QStringLiteral("Label"), group, {}));
        m_view.show();
        if (!QTest::qWaitForWindowExposed(&m_view) || !rest()) throw Error(ErrorCode::internal, "The graph was not painted.", "GraphViewBench", "Is there a screen?");
    }

    void measure() {
        std::vector<double> fps, rest_ms, longest;
        for (int turn = 0; turn < 3; ++turn) {
            double slowest = 0;
            const int frames = 240;
            const double begin = monotonic_seconds();
            for (int i = 0; i < frames; ++i) {
                const double since = monotonic_seconds();
                if (i % 3 == 2) m_view.zoom(i < frames / 2 ? 1.02 : 1 / 1.02, {500, 350});
                else m_view.pan({5 * std::cos(i * 0.05), 5 * std::sin(i * 0.05)});
                m_view.repaint();
                QCoreApplication::processEvents();
                slowest = std::max(slowest, monotonic_seconds() - since);
            }
            const double end = monotonic_seconds();
            fps.push_back(frames / (end - begin));
            longest.push_back(slowest * 1000);
            rest();
            rest_ms.push_back((monotonic_seconds() - end) * 1000);
            m_view.fit();
            rest();
        }
        print("hyper.pan_fps", median(fps), "frames/s", Bar::at_least, 30, how() + "; slowest frame " + number_text(std::round(percentile(longest, 1))) + " ms; median of 3 turns of 240 frames");
        print("hyper.detail_ms", *std::ranges::max_element(rest_ms), "ms", Bar::at_most, 300, how() + "; from the last frame of a drag to full detail on the screen; the longest of 3");
    }

private:
    static constexpr int kNodes = 22'470, kEdges = 171'002;
    static void made_edges(gui_test::GraphLists& lists, const std::vector<std::int32_t>& group) {
        std::mt19937 random(7);
        std::vector<std::vector<std::int32_t>> of(9);
        for (std::size_t v = 0; v < group.size(); ++v) of[std::size_t(group[v])].push_back(std::int32_t(v));
        std::set<std::pair<std::int32_t, std::int32_t>> edges;
        while (edges.size() < kEdges) {
            const auto a = std::int32_t(random() % kNodes);
            const auto& mine = of[std::size_t(group[std::size_t(a)])];
            const std::int32_t b = random() % 8 ? mine[random() % mine.size()] : std::int32_t(random() % kNodes);
            if (a != b) edges.insert(std::minmax(a, b));
        }
        for (const auto& [a, b] : edges) lists.join(a, b);
    }
    static void read_edges(gui_test::GraphLists& lists, const QString& path) {
        QFile file(path);
        if (!file.open(QIODevice::ReadOnly)) throw Error(ErrorCode::not_found, "The edges were not read.", path.toStdString(), "Give the CSV of the edges.");
        file.readLine();
        while (!file.atEnd()) {
            const QList<QByteArray> cells = file.readLine().trimmed().split(',');
            if (cells.size() == 2) lists.join(cells[0].toInt(), cells[1].toInt());
        }
    }
    bool rest() {
        return QTest::qWaitFor([this] { return m_view.is_settled(); }, 60'000);
    }
    std::string how() const {
        return std::to_string(m_view.graph()->nodes) + " nodes, " + std::to_string(m_view.graph()->edges.size()) + " edges, 1000 x 700, software painting, dragged and zoomed";
    }
    GraphView m_view;
};

}
