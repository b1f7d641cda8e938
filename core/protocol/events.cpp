// Run events on the wire.
#include "core/base/error.h"
#include "core/protocol/fields.h"
#include "core/protocol/messages.h"
#include <bit>
#include <cstring>
#include <limits>

namespace lathe {
namespace {

static_assert(std::endian::native == std::endian::little, "packed metrics are copied as they are");
constexpr std::size_t kPointBytes = 28;           // u32 key, i64 step, f64 time, f64 value

std::string packed(const std::vector<event::MetricPoint>& points) {
    std::string out(points.size() * kPointBytes, '\0');
    char* to = out.data();
    for (const auto& p : points) {
        std::memcpy(to, &p.key, 4);
        std::memcpy(to + 4, &p.step, 8);
        std::memcpy(to + 12, &p.time, 8);
        std::memcpy(to + 20, &p.value, 8);
        to += kPointBytes;
    }
    return out;
}

std::vector<event::MetricPoint> unpacked(const std::string& bytes, std::size_t keys) {
    if (bytes.size() % kPointBytes != 0)
        throw Error(ErrorCode::wrong_format, "Packed metrics of " + std::to_string(bytes.size()) + " bytes are no multiple of 28.", "event metrics", "The two programs may be of different versions.");
    std::vector<event::MetricPoint> points(bytes.size() / kPointBytes);
    const char* from = bytes.data();
    for (auto& p : points) {
        std::memcpy(&p.key, from, 4);
        std::memcpy(&p.step, from + 4, 8);
        std::memcpy(&p.time, from + 12, 8);
        std::memcpy(&p.value, from + 20, 8);
        from += kPointBytes;
        if (p.key >= keys) throw Error(ErrorCode::wrong_format, "A metric point names key " + std::to_string(p.key) + " of " + std::to_string(keys) + ".", "event metrics");
    }
    return points;
}

/// A JSON value that may be large: in the header under `key`, or the whole payload.
void put_value(Outgoing& out, const char* key, const Json& value) {
    std::string bytes = to_cbor(value);
    if (bytes.size() <= kInlineBytes) {
        out.fields[key] = value;
        return;
    }
    out.fields["packed"] = true;
    out.payload = std::make_shared<const std::string>(std::move(bytes));
}

Json take_value(const Message& m, const char* key) {
    if (fields::flag(m.fields, "packed") && m.payload) return parse_cbor(std::as_bytes(std::span(*m.payload)), std::string("event, ") + key, kPayloadLimits);
    const auto it = m.fields.find(key);
    return it == m.fields.end() ? Json() : *it;
}

void put_bytes(Outgoing& out, const Bytes& bytes, int slot, std::uint64_t slot_bytes) {
    if (slot < 0) {
        if (bytes && !bytes->empty()) out.payload = bytes;
        return;
    }
    out.fields["slot"] = slot;
    out.fields["slot_bytes"] = slot_bytes;
}

struct Encoder {
    Outgoing& out;
    int slot;
    std::uint64_t slot_bytes;

    void operator()(const event::Started& e) { type("started"); put_value(out, "environment", e.environment); }
    void operator()(const event::Progress& e) {
        type("progress");
        out.fields["done"] = number_json(e.done);
        out.fields["total"] = number_json(e.total);
        if (!e.note.empty()) out.fields["note"] = e.note;
    }
    void operator()(const event::Metrics& e) {
        type("metrics");
        out.fields["keys"] = e.keys;
        if (!e.points.empty()) out.payload = std::make_shared<const std::string>(packed(e.points));
    }
    void operator()(const event::ArtifactMade& e) {
        type("artifact");
        const Artifact& a = e.artifact;
        out.fields.update({{"key", a.key}, {"step", a.step}, {"kind", a.kind}, {"media", a.media}, {"shape", a.shape}, {"dtype", a.dtype}, {"preview", a.preview}});
        if (!a.meta.empty()) out.fields["meta"] = a.meta;
        put_bytes(out, a.bytes, slot, slot_bytes);
    }
    void operator()(const event::LogLine& e) { type("log"); out.fields["level"] = e.level; out.fields["text"] = e.text; }
    void operator()(const event::Checkpoint& e) { type("checkpoint"); put_bytes(out, e.bytes, slot, slot_bytes); }
    void operator()(const event::Finished& e) { type("finished"); out.fields["seconds"] = e.seconds; put_value(out, "summary", e.summary); }
    void operator()(const event::Failed& e) {
        type("failed");
        out.fields["error"] = {{"code", std::string(name(e.code))}, {"what", e.what}, {"where", e.where}, {"hint", e.hint}};
    }
    void operator()(const event::Cancelled& e) { type("cancelled"); out.fields["seconds"] = e.seconds; }
    void operator()(const event::Paused& e) { type("paused"); out.fields["seconds"] = e.seconds; }

