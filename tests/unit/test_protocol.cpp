// Frames in any piece sizes, every message both ways, and what a hostile peer may send.
#include "core/base/error.h"
#include "core/protocol/messages.h"
#include <QtTest>
#include <cmath>
#include <limits>

using namespace lathe;

namespace {

std::string wire(const Outgoing& out) { return frame_head(out.fields, out.payload ? out.payload->size() : 0) + (out.payload ? *out.payload : std::string()); }

std::vector<Message> read_all(const std::string& bytes, std::size_t piece) {
    std::vector<Message> messages;
    FrameReader reader([&](Message m) { messages.push_back(std::move(m)); });
    for (std::size_t at = 0; at < bytes.size(); at += piece) reader.feed(bytes.data() + at, std::min(piece, bytes.size() - at));
    return messages;
}

Message through(const Outgoing& out) {
    auto messages = read_all(wire(out), 1u << 20);
    if (messages.size() != 1) throw std::runtime_error("not one message");
    return messages.front();
}

RunEvent through(const RunEvent& e) { return run_event_from(through(encode(e))); }

std::string raw_frame(std::string_view magic, std::uint32_t header, std::uint64_t payload, const std::string& rest) {
    std::string f(magic);
    f.append(reinterpret_cast<const char*>(&header), 4);
    f.append(reinterpret_cast<const char*>(&payload), 8);
    return f + rest;
}

/// The error of feeding `bytes`; fails the test when there is none.
std::string refusal(const std::string& bytes, std::size_t piece = 4096) {
    try {
        read_all(bytes, piece);
    } catch (const Error& e) {
        return e.code() == ErrorCode::wrong_format || e.code() == ErrorCode::unknown_name ? e.what() : std::string("code: ") + e.what();
    }
    return {};
}

template <class T> const T& body(const RunEvent& e) { return std::get<T>(e.body); }

}

