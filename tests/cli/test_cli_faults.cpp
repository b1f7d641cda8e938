// Files that are not what they should be, given to lathe-cli: each is refused with a message that names the file, the place in it and what to do; nothing is
// changed, nothing is executed. The table of all faults is in tests/README.md.
#include "core/project/project.h"
#include "tests/cli/cli_fixture.h"
#include <QDir>
#include <QtTest>
#include <cstring>
#include <functional>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

using namespace lathe;
using namespace lathe::testing;

namespace {

void write(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    QVERIFY(file.open(QFile::WriteOnly) && file.write(bytes) == bytes.size());
}

void execute(const QString& file, const char* sql) {
    sqlite3* db = nullptr;
    QCOMPARE(sqlite3_open(file.toUtf8().constData(), &db), SQLITE_OK);
    QCOMPARE(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
}

/// A safetensors file in parts, to spoil one of them.
struct Checkpoint {
    Json header;
    QByteArray data;
    explicit Checkpoint(const QByteArray& file) {
        std::uint64_t size = 0;
        std::memcpy(&size, file.constData(), sizeof size);
        header = Json::parse(file.mid(8, qsizetype(size)).toStdString());
        data = file.mid(8 + qsizetype(size));
    }
    QByteArray bytes() const {
        const QByteArray text = QByteArray::fromStdString(header.dump());
        const auto size = std::uint64_t(text.size());
        return QByteArray(reinterpret_cast<const char*>(&size), sizeof size) + text + data;
    }
};

template <class T> void put(QByteArray& out, T value) { out.append(reinterpret_cast<const char*>(&value), sizeof value); }

/// A zip archive of one stored file, as torch.save writes it.
QByteArray zip_of(const QByteArray& name, const QByteArray& bytes) {
    QByteArray both, out;   // what the two headers of the file have in common
    put<std::uint16_t>(both, 20);
    for (int i = 0; i < 4; ++i) put<std::uint16_t>(both, 0);
    put<std::uint32_t>(both, std::uint32_t(crc32(0, reinterpret_cast<const Bytef*>(bytes.constData()), uInt(bytes.size()))));
    for (int i = 0; i < 2; ++i) put<std::uint32_t>(both, std::uint32_t(bytes.size()));
    put<std::uint16_t>(both, std::uint16_t(name.size()));
    put<std::uint16_t>(both, 0);
    out = "PK\3\4" + both + name + bytes;
    const auto at = std::uint32_t(out.size());
    QByteArray directory("PK\1\2");
    put<std::uint16_t>(directory, 20);
    directory += both;
    for (int i = 0; i < 3; ++i) put<std::uint16_t>(directory, 0);
    for (int i = 0; i < 2; ++i) put<std::uint32_t>(directory, 0);
    directory += name;
    out += directory + "PK\5\6";
    for (int i = 0; i < 2; ++i) put<std::uint16_t>(out, 0);
    for (int i = 0; i < 2; ++i) put<std::uint16_t>(out, 1);
    put<std::uint32_t>(out, std::uint32_t(directory.size()));
    put<std::uint32_t>(out, at);
    put<std::uint16_t>(out, 0);
    return out;
}

}

class TestCliFaults : public QObject {
    Q_OBJECT
    CliFolder m_folder;
    QString path(const char* name) const { return m_folder.path(name); }

private Q_SLOTS:
    void projects_data() {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QByteArrayList>("needles");
        const auto made = [this](const char* name) {
            const QString file = path(name);
            Project::create(file.toStdString());
            return file;
        };
        write(path("text.lathe"), QByteArray(5000, 'x'));
        QTest::newRow("not SQLite") << path("text.lathe") << QByteArrayList{"not an SQLite database", "Choose"};
        const QString other = path("other.lathe");
        execute(other, "CREATE TABLE t(x)");
        QTest::newRow("another program's") << other << QByteArrayList{"another program", "Choose"};
        const QString trigger = made("trigger.lathe");
        execute(trigger, "CREATE TRIGGER evil AFTER INSERT ON run BEGIN DELETE FROM meta; END");
        QTest::newRow("trigger") << trigger << QByteArrayList{"trigger \"evil\"", "ask its sender"};
        const QString newer = made("newer.lathe");
        execute(newer, "ALTER TABLE run ADD COLUMN colour TEXT; PRAGMA user_version=2");
        QTest::newRow("newer version") << newer << QByteArrayList{"newer version of Lathe", "copy"};
        const QString corrupt = made("corrupt.lathe");
        QByteArray bytes = contents(corrupt);
        for (qsizetype at = 4096; at < bytes.size(); ++at) bytes[at] = char(at * 37);
        write(corrupt, bytes);
        QTest::newRow("corrupt") << corrupt << QByteArrayList{"damaged", "copy"};
        const QString folder = path("locked");
        QVERIFY(QDir().mkpath(folder));
        const QString locked = made("locked/p.lathe");
        QCOMPARE(::chmod(folder.toUtf8().constData(), 0555), 0);
        if (::access(folder.toUtf8().constData(), W_OK) != 0) {   // root may write everywhere
            QTest::newRow("read-only folder") << locked << QByteArrayList{"read-only", "copy"};
            QTest::newRow("new, in a read-only folder") << folder + "/new.lathe" << QByteArrayList{"cannot be made", "Choose"};
        }
    }
    void projects() {
        QFETCH(QString, file);
        QFETCH(QByteArrayList, needles);
        const QByteArray before = contents(file);
        const Result result = cli(selftest(file, {"seconds=0"}));
        QCOMPARE(result.code, 1);
        needles << QFileInfo(file).fileName().toUtf8();
        if (!QFile::exists(file)) needles.last() = "locked";
        for (const QByteArray& needle : needles) QVERIFY2(result.err.contains(needle), result.err + "\nlacks: " + needle);
        QCOMPARE(contents(file), before);
    }