    void type(const char* name) { out.fields["type"] = name; }
};

Bytes bytes_of(const Message& m, int* slot, std::uint64_t* slot_bytes) {
    static const Bytes empty = std::make_shared<const std::string>();
    const std::int64_t where = fields::integer(m.fields, "slot", -1);
    if (where < 0) return m.payload ? m.payload : empty;
    const std::int64_t size = fields::integer(m.fields, "slot_bytes");
    if (!slot || !slot_bytes || where > std::numeric_limits<int>::max() || size < 0)
        throw Error(ErrorCode::wrong_format, "An event lies in shared memory that was not agreed on.", "event, slot " + std::to_string(where));
    *slot = static_cast<int>(where);
    *slot_bytes = static_cast<std::uint64_t>(size);
    return empty;
}

Artifact artifact_from(const Message& m, int* slot, std::uint64_t* slot_bytes) {
    const Json& f = m.fields;
    Artifact a;
    a.key = fields::text(f, "key");
    a.kind = fields::text(f, "kind");
    a.media = fields::text(f, "media");
    a.step = fields::integer(f, "step");
    a.shape = fields::integers(f, "shape");
    a.dtype = fields::text(f, "dtype");
    a.meta = fields::object(f, "meta");
    a.preview = fields::flag(f, "preview");
    a.bytes = bytes_of(m, slot, slot_bytes);
    if (!slot || *slot < 0) check_artifact(a);
    return a;
}

RunEventBody body_from(const Message& m, int* slot, std::uint64_t* slot_bytes) {
    const Json& f = m.fields;
    const std::string type = string_member(f, "type", "event");
    if (type == "started") return event::Started{take_value(m, "environment")};
    if (type == "progress") return event::Progress{fields::number(f, "done"), fields::number(f, "total"), fields::text(f, "note")};
    if (type == "metrics") {
        event::Metrics metrics{fields::texts(f, "keys"), {}};
        if (m.payload) metrics.points = unpacked(*m.payload, metrics.keys.size());
        return metrics;
    }
    if (type == "artifact") return event::ArtifactMade{artifact_from(m, slot, slot_bytes)};
    if (type == "log") return event::LogLine{fields::text(f, "level", "info"), fields::text(f, "text")};
    if (type == "checkpoint") return event::Checkpoint{bytes_of(m, slot, slot_bytes)};
    if (type == "finished") return event::Finished{fields::number(f, "seconds"), take_value(m, "summary")};
    if (type == "failed") {
        const Json error = fields::object(f, "error");
        return event::Failed{error_code(fields::text(error, "code")), fields::text(error, "what"), fields::text(error, "where"), fields::text(error, "hint")};
    }
    if (type == "cancelled") return event::Cancelled{fields::number(f, "seconds")};
    if (type == "paused") return event::Paused{fields::number(f, "seconds")};
    throw Error(ErrorCode::unknown_name, "An event of type \"" + type + "\" is not known here.", "event, field type", "The engine may be newer than this program.");
}

}

Outgoing encode(const RunEvent& m, int shm_slot, std::uint64_t shm_bytes) {
    Outgoing out = simple("event", {{"run", m.run}, {"seq", m.seq}});
    std::visit(Encoder{out, shm_slot, shm_bytes}, m.body);
    return out;
}

RunEvent run_event_from(const Message& m, int* slot, std::uint64_t* slot_bytes) {
    if (slot) *slot = -1;
    if (slot_bytes) *slot_bytes = 0;
    const std::int64_t seq = int_member(m.fields, "seq", "event");
    if (seq < 0) throw Error(ErrorCode::wrong_format, "An event has a negative number.", "event, field seq");
    return {fields::text(m.fields, "run"), static_cast<std::uint64_t>(seq), body_from(m, slot, slot_bytes)};
}

void check_artifact(const Artifact& a) {
    if (a.kind != "image" || a.media.rfind("raw/", 0) != 0) return;
    const std::uint64_t element = a.dtype == "u8" ? 1 : a.dtype == "u16" ? 2 : a.dtype == "f32" ? 4 : 0;
    const std::string where = "artifact " + a.key + ", dtype " + a.dtype;
    if (element == 0) throw Error(ErrorCode::wrong_format, "A raw image has a dtype other than u8, u16 and f32.", where);
    if (a.shape.size() != 3) throw Error(ErrorCode::wrong_format, "A raw image needs the shape [height, width, channels].", where);
    std::uint64_t bytes = element;
    for (const std::int64_t n : a.shape) {
        if (n < 1 || n > (1 << 24)) throw Error(ErrorCode::wrong_format, "A raw image has a side of " + std::to_string(n) + " pixels.", where);
        bytes *= static_cast<std::uint64_t>(n);
        if (bytes > kMaxPayloadBytes) throw Error(ErrorCode::wrong_format, "A raw image is larger than 1 GiB.", where);
    }
    if (a.bytes->size() != bytes)
        throw Error(ErrorCode::wrong_format, "A raw image has " + std::to_string(a.bytes->size()) + " bytes where its shape needs " + std::to_string(bytes) + ".", where);
}

}
