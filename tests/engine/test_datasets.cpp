#include "core/base/error.h"
#include "core/base/file.h"
#include "core/nn/datasets.h"
#include <ATen/ATen.h>
#include <QTemporaryDir>
#include <QtTest>

using namespace lathe;

class TestDatasets : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void fashion_mnist_as_installed() {
        std::filesystem::path folder;
        try {
            folder = find_fashion_mnist();
        } catch (const Error& error) {
            QSKIP(error.what());
        }
        const LabelledImages test = load_fashion_mnist(folder, false);
        QCOMPARE(test.images.sizes().vec(), (std::vector<std::int64_t>{10'000, 28, 28}));
        QVERIFY(at::equal(at::bincount(test.labels), at::full({10}, 1000, at::kLong)));
        QCOMPARE(test.labels[0].item<int>(), 9);   // the first test image is an ankle boot
        QVERIFY(std::abs(test.images.to(at::kFloat).mean().item<float>() - 73.1f) < 0.2f);
        QCOMPARE(load_fashion_mnist(folder, true).images.size(0), std::int64_t(60'000));
    }
    void damaged_folders_are_refused() {
        const QTemporaryDir temporary;
        const std::filesystem::path folder = temporary.path().toStdString();
        QVERIFY_THROWS_EXCEPTION(Error, find_fashion_mnist(folder));
        const std::string image = std::string("\0\0\x08\x03\0\0\0\x01\0\0\0\x1c\0\0\0\x1c", 16) + std::string(784, 'x');
        write_file(folder / "train-images-idx3-ubyte", image);
        QCOMPARE(find_fashion_mnist(folder), folder);
        QVERIFY_THROWS_EXCEPTION(Error, load_fashion_mnist(folder, true));   // no labels
        const std::string head("\0\0\x08\x01\0\0\0", 7);
        write_file(folder / "train-labels-idx1-ubyte", head + "\x01" + "\x0a");   // label 10
        QVERIFY_THROWS_EXCEPTION(Error, load_fashion_mnist(folder, true));
        write_file(folder / "train-labels-idx1-ubyte", head + "\x02" + "\x01\x02");   // two labels, one image
        QVERIFY_THROWS_EXCEPTION(Error, load_fashion_mnist(folder, true));
        write_file(folder / "train-labels-idx1-ubyte", head + "\x01" + "\x07");
        QCOMPARE(load_fashion_mnist(folder, true).labels[0].item<int>(), 7);
    }
};

QTEST_GUILESS_MAIN(TestDatasets)
#include "test_datasets.moc"
