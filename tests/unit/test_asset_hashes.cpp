// Hashes that are remembered: of files by their stamp, of folders until something in them comes or goes.
#include "core/base/error.h"
#include "core/base/hash.h"
#include "core/client/asset_hashes.h"
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>

using namespace lathe;

class TestAssetHashes : public QObject {
    Q_OBJECT

    static void write(const std::filesystem::path& file, const std::string& text) { std::ofstream(file) << text; }

private Q_SLOTS:
    void initTestCase() { qputenv("XDG_CACHE_HOME", m_cache.path().toUtf8()); }

    void a_file_is_read_once() {
        const QTemporaryDir folder;
        const std::filesystem::path file = std::filesystem::path(folder.path().toStdString()) / "model.bin";
        write(file, "one");
        AssetHashes hashes;
        QVERIFY(!hashes.known(file.string()));
        const std::string first = hashes.hash(file.string(), {});
        QCOMPARE(first, sha256_hex("one"));
        QCOMPARE(hashes.known(file.string()).value_or(""), first);
        QCOMPARE(AssetHashes().known(file.string()).value_or(""), first);   // another start of the program
        write(file, "another");
        QVERIFY(!hashes.known(file.string()));
        QCOMPARE(hashes.hash(file.string(), {}), sha256_hex("another"));
        std::filesystem::remove(file);
        QVERIFY(!hashes.known(file.string()));
        QVERIFY_THROWS_EXCEPTION(Error, hashes.hash(file.string(), {}));
    }

    void a_folder_is_listed_once_until_it_changes() {
        const QTemporaryDir folder;
        const std::filesystem::path root = std::filesystem::path(folder.path().toStdString()) / "data";
        std::filesystem::create_directories(root / "samples" / "CAM_FRONT");
        write(root / "scene.json", "[]");
        AssetHashes hashes;
        QVERIFY(!hashes.known(root.string()));
        const std::string first = hashes.hash(root.string(), {});
        QCOMPARE(first, sha256_folder(root));
        QCOMPARE(hashes.known(root.string()).value_or(""), first);
        const auto differs = [&](const char* what) {
            QVERIFY2(!hashes.known(root.string()), what);
            const std::string now = hashes.hash(root.string(), {});
            QVERIFY2(now == sha256_folder(root) && hashes.known(root.string()) == now, what);
        };
        QTest::qWait(20);   // times of change are that coarse
        write(root / "samples" / "CAM_FRONT" / "a.jpg", "picture");
        differs("a file deep in it came");
        QTest::qWait(20);
        std::filesystem::rename(root / "samples" / "CAM_FRONT", root / "samples" / "CAM_BACK");
        differs("a folder was renamed");
        QTest::qWait(20);
        std::filesystem::remove(root / "scene.json");
        differs("a file went");
        std::filesystem::remove_all(root);
        QVERIFY(!hashes.known(root.string()));
        QVERIFY_THROWS_EXCEPTION(Error, hashes.hash(root.string(), {}));
    }

private:
    QTemporaryDir m_cache;
};

QTEST_GUILESS_MAIN(TestAssetHashes)
#include "test_asset_hashes.moc"
