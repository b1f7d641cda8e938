// Graphs in npz, safetensors and PyTorch files.
#include "core/base/error.h"
#include "core/nn/tensor_index.h"
#include "engine/errors.h"
#include "engine/graph_files.h"
#include <ATen/ATen.h>
#include <QtTest>
#include <limits>

using namespace lathe;
using namespace lathe::hypergraph;

namespace {

using Tensors = std::map<std::string, at::Tensor>;

Tensors record() {
    return {{"x", at::tensor({1.f, 0.5f, 2.f, 1.f, 0.f, 3.f, 4.f, 1.f}).reshape({4, 2})}, {"edge_index", at::tensor({0, 1, 1, 2, 1, 0, 2, 1}, at::kLong).reshape({2, 4})}, {"y", at::tensor({0, 1, 1, 0}, at::kLong)},
        {"hyperedge_index", at::tensor({0, 1, 2, 1, 2, 3, 0, 0, 0, 2, 2, 2}, at::kLong).reshape({2, 6})}, {"num_hyperedges", at::tensor(5, at::kLong)},
        {"train_mask", at::tensor({1, 0, 0, 1}, at::kByte)}, {"val_mask", at::tensor({0, 1, 0, 0}, at::kByte)}, {"test_mask", at::tensor({0, 0, 1, 0}, at::kByte)}};
}

/// A .npy of numbers, and a zip of such files, stored.
template <typename T> std::string npy(const char* code, const std::vector<std::int64_t>& shape, const std::vector<T>& values) {
    std::string sizes;
    for (const std::int64_t size : shape) sizes += std::to_string(size) + ", ";
    std::string header = "{'descr': '" + std::string(code) + "', 'fortran_order': False, 'shape': (" + sizes + "), }";
    header.resize((header.size() + 10 + 64) / 64 * 64 - 10 - 1, ' ');
    header += '\n';
    return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size() & 0xff) + static_cast<char>(header.size() >> 8) + header + std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

std::string npz(const std::map<std::string, std::string>& arrays) {
    const auto little = [](std::uint64_t value, int bytes) {
        std::string text;
        for (int k = 0; k < bytes; ++k) text += static_cast<char>(value >> (8 * k) & 0xff);
        return text;
    };
    std::string zip, directory;
    for (const auto& [array, content] : arrays) {
        const std::string name = array + ".npy", common = little(0, 8) + little(crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())), 4) + little(content.size(), 4) + little(content.size(), 4) + little(name.size(), 2);
        directory += std::string("PK\1\2") + little(20, 2) + little(20, 2) + common + little(0, 12) + little(zip.size(), 4) + name;
        zip += std::string("PK\3\4") + little(20, 2) + common + little(0, 2) + name + content;
    }
    return zip + directory + "PK\5\6" + little(0, 4) + little(arrays.size(), 2) + little(arrays.size(), 2) + little(directory.size(), 4) + little(zip.size(), 4) + little(0, 2);
}

}

class TestGraphTensors : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void record_of_the_benchmark();
    void directed_and_regression();
    void csr_arrays();
    void download_of_the_benchmark();
    void features_of_another_file();
    void texts_of_npz();
    void memory_is_asked_for_first();
    void refused_data();
    void refused();
    void pickles();

private:
    std::filesystem::path write(const std::string& name, const Tensors& tensors) const {
        const auto file = m_files.path(name);
        write_safetensors(file, tensors);
        return file;
    }
    GraphFiles m_files;
};

void TestGraphTensors::record_of_the_benchmark() {
    const HybridGraph graph = read_graph(write("g.safetensors", record()), {}).graph;
    QCOMPARE(graph.nodes, 4);
    QVERIFY(!graph.directed);
    QCOMPARE(graph.out.size(), 4);   // the list has both directions
    QCOMPARE(graph.hyperedge_count(), 5);   // as declared: id 1, 3 and 4 have no members
    QCOMPARE(graph.members.length(2), 3);
    QCOMPARE(graph.labels, (std::vector<std::int32_t>{0, 1, 1, 0}));
    QCOMPARE(graph.splits.at(0).part, (std::vector<Part>{Part::train, Part::validation, Part::test, Part::train}));
    QCOMPARE(graph.features.dense.size(), 8u);
    Tensors prefixed;
    for (const auto& [name, tensor] : record()) prefixed["in." + name] = tensor;
    QCOMPARE(read_graph(write("p.safetensors", prefixed), {}).graph.members, graph.members);
}

