// PNG both ways, the stored form of images, and slots of shared memory.
#include "core/base/error.h"
#include "core/client/png.h"
#include "core/client/stored_form.h"
#include "core/protocol/shared_slots.h"
#include <QElapsedTimer>
#include <QtTest>
#include <cstring>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

using namespace lathe;

namespace {

std::string noise(std::size_t n) {
    std::mt19937 generator(7);
    std::string s(n, '\0');
    for (char& c : s) c = static_cast<char>(generator());
    return s;
}

Artifact image(std::vector<std::int64_t> shape, const std::string& dtype, std::string pixels) {
    Artifact a;
    a.key = "image";
    a.kind = "image";
    a.media = "raw/" + dtype;
    a.dtype = dtype;
    a.shape = std::move(shape);
    a.bytes = std::make_shared<const std::string>(std::move(pixels));
    return a;
}

}

class TestStoredForm : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void png_keeps_every_pixel() {
        for (int channels = 1; channels <= 4; ++channels)
            for (int bits : {8, 16})
                for (int level : {1, 3}) {
                    const std::string pixels = noise(std::size_t(37) * 23 * channels * bits / 8);
                    const Raster r = decode_png(encode_png(pixels, 23, 37, channels, bits, level), "test");
                    QCOMPARE(r.height, std::int64_t{23});
                    QCOMPARE(r.width, std::int64_t{37});
                    QCOMPARE(r.channels, channels);
                    QCOMPARE(r.bits, bits);
                    QVERIFY(r.pixels == pixels);
                }
    }

    void png_refuses_what_it_cannot_hold() {
        QVERIFY_THROWS_EXCEPTION(Error, encode_png("abc", 1, 1, 5, 8));
        QVERIFY_THROWS_EXCEPTION(Error, encode_png("abc", 1, 2, 3, 8));
        QVERIFY_THROWS_EXCEPTION(Error, encode_png("abc", 0, 1, 3, 8));
        QVERIFY_THROWS_EXCEPTION(Error, encode_png("abc", 1, 1, 3, 4));
        QVERIFY_THROWS_EXCEPTION(Error, encode_png("", 1 << 14, 1 << 14, 1, 8));   // 268 Mpx
        QVERIFY_THROWS_EXCEPTION(Error, encode_png("", INT64_MAX, INT64_MAX, 1, 8));
    }

    void damaged_png() {
        const std::string file = encode_png(noise(64 * 64 * 3), 64, 64, 3, 8);
        QVERIFY_THROWS_EXCEPTION(Error, decode_png("", "test"));
        QVERIFY_THROWS_EXCEPTION(Error, decode_png("GIF89a..", "test"));
        for (std::size_t cut : {std::size_t{8}, std::size_t{20}, std::size_t{33}, file.size() / 2}) QVERIFY_THROWS_EXCEPTION(Error, decode_png(file.substr(0, cut), "test"));
        for (std::size_t at = 8; at < file.size(); at += 97) {   // any byte wrong: refused or decoded, never a crash
            std::string wrong = file;
            wrong[at] = static_cast<char>(wrong[at] ^ 0x5a);
            try {
                decode_png(wrong, "test");
            } catch (const Error&) {
            }
        }
    }

    void huge_png_is_refused_before_it_is_read() {
        std::string file = encode_png(std::string(1, 'x'), 1, 1, 1, 8);
        // IHDR's width and height become 16384 x 16384; its checksum is made again by hand below.
        const unsigned char size[8] = {0, 0, 0x40, 0, 0, 0, 0x40, 0};
        std::memcpy(file.data() + 16, size, 8);
        std::uint32_t crc = 0xffffffff;
        for (std::size_t i = 12; i < 29; ++i) {
            crc ^= static_cast<unsigned char>(file[i]);
            for (int k = 0; k < 8; ++k) crc = crc & 1 ? 0xedb88320u ^ (crc >> 1) : crc >> 1;
        }
        crc = ~crc;
        for (int i = 0; i < 4; ++i) file[std::size_t(29 + i)] = static_cast<char>(crc >> (24 - 8 * i));
        try {
            decode_png(file, "test");
            QFAIL("not refused");
        } catch (const Error& e) {
            QVERIFY2(std::string(e.what()).find("64 million") != std::string::npos, e.what());
        }
    }

    void stored_forms() {
        Artifact a = image({4, 5, 3}, "u8", noise(60));
        const std::string pixels = *a.bytes;
        to_stored_form(a);
        QCOMPARE(a.media, std::string("image/png"));
        QVERIFY(decode_png(*a.bytes, "test").pixels == pixels);
        Artifact deep = image({4, 5, 1}, "u16", noise(40));
        to_stored_form(deep);
        QCOMPARE(decode_png(*deep.bytes, "test").bits, 16);

        Artifact f = image({2, 2, 3}, "f32", noise(48));
        const std::string floats = *f.bytes;
        to_stored_form(f);
        QCOMPARE(f.media, std::string("application/x-safetensors"));
        std::uint64_t head = 0;
        std::memcpy(&head, f.bytes->data(), 8);
        QCOMPARE(head % 8, std::uint64_t{0});
        const Json header = parse_json(std::string_view(*f.bytes).substr(8, head), "test");
        QVERIFY(header["image"]["shape"] == Json({2, 2, 3}));
        QVERIFY(f.bytes->substr(8 + head) == floats);

        Artifact many = image({2, 2, 7}, "u8", noise(28));   // PNG has no 7 channels
        to_stored_form(many);
        QCOMPARE(many.media, std::string("application/x-safetensors"));
        Artifact wrong = image({2, 2, 3}, "u8", "abc");
        QVERIFY_THROWS_EXCEPTION(Error, to_stored_form(wrong));
        Artifact text;
        text.kind = "text";
        text.media = "text/plain";
        text.bytes = std::make_shared<const std::string>("as it was");
        to_stored_form(text);
        QCOMPARE(*text.bytes, std::string("as it was"));
    }

    void slots_carry_bytes_both_ways_round() {
        auto client = SharedSlots::make(2, 1 << 20);
        QVERIFY(client);
        auto engine = SharedSlots::open(client->offer());
        QVERIFY(engine);
        const std::string big = noise(1 << 20);
        const int first = engine->put(big), second = engine->put("two");
        QVERIFY(first >= 0 && second >= 0 && first != second);
        QCOMPARE(engine->put("three"), -1);                      // all taken
        QVERIFY(client->bytes(first, big.size()) == big);
        QVERIFY(client->bytes(second, 3) == "two");
        engine->free(first);
        QCOMPARE(engine->put("again"), first);
        QCOMPARE(engine->put(noise((1 << 20) + 1)), -1);         // too large for a slot
        engine->free(99);
        engine->free(-1);
        QVERIFY_THROWS_EXCEPTION(Error, client->bytes(2, 1));
        QVERIFY_THROWS_EXCEPTION(Error, client->bytes(-1, 1));
        QVERIFY_THROWS_EXCEPTION(Error, client->bytes(0, (1 << 20) + 1));
        engine->free(first);
        engine->release_memory();
        QVERIFY(client->bytes(first, 5) == std::string_view("\0\0\0\0\0", 5));
        QVERIFY(client->bytes(second, 3) == "two");              // still taken: kept
    }

    void false_offers_are_refused() {
        auto client = SharedSlots::make(1, 4096);
        ShmOffer offer = client->offer();
        offer.nonce[0] = offer.nonce[0] == '0' ? '1' : '0';
        QVERIFY(!SharedSlots::open(offer));                      // another machine with the same pid and descriptor
        offer = client->offer();
        offer.fd = 999;
        QVERIFY(!SharedSlots::open(offer));
        offer = client->offer();
        offer.pid = 0;
        QVERIFY(!SharedSlots::open(offer));

        // A memfd that could be cut short under the reader: no seals.
        char bytes[8192] = {};
        const int fd = ::memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        const std::string path = "/proc/self/fd/" + std::to_string(client->offer().fd);
        QFile sealed(QString::fromStdString(path));
        QVERIFY(sealed.open(QFile::ReadOnly));
        QCOMPARE(sealed.read(bytes, sizeof bytes), qint64(sizeof bytes));
        QCOMPARE(::write(fd, bytes, sizeof bytes), ssize_t(sizeof bytes));
        offer = client->offer();
        offer.fd = fd;
        QVERIFY(!SharedSlots::open(offer));
        ::close(fd);
    }
};

QTEST_GUILESS_MAIN(TestStoredForm)
#include "test_stored_form.moc"