    void checkpoints_data() {
        QTest::addColumn<QByteArray>("bytes");
        QTest::addColumn<QByteArrayList>("needles");
        const QByteArray demo = contents(QString::fromStdString(resource("models/demo-dit-12.safetensors").string()));
        QVERIFY(demo.size() > 1'000'000);
        const std::string weight = "blocks.3.mlp.fc1.weight";
        const Checkpoint sound(demo);
        QVERIFY(sound.header.contains(weight) && sound.header[weight]["dtype"] == "F16");
        const auto spoilt = [&](const std::function<void(Checkpoint&)>& spoil) {
            Checkpoint checkpoint = sound;
            spoil(checkpoint);
            return checkpoint.bytes();
        };
        const QByteArray name = QByteArray::fromStdString(weight);
        QTest::newRow("truncated") << demo.left(demo.size() - 100) << QByteArrayList{"data end at byte", "fetch it again"};
        QByteArray oversized = demo;
        std::memset(oversized.data(), 0x7f, 8);
        QTest::newRow("oversized header") << oversized << QByteArrayList{"header", "claims"};
        QTest::newRow("overlapping") << spoilt([&](Checkpoint& c) {
            for (auto& end : c.header[weight]["data_offsets"]) end = end.get<std::int64_t>() - 2;
        }) << QByteArrayList{"overlap", name};
        QTest::newRow("another size of number") << spoilt([&](Checkpoint& c) { c.header[weight]["dtype"] = "F32"; }) << QByteArrayList{name, "bytes"};
        QTest::newRow("whole numbers") << spoilt([&](Checkpoint& c) { c.header[weight]["dtype"] = "I16"; }) << QByteArrayList{"wrong type: " + name + " Short instead of", "another checkpoint"};
        QTest::newRow("filled with NaN") << spoilt([&](Checkpoint& c) {
            const auto range = c.header[weight]["data_offsets"];
            std::fill(c.data.begin() + range[0].get<qsizetype>(), c.data.begin() + range[1].get<qsizetype>(), char(0x7f));
        }) << QByteArrayList{"NaN: " + name, "earlier checkpoint"};
        QTest::newRow("wrong shape") << spoilt([&](Checkpoint& c) { std::swap(c.header[weight]["shape"][0], c.header[weight]["shape"][1]); }) << QByteArrayList{"wrong shape: " + name, "another checkpoint"};
        QTest::newRow("a tensor is missing") << spoilt([&](Checkpoint& c) {
            c.header["renamed"] = c.header[weight];
            c.header.erase(weight);
        }) << QByteArrayList{"missing: " + name, "unexpected: renamed"};
        QTest::newRow("wrong family") << QByteArray(spoilt([](Checkpoint& c) {
            Json renamed;
            for (auto& [key, value] : c.header.items()) renamed[key == "__metadata__" ? key : "encoder." + key] = value;
            c.header = renamed;
        })) << QByteArrayList{"No model family recognises", "x_embedder.proj.weight", "lathe-cli models inspect"};
        // GLOBAL posix.system, the text, a tuple of it, REDUCE: what os.system("touch executed") is in a pickle.
        const QByteArray pickle("\x80\x02" "cposix\nsystem\nX\x0e\0\0\0touch executed\x85R.", 38);
        QTest::newRow("calls os.system") << zip_of("archive/data.pkl", pickle) << QByteArrayList{"No model family recognises", "lathe-cli models inspect"};
    }
    void checkpoints() {
        QFETCH(QByteArray, bytes);
        QFETCH(QByteArrayList, needles);
        const QString file = path("given.safetensors");
        write(file, bytes);
        const QString before = QDir::currentPath();
        QVERIFY(QDir::setCurrent(m_folder.path(".")));
        const Result result = cli({"run", "delta_cache.sample", "--set", "steps=4", "--input", "model=" + file});
        QDir::setCurrent(before);
        QVERIFY(!QFile::exists(path("executed")));
        QVERIFY2(result.code == 1, result.err);
        needles << "given.safetensors";
        for (const QByteArray& needle : needles) QVERIFY2(result.err.contains(needle), result.err + "\nlacks: " + needle);
        QCOMPARE(contents(file), bytes);
    }

    void cleanupTestCase() { ::chmod(path("locked").toUtf8().constData(), 0755); }
};

QTEST_GUILESS_MAIN(TestCliFaults)
#include "test_cli_faults.moc"