void TestGraphTensors::directed_and_regression() {
    Tensors tensors{{"edge_index", at::tensor({0, 1, 2, 0}, at::kInt).reshape({2, 2})}, {"edge_weight", at::tensor({0.5f, 2.f})}, {"y", at::tensor({1.5f, std::numeric_limits<float>::quiet_NaN(), 3.f})}};
    const ReadGraph read = read_graph(write("d.safetensors", tensors), {});
    QVERIFY(read.graph.directed && read.graph.is_regression());
    QCOMPARE(read.graph.edge_weights, (std::vector<float>{0.5f, 2.f}));
    QCOMPARE(found_in(read.report, "nodes without a target"), std::string("1"));
    // Turned: [E, 2], as the benchmark's Facebook file has it.
    Tensors turned{{"edges", at::tensor({0, 1, 1, 2, 2, 0}, at::kLong).reshape({3, 2})}};
    QCOMPARE(read_graph(write("t.safetensors", turned), {}).graph.out.size(), 3);
    // Sparse where most is zero.
    Tensors sparse{{"edge_index", at::tensor({0, 1, 1, 0}, at::kLong).reshape({2, 2})}, {"x", at::eye(20)}};
    const HybridGraph graph = read_graph(write("s.safetensors", sparse), {}).graph;
    QVERIFY(!graph.features.is_dense() && graph.features.values.empty());
    QCOMPARE(graph.features.pattern.size(), 20);
}

void TestGraphTensors::csr_arrays() {
    // gnn-benchmark's convention; symmetrised, each pair once.
    Tensors tensors{{"adj_indptr", at::tensor({0, 2, 3, 3}, at::kInt)}, {"adj_indices", at::tensor({0, 1, 0}, at::kInt)}, {"adj_shape", at::tensor({3, 3}, at::kLong)}, {"attr_indptr", at::tensor({0, 1, 2, 2}, at::kInt)},
        {"attr_indices", at::tensor({4, 0}, at::kShort)}, {"attr_shape", at::tensor({3, 6}, at::kLong)}, {"attr_data", at::tensor({0.5f, 1.f})}, {"labels", at::tensor({2, 0, 1}, at::kChar)}};
    const HybridGraph graph = read_graph(write("c.safetensors", tensors), {}).graph;
    QCOMPARE(graph.out.size(), 3);
    QCOMPARE(graph.features.columns, 6);
    QCOMPARE(graph.features.values, (std::vector<float>{0.5f, 1.f}));
    QCOMPARE(graph.classes.size(), 3u);
}

/// raw/NAME.npz with embeddings and edges [E, 2], raw/NAME_preprocessed.npz with raw features and hyperedges [2, nnz].
void TestGraphTensors::download_of_the_benchmark() {
    m_files.write("hgb/raw/facebook.npz", npz({{"features", npy<float>("<f4", {3, 2}, {1, 2, 3, 4, 5, 6})}, {"target", npy<std::int64_t>("<i8", {3}, {1, 0, 1})}, {"edges", npy<std::int64_t>("<i8", {4, 2}, {0, 1, 1, 0, 2, 2, 2, 2})}}));
    m_files.write("hgb/raw/facebook_preprocessed.npz", npz({{"raw_features", npy<double>("<f8", {3, 4}, {1, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0})}, {"hyperedges", npy<std::int64_t>("<i8", {2, 3}, {0, 1, 2, 0, 0, 0})}}));
    const HybridGraph graph = read_graph(m_files.path("hgb"), {}).graph;
    QCOMPARE(graph.out.size(), 4);   // both directions and the doubled loop stand in the file
    QVERIFY(!graph.directed);
    QCOMPARE(graph.features.columns, 2);
    QCOMPARE(graph.members.length(0), 3);
    QCOMPARE(graph.labels, (std::vector<std::int32_t>{1, 0, 1}));
    ReadOptions raw;
    raw.features = "raw";
    QCOMPARE(read_graph(m_files.path("hgb"), raw).graph.features.columns, 4);
    const std::string objects = error_of([&] { m_files.read("objects.npz", npz({{"edges", npy<std::int64_t>("|O", {1}, {0})}})); });
    QVERIFY2(has_all(objects, {"pickled", "edges", "objects.npz"}), objects.c_str());
}

