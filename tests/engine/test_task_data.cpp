// Pictures of tasks: sets that are drawn have the same bytes everywhere, changes do not depend on the part that is asked for, files are read and refused by name.
#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/nn/datasets.h"
#include "core/nn/random_stream.h"
#include "errors.h"
#include "gzipped.h"
#include "plugins/vit_merge/engine/drawn_sets.h"
#include "plugins/vit_merge/engine/picture_changes.h"
#include "plugins/vit_merge/engine/task_data.h"
#include "plugins/vit_merge/engine/trivial_augment.h"
#include <ATen/ATen.h>
#include <QTemporaryDir>
#include <QtTest>

using namespace lathe;
using namespace lathe::vit_merge;
namespace fs = std::filesystem;

namespace {

std::string hash_of(const TaskImages& set) {
    const at::Tensor images = set.images.contiguous(), labels = set.labels.to(at::kByte);
    Sha256 hash;
    hash.add(images.const_data_ptr(), images.nbytes());
    hash.add(labels.const_data_ptr(), labels.nbytes());
    return hash.hex().substr(0, 16);
}

std::string big_endian(std::initializer_list<std::int64_t> numbers) {
    std::string out;
    for (const std::int64_t n : numbers)
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(n >> shift);
    return out;
}

/// A split of `count` pictures with these labels in turn.
void write_idx(const fs::path& folder, const std::string& split, std::int64_t count, const std::string& labels) {
    fs::create_directories(folder);
    std::string pixels, told;
    for (std::int64_t i = 0; i < count * 28 * 28; ++i) pixels += static_cast<char>(i * 7);
    for (std::int64_t i = 0; i < count; ++i) told += labels[static_cast<std::size_t>(i) % labels.size()];
    write_file(folder / (split + "-images-idx3-ubyte"), big_endian({0x803, count, 28, 28}) + pixels);
    write_file(folder / (split + "-labels-idx1-ubyte"), big_endian({0x801, count}) + told);
}

}

class TestTaskData : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    fs::path root() const { return m_folder.path().toStdString(); }

