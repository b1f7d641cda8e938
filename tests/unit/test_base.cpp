#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/base/json.h"
#include "core/base/time.h"
#include "core/base/uuid.h"

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>
#include <string>

using namespace lathe;

class TestBase : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void hash_of_a_folder_is_of_names_and_sizes() {
        const QTemporaryDir folder;
        const std::filesystem::path root = folder.path().toStdString();
        std::filesystem::create_directories(root / "a");
        write_file(root / "a" / "one.txt", "1");
        const std::string first = sha256_path(root);
        write_file(root / "a" / "one.txt", "2");
        QCOMPARE(sha256_folder(root), first);
        write_file(root / "two.txt", "");
        const std::string second = sha256_folder(root);
        QVERIFY(second != first);
        std::filesystem::rename(root / "two.txt", root / "a" / "two.txt");
        QVERIFY(sha256_folder(root) != second);
        QVERIFY_THROWS_EXCEPTION(Error, sha256_folder(root / "missing"));
        QVERIFY_THROWS_EXCEPTION(Error, sha256_folder(root, [] { return false; }));
        QCOMPARE(sha256_path(root / "a" / "one.txt"), sha256_hex("2"));
    }
    void hash_of_known_text() { QCOMPARE(sha256_hex("abc"), std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")); }
    void uuid_form() {
        QVERIFY(is_uuid(make_uuid()));
        QVERIFY(!is_uuid("not a uuid"));
        QVERIFY(make_uuid() != make_uuid());
    }
    void json_reads() { QCOMPARE(parse_json(R"({"a":[1,2,{"b":"c"}]})", "test")["a"][2]["b"].get<std::string>(), std::string("c")); }
    void json_refuses_duplicates() { QVERIFY_THROWS_EXCEPTION(Error, parse_json(R"({"a":1,"a":2})", "test")); }
    void json_refuses_depth() { QVERIFY_THROWS_EXCEPTION(Error, parse_json(std::string(65'000, '['), "test")); }
    void cbor_refuses_depth() {
        const std::string deep(65'000, char(0x81));
        QVERIFY_THROWS_EXCEPTION(Error, parse_cbor(std::as_bytes(std::span(deep)), "test"));
    }
    void cbor_round_trip() {
        const Json value{{"x", {1, 2.5, "t", nullptr, true}}, {"y", Json::object()}};
        const std::string bytes = to_cbor(value);
        QVERIFY(parse_cbor(std::as_bytes(std::span(bytes)), "test") == value);
    }
    void truncated_json_is_an_error() { QVERIFY_THROWS_EXCEPTION(Error, parse_json(R"({"a":)", "test")); }
    void numbers_that_are_not_finite() {
        QCOMPARE(number_json(INFINITY).get<std::string>(), std::string("inf"));
        QVERIFY(std::isnan(number_from(Json("nan"), "test")));
        QCOMPARE(number_text(0.1), std::string("0.1"));
        QVERIFY_THROWS_EXCEPTION(Error, number_from(Json("x1"), "test"));
    }
    void iso_times() { QCOMPARE(iso_time(0), std::string("1970-01-01T00:00:00.000Z")); }
    void error_text_has_three_parts() {
        const Error error(ErrorCode::io, "It failed.", "a.txt", "Try again.");
        const std::string text = error.what();
        QVERIFY(text.find("It failed") != std::string::npos && text.find("a.txt") != std::string::npos && text.find("Try again") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestBase)
#include "test_base.moc"