void TestGraphTensors::features_of_another_file() {
    m_files.write("edges.txt", "0 1\n1 2\n");
    ReadOptions options;
    options.features = "other";
    options.feature_file = write("emb.safetensors", {{"emb", at::arange(6, at::kFloat).reshape({3, 2})}});
    const HybridGraph graph = read_graph(m_files.path("edges.txt"), options).graph;
    QCOMPARE(graph.features.dense, (std::vector<float>{0, 1, 2, 3, 4, 5}));
    options.feature_file = write("short.safetensors", {{"emb", at::zeros({2, 2})}});
    const std::string error = error_of([&] { read_graph(m_files.path("edges.txt"), options); });
    QVERIFY2(has_all(error, {"2 rows", "3 nodes", "short.safetensors"}), error.c_str());
    options.feature_file = m_files.write("f.mtx", "%%MatrixMarket matrix coordinate real general\n3 2 2\n1 2 0.5\n3 1 4\n");
    QCOMPARE(read_graph(m_files.path("edges.txt"), options).graph.features.values, (std::vector<float>{0.5f, 4}));
}

/// Labels, names of classes and of nodes as NumPy's unicode and byte texts.
void TestGraphTensors::texts_of_npz() {
    const std::map<std::string, std::string> edges{{"edge_index", npy<std::int64_t>("<i8", {2, 2}, {0, 1, 1, 2})}};
    const auto with = [&](std::map<std::string, std::string> more) {
        more.merge(std::map(edges));
        return more;
    };
    const HybridGraph little = m_files.read("u.npz", npz(with({{"labels", npy<char32_t>("<U3", {3}, {U'b', U'é', 0, U'a', 0, 0, U'b', U'é', 0})}}))).graph;
    QCOMPARE(little.classes, (std::vector<std::string>{"a", "bé"}));
    QCOMPARE(little.labels, (std::vector<std::int32_t>{1, 0, 1}));
    const HybridGraph swapped = m_files.read("b.npz", npz(with({{"y", npy<std::uint32_t>(">U1", {3}, {0x61000000, 0, 0x63000000})}}))).graph;
    QCOMPARE(swapped.classes, (std::vector<std::string>{"a", "c"}));
    QCOMPARE(swapped.labels, (std::vector<std::int32_t>{0, -1, 1}));
    const HybridGraph bytes = m_files.read("s.npz", npz(with({{"labels", npy<std::int64_t>("<i8", {3}, {1, 0, 1})}, {"class_names", npy<char>("|S4", {2}, {'c', 'a', 't', 0, 'b', 'i', 'r', 'd'})}, {"node_names", npy<char>("|S1", {3}, {'x', 'y', 'z'})}}))).graph;
    QCOMPARE(bytes.classes, (std::vector<std::string>{"cat", "bird"}));
    QCOMPARE(bytes.node_names.attributes.at(0).texts, (std::vector<std::string>{"x", "y", "z"}));
    // A text that is cut off, and texts without a character that no file could hold.
    for (const std::string& damaged : {npy<char32_t>("<U3", {3}, {U'a'}), npy<char32_t>("<U0", {4'000'000'000}, {})}) {
        const std::string error = error_of([&] { m_files.read("d.npz", npz(with({{"labels", damaged}}))); });
        QVERIFY2(has_all(error, {"d.npz", "labels", "texts"}), error.c_str());
    }
}

/// A sparse file of ten gigabytes, as its header says: refused before anything of it is read.
void TestGraphTensors::memory_is_asked_for_first() {
    for (const auto& [array, shape] : {std::pair<std::string, std::string>{"x", "[2500000, 1000]"}, {"edge_index", "[2, 1250000000]"}}) {
        std::string header = "{\"" + array + "\":{\"dtype\":\"F32\",\"shape\":" + shape + ",\"data_offsets\":[0,10000000000]},\"hyperedges\":{\"dtype\":\"I32\",\"shape\":[2,0],\"data_offsets\":[10000000000,10000000000]}}";
        header.resize((header.size() + 7) / 8 * 8, ' ');
        const auto file = m_files.write("ten.safetensors", std::string(1, static_cast<char>(header.size() & 0xff)) + static_cast<char>(header.size() >> 8) + std::string(6, '\0') + header);
        std::filesystem::resize_file(file, 8 + header.size() + 10'000'000'000);
        ReadOptions options;
        options.most_bytes = 4'000'000'000;
        const std::string error = error_of([&] { read_graph(file, options); });
        QVERIFY2(has_all(error, {"ten.safetensors", "GB of memory", "4 GB are free"}), error.c_str());
    }
}

void TestGraphTensors::refused_data() {
    QTest::addColumn<QString>("change");
    QTest::addColumn<QStringList>("says");
    QTest::newRow("id below 0") << "negative" << QStringList{"edge_index", "place 0", "-1"};
    QTest::newRow("id beyond") << "beyond" << QStringList{"edge_index", "4 nodes"};
    QTest::newRow("features nan") << "nan" << QStringList{"array x", "row 1", "nan"};
    QTest::newRow("features wide") << "rank" << QStringList{"array x", "[nodes, columns]"};
    QTest::newRow("labels few") << "labels" << QStringList{"3 labels for 4 nodes"};
    QTest::newRow("mask few") << "mask" << QStringList{"train_mask", "4 nodes"};
    QTest::newRow("three rows") << "three" << QStringList{"edge_index", "shape [3, 3]"};
    QTest::newRow("float ids") << "floats" << QStringList{"edge_index", "no whole numbers"};
    QTest::newRow("hyperedges lie") << "many" << QStringList{"far more"};
    QTest::newRow("no graph") << "nothing" << QStringList{"no graph", "weight"};
}

void TestGraphTensors::refused() {
    QFETCH(const QString, change);
    QFETCH(const QStringList, says);
    Tensors tensors = record();
    if (change == "negative") tensors["edge_index"][0][0] = -1;
    else if (change == "beyond") tensors["edge_index"][0][0] = 4;
    else if (change == "nan") tensors["x"][1][0] = std::numeric_limits<float>::quiet_NaN();
    else if (change == "rank") tensors["x"] = at::zeros({4});
    else if (change == "labels") tensors["y"] = at::zeros({3}, at::kLong);
    else if (change == "mask") tensors["train_mask"] = at::zeros({3}, at::kByte);
    else if (change == "three") tensors["edge_index"] = at::zeros({3, 3}, at::kLong);
    else if (change == "floats") tensors["edge_index"] = at::zeros({2, 3});
    else if (change == "many") tensors["num_hyperedges"] = at::tensor(2'000'000'000, at::kLong);
    else tensors = {{"weight", at::zeros({2, 2})}};
    const std::string error = error_of([&] { read_graph(write("bad.safetensors", tensors), {}); });
    QVERIFY2(has_all(error, says + QStringList{"bad.safetensors"}), error.c_str());
}

void TestGraphTensors::pickles() {
    const std::string bare = error_of([&] { m_files.read("ind.cora.graph", "\x80\x02}q\x01."); });
    QVERIFY2(has_all(bare, {"pickle", "Convert"}), bare.c_str());
    m_files.write("pyg/processed/data.pt", "PK");
    const std::string folder = error_of([&] { read_graph(m_files.path("pyg"), {}); });
    QVERIFY2(has_all(folder, {"safetensors.torch.save_file", "pyg"}), folder.c_str());
    m_files.write("nothing/readme.txt", "x");
    const std::string nothing = error_of([&] { read_graph(m_files.path("nothing"), {}); });
    QVERIFY2(has_all(nothing, {"No graph was found", "edges.csv"}), nothing.c_str());
}

QTEST_GUILESS_MAIN(TestGraphTensors)
#include "test_graph_tensors.moc"