class TestProtocol : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void frames_in_any_pieces() {
        std::string stream;
        const auto big = std::make_shared<const std::string>(70'000, 'x');
        for (int i = 0; i < 3; ++i) {
            stream += wire(simple("ping", {{"n", i}}));
            stream += wire({{{"op", "data"}, {"i", i}}, big});
        }
        for (std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{17}, std::size_t{4096}, stream.size()}) {
            const auto messages = read_all(stream, piece);
            QCOMPARE(messages.size(), std::size_t{6});
            for (int i = 0; i < 3; ++i) {
                QCOMPARE(messages[2 * i].op, std::string("ping"));
                QCOMPARE(messages[2 * i].fields["n"].get<int>(), i);
                QVERIFY(!messages[2 * i].payload);
                QCOMPARE(*messages[2 * i + 1].payload, *big);
            }
        }
    }

    void inside_frame_tells_a_cut_stream() {
        FrameReader reader([](Message) {});
        QVERIFY(!reader.inside_frame());
        const std::string f = wire({{{"op", "data"}}, std::make_shared<const std::string>("abc")});
        reader.feed(f.data(), f.size() - 1);
        QVERIFY(reader.inside_frame());
        reader.feed(f.data() + f.size() - 1, 1);
        QVERIFY(!reader.inside_frame());
    }

    void hostile_frames() {
        const std::string header = to_cbor(Json{{"op", "ping"}});
        const auto size = static_cast<std::uint32_t>(header.size());
        QVERIFY(refusal(raw_frame("LTH1", size, 0, header)).empty());
        QVERIFY(!refusal("Welcome to gpu3!\n").empty());
        QVERIFY(!refusal("L", 1).size());                                               // may still become a frame
        QVERIFY(refusal("LX", 1).find("LTH1") != std::string::npos);                     // refused at the first wrong byte
        QVERIFY(!refusal(raw_frame("LTH2", size, 0, header)).empty());
        QVERIFY(refusal(raw_frame("LTH1", 0, 0, {})).find("header") != std::string::npos);
        QVERIFY(refusal(raw_frame("LTH1", (64u << 10) + 1, 0, {})).find("64 KiB") != std::string::npos);
        QVERIFY(refusal(raw_frame("LTH1", 0xFFFFFFFFu, 0, {})).find("64 KiB") != std::string::npos);
        QVERIFY(refusal(raw_frame("LTH1", size, (1ull << 30) + 1, header)).find("1 GiB") != std::string::npos);
        QVERIFY(refusal(raw_frame("LTH1", size, ~0ull, header)).find("1 GiB") != std::string::npos);
        QVERIFY(!refusal(raw_frame("LTH1", 4, 0, "\xff\xff\xff\xff")).empty());          // no CBOR
        const std::string list = to_cbor(Json::array({1, 2}));
        QVERIFY(refusal(raw_frame("LTH1", std::uint32_t(list.size()), 0, list)).find("map") != std::string::npos);
        const std::string no_op = to_cbor(Json{{"re", "x"}});
        QVERIFY(refusal(raw_frame("LTH1", std::uint32_t(no_op.size()), 0, no_op)).find("op") != std::string::npos);
        const std::string wrong_op = to_cbor(Json{{"op", 3}});
        QVERIFY(!refusal(raw_frame("LTH1", std::uint32_t(wrong_op.size()), 0, wrong_op)).empty());
    }

    void deep_and_repeated_headers_are_refused() {
        std::string deep = "\xa2\x62op\x64ping\x61x";
        deep += std::string(60'000, '\x81') + '\x00';
        QVERIFY(!refusal(raw_frame("LTH1", std::uint32_t(deep.size()), 0, deep)).empty());
        const std::string twice = "\xa2\x62op\x64ping\x62op\x64ping";
        QVERIFY(!refusal(raw_frame("LTH1", std::uint32_t(twice.size()), 0, twice)).empty());
    }

    void a_broken_reader_stays_broken() {
        FrameReader reader([](Message) {});
        QVERIFY_THROWS_EXCEPTION(Error, reader.feed("nonsense", 8));
        const std::string good = wire(simple("ping"));
        QVERIFY_THROWS_EXCEPTION(Error, reader.feed(good.data(), good.size()));
    }

    void an_announced_gigabyte_is_not_allocated() {
        const std::string header = to_cbor(Json{{"op", "data"}});
        FrameReader reader([](Message) {});
        const std::string head = raw_frame("LTH1", std::uint32_t(header.size()), 1ull << 30, header);
        const auto before = []() { QFile f("/proc/self/statm"); return f.open(QFile::ReadOnly) ? f.readAll().split(' ').value(1).toLongLong() : 0; };
        const auto pages = before();
        reader.feed(head.data(), head.size());
        QVERIFY(before() - pages < 4096);   // 16 MiB
    }

    void oversized_messages_are_not_sent() {
        QVERIFY_THROWS_EXCEPTION(Error, frame_head({{"op", "log"}, {"text", std::string(70'000, 'a')}}, 0));
        QVERIFY_THROWS_EXCEPTION(Error, frame_head({{"op", "data"}}, (1ull << 30) + 1));
    }

    void hello_both_ways() {
        ClientHello c;
        c.proto_min = 1;
        c.proto_max = 3;
        c.client = "lathe 0.1.0";
        c.shm = ShmOffer{4711, 9, "00112233445566778899aabbccddeeff"};
        const ClientHello c2 = client_hello_from(through(encode(c)));
        QCOMPARE(c2.proto_max, 3);
        QCOMPARE(c2.client, c.client);
        QVERIFY(c2.shm && c2.shm->pid == 4711 && c2.shm->fd == 9 && c2.shm->nonce == c.shm->nonce);
        c.shm.reset();
        QVERIFY(!client_hello_from(through(encode(c))).shm);

        EngineHello e{1, "0.1.0", "gcc14", "2.6.0", 77, true, {{"cpu", "Xeon", 1ll << 40}}, {{"delta_cache", "1.0", "/x/y.so", "", true}, {"bad", "", "/x/z.so", "API 9", false}}};
        const EngineHello e2 = engine_hello_from(through(encode(e)));
        QCOMPARE(e2.engine, e.engine);
        QCOMPARE(e2.pid, std::int64_t{77});
        QVERIFY(e2.shm);
        QCOMPARE(e2.devices.at(0).bytes, std::int64_t{1} << 40);
        QCOMPARE(e2.plugins.at(1).reason, std::string("API 9"));
        QVERIFY(e2.plugins.at(0).ok && !e2.plugins.at(1).ok);
        QVERIFY_THROWS_EXCEPTION(Error, engine_hello_from(through(simple("hello", {{"proto", "one"}}))));
        QVERIFY_THROWS_EXCEPTION(Error, client_hello_from(through(simple("hello"))));
    }

    void run_small_and_large() {
        RunRequest r;
        r.uuid = "a";
        r.method = "delta_cache.sample";
        r.version = 3;
        r.params = {{"steps", 20}, {"x", "nan"}};
        r.assets = {{"model", std::string(64, 'a')}};
        r.taps = {{"quantization.fake_quant", {{"bits", 4}}}};
        r.seed = kMaxSeed;
        r.threads = 2;
        r.lane = Lane::live;
        r.resume = "b";
        const Outgoing small = encode(r);
        QVERIFY(!small.payload);
        RunRequest s = run_request_from_message(through(small));
        QCOMPARE(s.uuid, r.uuid);
        QCOMPARE(s.method, r.method);
        QCOMPARE(s.version, 3);
        QVERIFY(s.params == r.params);
        QCOMPARE(s.assets.at(0).sha256, r.assets[0].sha256);
        QVERIFY(s.taps.at(0).params == r.taps[0].params);
        QCOMPARE(s.seed, kMaxSeed);
        QVERIFY(s.lane == Lane::live);
        QCOMPARE(s.resume, r.resume);
        QCOMPARE(small.fields["run"].get<std::string>(), r.uuid);   // the contract's name

        r.params["grid"] = {{"rows", 100}, {"cols", 500}, {"dtype", "u8"}, {"data", std::vector<int>(50'000, 200)}};
        const Outgoing large = encode(r);
        QVERIFY(large.payload);
        s = run_request_from_message(through(large));
        QVERIFY(s.params == r.params);
        QVERIFY(s.taps.at(0).id == r.taps[0].id);
        Message cut = through(large);
        cut.payload.reset();
        QVERIFY_THROWS_EXCEPTION(Error, run_request_from_message(cut));
    }

    void metrics_keep_every_bit() {
        const double inf = std::numeric_limits<double>::infinity();
        event::Metrics m{{"loss", "psnr"}, {{0, 0, 0.5, 1e-300}, {1, -7, 1.5, std::nan("")}, {0, std::numeric_limits<std::int64_t>::max(), 2, -inf}, {1, 3, 2, inf}}};
        const auto e = through(RunEvent{"u", 9, m});
        QCOMPARE(e.seq, std::uint64_t{9});
        const auto& n = body<event::Metrics>(e);
        QVERIFY(n.keys == m.keys);
        QCOMPARE(n.points.size(), std::size_t{4});
        QCOMPARE(n.points[0].value, 1e-300);
        QVERIFY(std::isnan(n.points[1].value));
        QCOMPARE(n.points[1].step, std::int64_t{-7});
        QCOMPARE(n.points[2].step, std::numeric_limits<std::int64_t>::max());
        QCOMPARE(n.points[2].value, -inf);
        QCOMPARE(n.points[3].value, inf);

        Message wrong = through(encode(RunEvent{"u", 1, m}));
        wrong.payload = std::make_shared<const std::string>(29, '\0');
        QVERIFY_THROWS_EXCEPTION(Error, run_event_from(wrong));
        wrong.payload = std::make_shared<const std::string>(28, '\x01');   // key 0x01010101
        QVERIFY_THROWS_EXCEPTION(Error, run_event_from(wrong));
    }

    void every_other_event() {
        QVERIFY(body<event::Started>(through(RunEvent{"u", 1, event::Started{{{"torch", "2.6"}}}})).environment["torch"] == "2.6");
        const auto progress = through(RunEvent{"u", 2, event::Progress{3, std::nan(""), "step 3"}});
        QVERIFY(std::isnan(body<event::Progress>(progress).total));
        QCOMPARE(body<event::Progress>(progress).note, std::string("step 3"));
        const auto log = through(RunEvent{"u", 3, event::LogLine{"warning", "caf\xe9 \xf0\x9f\x98\x80"}});
        QCOMPARE(body<event::LogLine>(log).text, std::string("caf\xef\xbf\xbd \xf0\x9f\x98\x80"));   // what is no UTF-8 is mended before it is sent
        const auto point = through(RunEvent{"u", 4, event::Checkpoint{std::make_shared<const std::string>("state")}});
        QCOMPARE(*body<event::Checkpoint>(point).bytes, std::string("state"));
        const auto done = through(RunEvent{"u", 5, event::Finished{1.25, {{"psnr", 30}}}});
        QCOMPARE(body<event::Finished>(done).seconds, 1.25);
        QVERIFY(done.is_terminal());
        Json big = Json::object();
        for (int i = 0; i < 5000; ++i) big["key" + std::to_string(i)] = i;
        QVERIFY(body<event::Finished>(through(RunEvent{"u", 5, event::Finished{1, big}})).summary == big);
        const auto failed = through(RunEvent{"u", 6, event::Failed{ErrorCode::out_of_memory, "w", "x", "y"}});
        QVERIFY(body<event::Failed>(failed).code == ErrorCode::out_of_memory);
        QCOMPARE(body<event::Failed>(failed).hint, std::string("y"));
        QCOMPARE(body<event::Cancelled>(through(RunEvent{"u", 7, event::Cancelled{2}})).seconds, 2.0);
        QCOMPARE(body<event::Paused>(through(RunEvent{"u", 8, event::Paused{3}})).seconds, 3.0);
        QVERIFY_THROWS_EXCEPTION(Error, run_event_from(through(simple("event", {{"run", "u"}, {"seq", 1}, {"type", "dance"}}))));
        QVERIFY_THROWS_EXCEPTION(Error, run_event_from(through(simple("event", {{"run", "u"}, {"seq", -1}, {"type", "log"}}))));
        QVERIFY_THROWS_EXCEPTION(Error, run_event_from(through(simple("event", {{"run", 5}, {"seq", 1}, {"type", "log"}}))));
    }

    void artifacts_and_shared_slots() {
        Artifact a;
        a.key = "preview";
        a.kind = "image";
        a.media = "raw/u16";
        a.step = 4;
        a.shape = {2, 3, 1};
        a.dtype = "u16";
        a.meta = {{"unit", "m"}};
        a.preview = true;
        a.bytes = std::make_shared<const std::string>(12, '\x7f');
        const auto e = through(RunEvent{"u", 1, event::ArtifactMade{a}});
        const Artifact& b = body<event::ArtifactMade>(e).artifact;
        QCOMPARE(b.key, a.key);
        QVERIFY(b.shape == a.shape && b.preview && b.meta == a.meta && b.step == 4);
        QCOMPARE(*b.bytes, *a.bytes);

        const Outgoing shared = encode(RunEvent{"u", 2, event::ArtifactMade{a}}, 3, 12);
        QVERIFY(!shared.payload);
        int slot = -1;
        std::uint64_t bytes = 0;
        run_event_from(through(shared), &slot, &bytes);
        QCOMPARE(slot, 3);
        QCOMPARE(bytes, std::uint64_t{12});
        QVERIFY_THROWS_EXCEPTION(Error, run_event_from(through(shared)));   // nobody here to read it

        for (const auto& shape : std::vector<std::vector<std::int64_t>>{{2, 3}, {2, 3, 2}, {-2, -3, 1}, {0, 3, 1}, {1 << 24, 1 << 24, 1 << 24}}) {
            Artifact wrong = a;
            wrong.shape = shape;
            QVERIFY_THROWS_EXCEPTION(Error, run_event_from(through(encode(RunEvent{"u", 1, event::ArtifactMade{wrong}}))));
        }
        Artifact wrong = a;
        wrong.dtype = "f64";
        QVERIFY_THROWS_EXCEPTION(Error, run_event_from(through(encode(RunEvent{"u", 1, event::ArtifactMade{wrong}}))));
        a.kind = "text";
        a.media = "text/plain";
        a.bytes = std::make_shared<const std::string>();
        QVERIFY(body<event::ArtifactMade>(through(RunEvent{"u", 1, event::ArtifactMade{a}})).artifact.bytes);
    }

    void rates_pong_error_methods() {
        const Rates r = rates_from(through(encode(Rates{"cpu", 250.5, 120, 1100, 2e10, "openblas-openmp", "slow", 2})));
        QCOMPARE(r.gemm_f32, 250.5);
        QCOMPARE(r.warn, std::string("slow"));
        QCOMPARE(r.threads, 2);
        const Pong p = pong_from(through(encode(Pong{5, "u", 120, 1ll << 33})));
        QCOMPARE(p.n, std::int64_t{5});
        QCOMPARE(p.rss, std::int64_t{1} << 33);
        const Error e = error_from(through(encode_error("run", Error(ErrorCode::unknown_name, "No such method.", "run.method", "Did you mean x?"))));
        QVERIFY(e.code() == ErrorCode::unknown_name);
        QCOMPARE(e.hint(), std::string("Did you mean x?"));

        Catalogue c;
        MethodInfo m;
        m.id = "a.b";
        m.takes_taps = true;
        m.parameters = {Parameter::integer("steps", 20).range(1, "$model.depth").is_live(), Parameter::choice("mode", "x", {{"x", "X", ""}})};
        c.methods = {m};
        c.taps = {{"t.t", "Tap", "", {Parameter::number("p", 0.5)}}};
        c.cases = {{"d/c", "d"}};
        const Catalogue d = catalogue_from_message(through(encode_methods(c)));
        QVERIFY(to_json(c) == to_json(d));
        QVERIFY(d.find("a.b"));
        QVERIFY_THROWS_EXCEPTION(Error, catalogue_from_message(through(simple("methods"))));
    }

    void unknown_keys_are_ignored() {
        Outgoing out = encode(Pong{1, "", 2, 3});
        out.fields["flavour"] = {{"deep", {1, 2, 3}}};
        QCOMPARE(pong_from(through(out)).rss, std::int64_t{3});
        Outgoing event = encode(RunEvent{"u", 1, event::LogLine{"info", "x"}});
        event.fields["later"] = true;
        QCOMPARE(body<event::LogLine>(run_event_from(through(event))).text, std::string("x"));
    }
};

QTEST_GUILESS_MAIN(TestProtocol)
#include "test_protocol.moc"
