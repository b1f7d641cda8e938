// Tensor files of every format, sound and damaged. The PyTorch and NumPy files come from Python itself (tests/data/make_checkpoints.py).
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/nn/tensor_index.h"
#include "test_data.h"
#include <ATen/ATen.h>
#include <QDir>
#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <zlib.h>

using namespace lathe;

namespace {

using Bytes = std::string;

Bytes u64_text(std::uint64_t value) { return Bytes(reinterpret_cast<const char*>(&value), sizeof value); }
Bytes safetensors_file(const Bytes& header, std::size_t data) { return u64_text(header.size()) + header + Bytes(data, '\0'); }

}

class TestTensorFiles : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    bool m_python = false;

    std::filesystem::path path(const char* name) const { return m_folder.filePath(QString::fromLatin1(name)).toStdString(); }
    std::filesystem::path put(const char* name, const Bytes& bytes) const {
        write_file(path(name), bytes);
        return path(name);
    }
    static at::Tensor get(const std::filesystem::path& file, const char* name) { return open_tensors(file)->get(name); }
    /// The error of opening the file and reading every tensor; an empty text if there is none.
    static QString error_of(const std::filesystem::path& file, ErrorCode code = ErrorCode::wrong_format) {
        try {
            const auto index = open_tensors(file);
            for (const TensorEntry& entry : index->entries())
                index->get(entry.name);
        } catch (const Error& error) {
            if (error.code() != code || error.where().find(file.filename().string()) == std::string::npos || error.hint().empty())
                return QStringLiteral("WRONG CODE, PLACE OR HINT: ") + error.what();
            return QString::fromStdString(error.summary());
        }
        return {};
    }