private Q_SLOTS:
    void initTestCase() { qunsetenv("LATHE_DATA"); }

    /// If these change, trained models no longer fit their pictures.
    void same_bytes_data() {
        QTest::addColumn<QString>("data");
        QTest::addColumn<bool>("train");
        QTest::addColumn<QString>("hash");
        QTest::newRow("digits") << "drawn:digits" << true << "6c73879225da9671";
        QTest::newRow("letters") << "drawn:letters" << true << "abdc30ac1d56d4fd";
        QTest::newRow("shapes") << "drawn:shapes" << true << "c187bcb671be3832";
        QTest::newRow("textures") << "drawn:textures" << true << "8b4af44485ba532d";
        QTest::newRow("test split") << "drawn:digits" << false << "c77fd6c205573af6";
        QTest::newRow("photometric") << "drawn:digits|photometric" << true << "c12be8059c7e9352";
        QTest::newRow("colour") << "drawn:digits|colour" << true << "1eb6377bdbff4845";
        QTest::newRow("turned") << "drawn:digits|rotate=30|noise=0.1" << true << "3003bba777f5f9c8";
        QTest::newRow("background") << "drawn:digits|background=drawn:textures" << true << "823798c41509a0dc";
    }
    void same_bytes() {
        QFETCH(QString, data);
        QFETCH(bool, train);
        QFETCH(QString, hash);
        QCOMPARE(QString::fromStdString(hash_of(open_task(data.toStdString(), {}, train, 0, 64))), hash);
    }

    void parts_are_the_whole() {
        for (const std::string data : {"drawn:letters", "drawn:shapes|photometric", "drawn:textures|colour|rotate90", "drawn:digits|background=drawn:textures"}) {
            const TaskImages whole = open_task(data, {}, false, 0, 40), part = open_task(data, {}, false, 25, 15);
            QVERIFY2(at::equal(whole.images.slice(0, 25, 40), part.images), data.c_str());
            QVERIFY(at::equal(whole.labels.slice(0, 25, 40), part.labels));
            QVERIFY(!at::equal(whole.images, open_task(data, {}, true, 0, 40).images));
        }
    }

    void drawn_sets_hold_all_classes() {
        for (const DrawnSet& set : drawn_sets()) {
            const TaskImages drawn = open_task("drawn:" + set.name, {}, true, 0, 1000);
            QCOMPARE(drawn.images.sizes().vec(), (std::vector<std::int64_t>{1000, 1, 28, 28}));
            const at::Tensor counts = at::bincount(drawn.labels, {}, static_cast<std::int64_t>(set.classes.size()));
            QCOMPARE(counts.size(0), static_cast<std::int64_t>(set.classes.size()));
            QVERIFY2(counts.min().item<std::int64_t>() > 1000 / (2 * counts.size(0)), set.name.c_str());
            QCOMPARE(drawn.classes, set.classes);
        }
        QCOMPARE(open_task("drawn:textures", {}, false, 0, 0).size(), drawn_pictures(false));
    }

    void changes() {
        const at::Tensor x = open_task("drawn:letters", {}, true, 0, 200).images;
        const auto made = [&](const std::string& change) { return open_task("drawn:letters|" + change, {}, true, 0, 200).images; };
        QVERIFY(at::equal(made("rotate90"), at::rot90(x, 1, {2, 3})));
        QVERIFY(at::equal(made("rotate=90"), made("rotate90")));
        QVERIFY(at::equal(made("rotate=360"), x));
        QVERIFY(at::equal(made("invert"), 255 - x));
        QVERIFY(at::equal(made("mirror|mirror"), x));
        QCOMPARE(made("crop=20").sizes().vec(), (std::vector<std::int64_t>{200, 1, 20, 20}));
        // A small turn and back leaves the middle nearly as it was, and goes the same way as a quarter.
        const at::Tensor middle = made("rotate=20|rotate=-20").slice(2, 9, 19).slice(3, 9, 19).to(at::kFloat), before = x.slice(2, 9, 19).slice(3, 9, 19).to(at::kFloat);
        QVERIFY((middle - before).abs().mean().item<double>() < 16);
        const at::Tensor nearly = made("rotate=89.9").to(at::kFloat), quarter = made("rotate90").to(at::kFloat);
        QVERIFY((nearly - quarter).abs().mean().item<double>() < 3);
        // clip(1 - 0.7 x + 0.1 n), three channels with their own noise.
        const at::Tensor photometric = made("photometric").to(at::kDouble) / 255, plain = 1 - 0.7 * x.to(at::kDouble) / 255;
        QCOMPARE(photometric.size(1), std::int64_t{3});
        const at::Tensor inside = (plain > 0.4).logical_and(plain < 0.6).expand_as(photometric), noise = (photometric - plain).masked_select(inside);
        QVERIFY(std::abs(noise.mean().item<double>()) < 0.003);
        QVERIFY(std::abs(noise.std().item<double>() - 0.1) < 0.003);
        QVERIFY(!at::equal(photometric.select(1, 0), photometric.select(1, 1)));
        // |ground - x|: where the picture is black the ground is seen.
        const at::Tensor digits = open_task("drawn:digits", {}, true, 0, 20).images, on = open_task("drawn:digits|background=drawn:textures", {}, true, 0, 20).images, grounds = open_task("drawn:textures", {}, true, 0, 0).images;
        for (std::int64_t i = 0; i < 20; ++i) {
            const at::Tensor ground = grounds[(i * 7919) % grounds.size(0)];
            QVERIFY(at::equal(on[i][2], (ground[0].to(at::kInt) - digits[i][0].to(at::kInt)).abs().to(at::kByte)));
        }
    }

    void refuses_by_name_data() {
        QTest::addColumn<QString>("data");
        QTest::addColumn<QStringList>("told");
        QTest::newRow("nothing") << "" << QStringList{"No pictures are named"};
        QTest::newRow("mistyped") << "drawn:digit" << QStringList{"drawn:digit", "Did you mean drawn:digits?"};
        QTest::newRow("unknown change") << "drawn:digits|rotate91" << QStringList{"rotate91", "rotate90"};
        QTest::newRow("no number") << "drawn:digits|noise=much" << QStringList{"noise=much", "from 0 to 4"};
        QTest::newRow("not a number") << "drawn:digits|noise=nan" << QStringList{"noise=nan"};
        QTest::newRow("too far") << "drawn:digits|rotate=1e9" << QStringList{"rotate=1e9", "360"};
        QTest::newRow("value too many") << "drawn:digits|invert=1" << QStringList{"invert=1"};
        QTest::newRow("cut") << "drawn:digits|crop=29" << QStringList{"28 x 28"};
        QTest::newRow("no ground") << "drawn:digits|background=" << QStringList{"background="};
        QTest::newRow("unknown ground") << "drawn:digits|background=nowhere" << QStringList{"nowhere"};
        QTest::newRow("no folder") << "kmnist" << QStringList{"kmnist", "LATHE_DATA"};
        QTest::newRow("no file") << "/nowhere/set" << QStringList{"/nowhere/set", "Known are"};
    }
    void refuses_by_name() {
        QFETCH(QString, data);
        QFETCH(QStringList, told);
        const std::string error = error_of([&] { open_task(data.toStdString(), {}, true, 0, 8); });
        QVERIFY2(!error.empty() && has_all(error, told), error.c_str());
    }
    void refuses_ranges() {
        QVERIFY(has_all(error_of([] { open_task("drawn:digits", {}, false, 4990, 20); }), {"drawn:digits", "4990", "5000"}));
        QVERIFY(has_all(error_of([] { open_task("drawn:digits", {}, false, -1, 2); }), {"-1"}));
        QVERIFY(has_all(error_of([] { open_task("drawn:digits", {}, false, 0, std::numeric_limits<std::int64_t>::max()); }), {"drawn:digits"}));
    }

    void sets_in_files() {
        write_idx(root() / "mnist", "train", 12, std::string("\0\1\2", 3));
        write_idx(root() / "mnist", "t10k", 5, std::string("\3\2", 2));
        const TaskImages read = open_task("mnist", root(), true, 2, 6);
        QCOMPARE(read.images.sizes().vec(), (std::vector<std::int64_t>{6, 1, 28, 28}));
        QCOMPARE(read.labels[0].item<int>(), 2);
        QCOMPARE(read.classes.size(), std::size_t{10});                            // though only three are there
        QCOMPARE(open_task((root() / "mnist").string(), {}, false, 0, 0).size(), std::int64_t{5});
        QCOMPARE(open_task("mnist", root(), false, 0, 0).images[0][0][0][1].item<int>(), 7);
        // Of a set that is smaller than what is asked for: what there is.
        QCOMPARE(open_task_at_most("mnist", root(), true, 2, 6).size(), std::int64_t{6});
        QCOMPARE(open_task_at_most("mnist", root(), true, 2, 8000).images.sizes().vec(), (std::vector<std::int64_t>{10, 1, 28, 28}));
        QVERIFY(!error_of([&] { open_task_at_most("mnist", root(), true, 12, 4); }).empty());
        QVERIFY(has_all(error_of([&] { open_task("kmnist", root(), true, 0, 0); }), {"kmnist", root().c_str()}));
        // A label beyond the classes that the set has.
        write_idx(root() / "fontdigits", "train", 4, std::string("\0\14", 2));
        QVERIFY(has_all(error_of([&] { open_task("fontdigits", root(), true, 0, 0); }), {"fontdigits", "12", "10 classes"}));
    }
    void part_of_cifar() {
        std::string records;
        for (int i = 0; i < 6; ++i) records += static_cast<char>(i) + std::string(3072, static_cast<char>(40 * i));
        fs::create_directories(root() / "cifar10");
        write_file(root() / "cifar10" / "data_batch_subset.bin.gz", gzipped(records));
        const TaskImages read = open_task("cifar10|crop=28", root(), true, 1, 4);
        QCOMPARE(read.images.sizes().vec(), (std::vector<std::int64_t>{4, 3, 28, 28}));
        QCOMPARE(read.images[3][2][5][5].item<int>(), 160);
        QCOMPARE(read.classes[1], std::string("automobile"));
        const std::string cut = gzipped(records);
        write_file(root() / "cifar10" / "data_batch_subset.bin.gz", cut.substr(0, cut.size() / 2));
        QVERIFY(has_all(error_of([&] { open_task("cifar10", root(), true, 0, 0); }), {"data_batch_subset"}));
    }
    void cancelled_while_drawn() {
        QVERIFY_THROWS_EXCEPTION(Ended, open_task("drawn:digits", {}, true, 0, 2000, [](std::int64_t done) { if (done >= 512) throw Ended{}; }));
    }

    void for_models() {
        const at::Tensor grey = open_task("drawn:shapes", {}, true, 0, 3).images;
        const at::Tensor x = model_pictures(grey, 3, 28, 28, {0.5, 0.5, 0.5}, {0.5, 0.5, 0.5});
        QVERIFY(at::allclose(x.select(1, 2), grey.select(1, 0).to(at::kFloat) / 127.5 - 1, 1e-6, 1e-6));
        const at::Tensor large = model_pictures(at::full({2, 3, 20, 30}, 51, at::kByte), 3, 16, 16, {0, 0, 0}, {1, 1, 1});
        QCOMPARE(large.sizes().vec(), (std::vector<std::int64_t>{2, 3, 16, 16}));
        QVERIFY(at::allclose(large, at::full_like(large, 0.2), 1e-5, 1e-5));
        QCOMPARE(model_pictures(at::full({1, 3, 4, 4}, 100, at::kByte), 1, 4, 4, {0}, {1}).size(1), std::int64_t{1});
        QVERIFY(has_all(error_of([&] { model_pictures(grey.expand({3, 2, 28, 28}), 3, 28, 28, {0, 0, 0}, {1, 1, 1}); }), {"channels"}));
        QVERIFY(has_all(error_of([&] { model_pictures(grey, 3, 28, 28, {0.5}, {0.5}); }), {"normalisation"}));
    }

    void trivial_augment() {
        const at::Tensor x = open_task("drawn:letters|colour", {}, true, 0, 300).images;
        const at::Tensor y = trivially_augmented(x, random_stream(1, 2, 3));
        QCOMPARE(y.sizes(), x.sizes());
        QVERIFY(at::equal(y, trivially_augmented(x, random_stream(1, 2, 3))));
        QVERIFY(!at::equal(y, trivially_augmented(x, random_stream(1, 2, 4))));
        const double same = (y == x).flatten(1).all(1).to(at::kDouble).mean().item<double>();
        QVERIFY2(same > 0.05 && same < 0.35, std::to_string(same).c_str());       // one of 14 changes is none, and strength 0 of others
    }
};

QTEST_GUILESS_MAIN(TestTaskData)
#include "test_task_data.moc"