private Q_SLOTS:
    void initTestCase() {
        QProcess python;
        python.start(QStringLiteral("python3"), {QString::fromStdString(test_data("make_checkpoints.py").string()), m_folder.path()});
        m_python = python.waitForStarted() && python.waitForFinished(120'000) && python.exitCode() == 0;
        if (!m_python)
            qWarning().noquote() << python.readAllStandardError();
    }

    // --- safetensors
    void safetensors_round_trip() {
        std::map<std::string, at::Tensor> tensors;
        for (const at::ScalarType dtype : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort, at::kChar, at::kByte, at::kBool})
            tensors[c10::toString(dtype)] = at::tensor({0.0, 1.0, 3.0}).to(dtype);
        tensors["scalar"] = at::scalar_tensor(2.5);
        tensors["empty"] = at::zeros({0, 4});
        tensors["transposed"] = at::arange(6, at::kFloat).view({2, 3}).t();
        write_safetensors(path("all.safetensors"), tensors, {{"config", "{\"a\":1}"}});
        const auto index = open_tensors(path("all.safetensors"));
        QCOMPARE(index->format(), std::string("safetensors"));
        QCOMPARE(index->entries().size(), tensors.size());
        QCOMPARE(index->metadata().at("config"), std::string("{\"a\":1}"));
        for (const auto& [name, tensor] : tensors) {
            const at::Tensor read = index->get(name);
            QVERIFY2(read.dtype() == tensor.dtype() && at::equal(read, tensor), name.c_str());
        }
        const Bytes bytes = safetensors_bytes(tensors, {{"config", "{\"a\":1}"}});
        QCOMPARE(bytes, read_file(path("all.safetensors"), 1 << 20));
        QVERIFY(!QFile::exists(m_folder.filePath(QStringLiteral("all.safetensors.part"))));
        QVERIFY_THROWS_EXCEPTION(Error, index->get("absent"));
        QVERIFY_THROWS_EXCEPTION(Error, write_safetensors(path("bad.safetensors"), {{"c", at::zeros({2}, at::kComplexFloat)}}));
        QVERIFY_THROWS_EXCEPTION(Error, write_safetensors(path("bad.safetensors"), {{"\xff\xfe", at::zeros({2})}}));
        QVERIFY(!QFile::exists(m_folder.filePath(QStringLiteral("bad.safetensors"))));
    }
    void views_outlive_the_index() {
        write_safetensors(path("view.safetensors"), {{"a", at::arange(1000, at::kFloat)}});
        at::Tensor view = get(path("view.safetensors"), "a");
        QFile::remove(m_folder.filePath(QStringLiteral("view.safetensors")));
        QCOMPARE(view.sum().item<float>(), 499'500.0f);
        const auto bytes = std::make_shared<const std::string>(safetensors_bytes({{"a", at::arange(10, at::kFloat)}}));
        view = open_safetensors_bytes(bytes, "memory")->get("a");
        QCOMPARE(view.sum().item<float>(), 45.0f);
    }
    void unaligned_data_are_copied() {
        const at::Tensor value = get(put("odd.safetensors", safetensors_file(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}})", 9)), "b");
        QCOMPARE(value.sum().item<float>(), 0.0f);
    }
    void damaged_safetensors_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QString>("message");
        const auto row = [](const char* name, const Bytes& bytes, const char* message) { QTest::newRow(name) << QByteArray(bytes.data(), qsizetype(bytes.size())) << QString::fromLatin1(message); };
        const auto head = [&row](const char* name, const char* header, std::size_t data, const char* message) { row(name, safetensors_file(header, data), message); };
        row("empty", "", "empty");
        row("seven bytes", "1234567", "early");
        row("header size over 100 MB", u64_text(100'000'001) + "{}", "claims");
        row("header size of 2^64-1", u64_text(~0ull) + "{}", "claims");
        row("header past the end", u64_text(50) + "{}", "early");
        head("not JSON", "{\"a\":", 0, "JSON");
        head("deep JSON", (Bytes("{\"a\":{\"shape\":") + Bytes(5000, '[')).c_str(), 0, "list");
        head("list", "[]", 0, "list");
        head("number in shape is negative", R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", 4, "negative");
        head("number in shape is not whole", R"({"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}})", 4, "whole");
        head("duplicate tensor", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})", 2, "same name");
        head("duplicate field", R"({"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", 1, "twice");
        head("duplicate metadata key", R"({"__metadata__":{"k":"1","k":"2"}})", 0, "twice");
        head("metadata twice", R"({"__metadata__":{},"__metadata__":{}})", 0, "twice");
        head("metadata that is no text", R"({"__metadata__":{"k":1}})", 0, "number");
        head("unknown field", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", 1, "unknown field");
        head("missing field", R"({"a":{"dtype":"U8","shape":[1]}})", 1, "without");
        head("three offsets", R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}})", 1, "without");
        head("overlap", R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})", 6, "overlap");
        head("hole", R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[6,10]}})", 10, "hole");
        head("size against dtype", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,4]}})", 4, "need 16 bytes");
        head("end before begin", R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[8,4]}})", 8, "need 4 bytes");
        head("shape product overflows", R"({"a":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,0]}})", 0, "overflows");
        head("dimension of 2^64-1", R"({"a":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,4]}})", 4, "2^63");
        head("truncated", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 12, "end at byte 16 of 12");
        head("trailing bytes", R"({"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}})", 17, "follow");
    }
    void damaged_safetensors() {
        QFETCH(QByteArray, bytes);
        QFETCH(QString, message);
        const QString error = error_of(put("damaged.safetensors", bytes.toStdString()));
        QVERIFY2(error.contains(message) && !error.startsWith(QLatin1String("WRONG")), qPrintable(error));
    }
    void wrong_dtype_says_so() {
        QVERIFY(error_of(put("f8.safetensors", safetensors_file(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1)), ErrorCode::unsupported).contains(QLatin1String("F8_E4M3")));
    }
    void health_of_tensors() {
        const TensorHealth bad = tensor_health(at::tensor({1.0f, NAN, -INFINITY, 3.0f, NAN}));
        QCOMPARE(bad.nans, std::int64_t(2));
        QCOMPARE(bad.infs, std::int64_t(1));
        QCOMPARE(bad.min, 1.0);
        QCOMPARE(bad.max, 3.0);
        QCOMPARE(bad.mean, 2.0);
        QCOMPARE(tensor_health(at::full({7}, NAN, at::kHalf)).nans, std::int64_t(7));
        QCOMPARE(tensor_health(at::tensor({1, 2, 6}, at::kLong)).mean, 3.0);
        QCOMPARE(tensor_health(at::zeros({0})).nans, std::int64_t(0));
    }

    // --- PyTorch
    void pytorch_layouts_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("name");
        QTest::addColumn<int>("tensors");
        QTest::addColumn<double>("sum");
        const double first = 47 * 48 / 2;
        QTest::newRow("OrderedDict") << "ordered.pt" << "blocks.0.qkv.weight" << 3 << first;
        QTest::newRow("dict") << "dict.pt" << "blocks.1.qkv.weight" << 3 << first + 48;
        QTest::newRow("protocol 4") << "protocol4.pt" << "blocks.2.qkv.weight" << 3 << first + 96;
        QTest::newRow("state dict of a module") << "state_dict.pt" << "1.weight" << 7 << 4.0;
        QTest::newRow("whole module") << "whole_module.pt" << "1.weight" << 7 << -1.0;
        QTest::newRow("nested") << "nested.pt" << "model.blocks.0.qkv.weight" << 4 << first;
        QTest::newRow("nested deeper") << "nested.pt" << "ema.blocks.0" << 4 << 2.0;
        QTest::newRow("Parameter") << "parameter.pt" << "w" << 1 << 18.0;
        QTest::newRow("optimiser") << "optimiser.pt" << "optimizer.state.0.step" << 19 << 1.0;
        QTest::newRow("bare tensor") << "bare.pt" << "data" << 1 << 6.0;
        QTest::newRow("shared storage") << "shared.pt" << "b" << 2 << 15.0;
        QTest::newRow("half") << "dtypes.pt" << "h" << 14 << -0.5;
        QTest::newRow("bfloat16") << "dtypes.pt" << "b" << 14 << -0.5;
        QTest::newRow("int64") << "dtypes.pt" << "i" << 14 << 3.0;
        QTest::newRow("int16") << "dtypes.pt" << "i16" << 14 << 3.0;
        QTest::newRow("bool") << "dtypes.pt" << "flag" << 14 << 1.0;
        QTest::newRow("view") << "dtypes.pt" << "view" << 14 << 9.0;
        QTest::newRow("scalar") << "dtypes.pt" << "scalar" << 14 << 7.0;
        QTest::newRow("empty") << "dtypes.pt" << "empty" << 14 << 0.0;
        QTest::newRow("expanded") << "dtypes.pt" << "expanded" << 14 << 15.0;
        QTest::newRow("cycle") << "cycle.pt" << "w" << 1 << 2.0;
    }
    void pytorch_layouts() {
        if (!m_python)
            QSKIP("python3 with torch is not installed");
        QFETCH(QString, file);
        QFETCH(QString, name);
        QFETCH(int, tensors);
        QFETCH(double, sum);
        const auto index = open_tensors(path(qPrintable(file)));
        QCOMPARE(index->format(), std::string("pytorch"));
        QCOMPARE(int(index->entries().size()), tensors);
        const at::Tensor value = index->get(name.toStdString());
        if (sum >= 0 || file == QLatin1String("dtypes.pt"))
            QCOMPARE(value.to(at::kDouble).sum().item<double>(), sum);
    }
    void pytorch_strides_are_kept() {
        if (!m_python)
            QSKIP("python3 with torch is not installed");
        const at::Tensor value = get(path("dtypes.pt"), "transposed");
        QVERIFY(at::equal(value, at::arange(24, at::kFloat).view({4, 6}).t()));
    }
    void pytorch_other_data() {
        if (!m_python)
            QSKIP("python3 with torch is not installed");
        const Json others = open_tensors(path("nested.pt"))->others();
        QCOMPARE(others["epoch"], Json(3));
        QCOMPARE(others["lr"], Json(1e-4));
        QCOMPARE(others["names"], Json({"a", "b"}));
        QCOMPARE(others["best"], Json(0.5));
        QCOMPARE(others["worst"], Json("nan"));
        QCOMPARE(others["args"]["$class"], Json("argparse.Namespace"));
        QCOMPARE(others["args"]["state"]["sizes"], Json({1, 2}));
        QVERIFY(!others.contains("model"));
    }
    void hostile_pickle_runs_nothing() {
        if (!m_python)
            QSKIP("python3 with torch is not installed");
        const QString before = QDir::currentPath();
        QDir::setCurrent(m_folder.path());
        const auto index = open_tensors(path("hostile.pt"));
        QCOMPARE(index->get("w").sum().item<float>(), 2.0f);
        QCOMPARE(index->others()["trap"]["$class"], Json("posix.system"));
        QCOMPARE(index->others()["trap"]["args"], Json({"touch executed"}));
        QVERIFY(!QFile::exists(m_folder.filePath(QStringLiteral("executed"))));
        QDir::setCurrent(before);
    }
    void pytorch_refusals_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("message");
        QTest::newRow("legacy") << "legacy.pt" << int(ErrorCode::unsupported) << "not inside a zip";
        QTest::newRow("bare pickle") << "bare.pickle" << int(ErrorCode::unsupported) << "not inside a zip";
        QTest::newRow("TorchScript") << "torchscript.pt" << int(ErrorCode::unsupported) << "TorchScript";
        QTest::newRow("deep nesting") << "deep.pt" << int(ErrorCode::wrong_format) << "nested";
        QTest::newRow("expansion bomb") << "bomb.pt" << int(ErrorCode::wrong_format) << "expands";
        QTest::newRow("object array") << "objects.npy" << int(ErrorCode::unsupported) << "type |O";
    }
    void pytorch_refusals() {
        if (!m_python)
            QSKIP("python3 with torch is not installed");
        QFETCH(QString, file);
        QFETCH(int, code);
        QFETCH(QString, message);
        const QString error = error_of(path(qPrintable(file)), ErrorCode(code));
        QVERIFY2(error.contains(message) && !error.startsWith(QLatin1String("WRONG")), qPrintable(error));
    }
    /// Whatever byte of a checkpoint is damaged: an Error or sound data, nothing else.
    void damaged_archives_never_crash() {
        if (!m_python)
            QSKIP("python3 with torch is not installed");
        for (const char* name : {"dtypes.pt", "nested.pt", "deflated.npz", "fortran.npy"}) {
            const Bytes sound = read_file(path(name), 1 << 22);
            for (std::size_t cut = 0; cut < sound.size(); cut += 1 + sound.size() / 50)
                QVERIFY2(!error_of(put("cut.pt", sound.substr(0, cut)), ErrorCode::wrong_format).isEmpty() || cut == 0, name);
            std::uint32_t random = 1;
            for (int i = 0; i < 300; ++i) {
                Bytes bytes = sound;
                for (int k = 0; k < 3; ++k) {
                    random = random * 1'664'525u + 1'013'904'223u;
                    bytes[(random >> 8) % bytes.size()] = char(random >> 3);
                }
                error_of(put("flipped.pt", bytes));   // must return
            }
        }
    }

    // --- NumPy and idx
    void numpy_arrays() {
        if (!m_python)
            QSKIP("python3 with numpy is not installed");
        const at::Tensor expected = at::arange(24, at::kFloat).view({2, 3, 4});
        for (const char* file : {"plain.npy", "fortran.npy", "big_endian.npy"})
            QVERIFY2(at::equal(get(path(file), "data"), expected), file);
        QVERIFY(at::equal(get(path("stored.npz"), "a"), expected));
        QVERIFY(at::equal(get(path("deflated.npz"), "a"), expected));
        QCOMPARE(get(path("deflated.npz"), "flags").sum().item<int>(), 1);
        QCOMPARE(get(path("unsigned.npy"), "data").max().item<int>(), 65'535);
        const auto mixed = open_tensors(path("stored.npz"));
        QCOMPARE(mixed->entries().size(), std::size_t(2));
        QCOMPARE(mixed->others()["text"]["$array"], Json("<U2"));
    }
    void idx_files() {
        const Bytes labels = Bytes("\0\0\x08\x01\0\0\0\x03", 8) + Bytes("\x01\x02\x03", 3);
        QVERIFY(at::equal(get(put("labels-idx1-ubyte", labels), "data"), at::tensor({1, 2, 3}, at::kByte)));
        const Bytes shorts = Bytes("\0\0\x0B\x02\0\0\0\x01\0\0\0\x02", 12) + Bytes("\x01\x00\xff\xff", 4);
        QVERIFY(at::equal(get(put("shorts", shorts), "data"), at::tensor({256, -1}, at::kShort).view({1, 2})));
        const auto gzip = [this](const char* name, const Bytes& bytes) {
            const gzFile file = gzopen(path(name).c_str(), "wb");
            gzwrite(file, bytes.data(), unsigned(bytes.size()));
            gzclose(file);
            return path(name);
        };
        QVERIFY(at::equal(get(gzip("labels.gz", labels), "data"), at::tensor({1, 2, 3}, at::kByte)));
        QVERIFY(error_of(put("cut-idx", labels.substr(0, 10))).contains(QLatin1String("need 11 bytes")));
        QVERIFY(error_of(put("long-idx", labels + "x")).contains(QLatin1String("need 11 bytes")));
        QVERIFY(error_of(gzip("short.gz", labels.substr(0, 10))).contains(QLatin1String("11 bytes")));
        QVERIFY(error_of(gzip("long.gz", labels + "x")).contains(QLatin1String("11 bytes")));
        const Bytes claim = Bytes("\0\0\x08\x03\x7f\xff\xff\xff\x7f\xff\xff\xff\0\0\0\x01", 16);   // 2^62 bytes in a file of some 30
        QVERIFY(!error_of(gzip("bomb.gz", claim)).isEmpty());
        QVERIFY(error_of(put("claim", claim)).contains(QLatin1String("need")));
        Bytes broken = read_file(path("labels.gz"), 1000);
        broken[broken.size() - 6] = char(broken[broken.size() - 6] ^ 0x55);   // its checksum
        QVERIFY(!error_of(put("broken.gz", broken)).isEmpty());
    }
    void npy_headers_data() {
        QTest::addColumn<QByteArray>("header");
        QTest::addColumn<QString>("message");
        QTest::newRow("no shape") << QByteArray("{'descr': '<f4', 'fortran_order': False}") << "no descr";
        QTest::newRow("twice") << QByteArray("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}") << "repeated";
        QTest::newRow("unknown") << QByteArray("{'descr': '<f4', 'x': 1}") << "unknown";
        QTest::newRow("order") << QByteArray("{'fortran_order': Maybe}") << "neither";
        QTest::newRow("negative") << QByteArray("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}") << "whole numbers";
        QTest::newRow("call") << QByteArray("{'descr': __import__('os'), 'fortran_order': False, 'shape': ()}") << "where one belongs";
        QTest::newRow("overflow") << QByteArray("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 8)}") << "overflows";
        QTest::newRow("size") << QByteArray("{'descr': '<f4', 'fortran_order': False, 'shape': (9,)}") << "need";
        QTest::newRow("unfinished") << QByteArray("{'descr': '<f4") << "without end";
    }
    void npy_headers() {
        QFETCH(QByteArray, header);
        QFETCH(QString, message);
        const Bytes bytes = Bytes("\x93NUMPY\x01\0", 8) + char(header.size()) + '\0' + header.toStdString() + Bytes(4, '\0');
        const QString error = error_of(put("bad.npy", bytes));
        QVERIFY2(error.contains(message) && !error.startsWith(QLatin1String("WRONG")), qPrintable(error));
    }
    void other_files_get_a_hint() {
        QVERIFY(error_of(put("pointer.pt", "version https://git-lfs.github.com/spec/v1\n")).contains(QLatin1String("Git LFS")));
        QVERIFY(error_of(put("page.safetensors", "<!DOCTYPE html>")).contains(QLatin1String("web page")));
        QVERIFY(error_of(put("text.txt", "hello")).contains(QLatin1String("Not a tensor file")));
        QVERIFY(error_of(put("zip.pt", Bytes("PK\5\6", 4) + Bytes(18, '\0'))).contains(QLatin1String("neither")));
        QVERIFY_THROWS_EXCEPTION(Error, open_tensors(path("absent")));
        QVERIFY_THROWS_EXCEPTION(Error, open_tensors(m_folder.path().toStdString()));
    }
};

QTEST_GUILESS_MAIN(TestTensorFiles)
#include "test_tensor_files.moc"
