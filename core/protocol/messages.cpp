#include "core/protocol/messages.h"
#include "core/base/error.h"
#include "core/protocol/fields.h"

namespace lathe {
namespace {


Json parse_payload(const Message& m, std::string_view what) {
    if (!m.payload) throw Error(ErrorCode::wrong_format, "The message has no payload.", "message " + m.op, "The two programs may be of different versions.");
    return parse_cbor(std::as_bytes(std::span(*m.payload)), what, kPayloadLimits);
}

}

Outgoing simple(const char* op, Json fields) {
    fields["op"] = op;
    return {std::move(fields), nullptr};
}

// --- hello

Outgoing encode(const ClientHello& m) {
    Outgoing out = simple("hello", {{"proto_min", m.proto_min}, {"proto_max", m.proto_max}, {"client", m.client}});
    if (m.shm) out.fields["shm"] = {{"pid", m.shm->pid}, {"fd", m.shm->fd}, {"nonce", m.shm->nonce}};
    return out;
}

ClientHello client_hello_from(const Message& m) {
    ClientHello hello;
    hello.proto_min = int(int_member(m.fields, "proto_min", "hello"));
    hello.proto_max = int(int_member(m.fields, "proto_max", "hello"));
    hello.client = fields::text(m.fields, "client");
    const Json shm = fields::object(m.fields, "shm");
    if (!shm.empty()) hello.shm = ShmOffer{int_member(shm, "pid", "hello.shm"), int(int_member(shm, "fd", "hello.shm")), string_member(shm, "nonce", "hello.shm")};
    return hello;
}

Outgoing encode(const EngineHello& m) {
    Json devices = Json::array(), plugins = Json::array();
    for (const auto& d : m.devices) devices.push_back({{"id", d.id}, {"name", d.name}, {"bytes", d.bytes}});
    for (const auto& p : m.plugins) plugins.push_back({{"id", p.id}, {"version", p.version}, {"file", p.file}, {"ok", p.ok}, {"reason", p.reason}});
    return simple("hello", {{"proto", m.proto}, {"engine", m.engine}, {"abi", m.abi}, {"torch", m.torch}, {"pid", m.pid}, {"shm", m.shm},
        {"devices", std::move(devices)}, {"plugins", std::move(plugins)}});
}

EngineHello engine_hello_from(const Message& m) {
    EngineHello hello;
    hello.proto = int(int_member(m.fields, "proto", "hello"));
    hello.engine = fields::text(m.fields, "engine");
    hello.abi = fields::text(m.fields, "abi");
    hello.torch = fields::text(m.fields, "torch");
    hello.pid = fields::integer(m.fields, "pid");
    hello.shm = fields::flag(m.fields, "shm");
    for (const Json& d : fields::array(m.fields, "devices"))
        hello.devices.push_back({fields::text(d, "id"), fields::text(d, "name"), fields::integer(d, "bytes")});
    for (const Json& p : fields::array(m.fields, "plugins"))
        hello.plugins.push_back({fields::text(p, "id"), fields::text(p, "version"), fields::text(p, "file"), fields::text(p, "reason"), fields::flag(p, "ok")});
    return hello;
}

// --- run

Outgoing encode(const RunRequest& m) {
    Outgoing out = simple("run", to_json(m));
    Json large = {{"params", out.fields["params"]}, {"taps", out.fields["taps"]}};
    std::string bytes = to_cbor(large);
    if (bytes.size() > kInlineBytes) {
        out.fields["params"] = Json::object();
        out.fields["taps"] = Json::array();
        out.fields["packed"] = true;
        out.payload = std::make_shared<const std::string>(std::move(bytes));
    }
    return out;
}

RunRequest run_request_from_message(const Message& m) {
    Json fields = m.fields;
    if (fields::flag(fields, "packed")) {
        Json large = parse_payload(m, "run, parameters");
        fields["params"] = fields::object(large, "params");
        fields["taps"] = fields::array(large, "taps");
    }
    return run_request_from(fields);
}

// --- the rest

Outgoing encode(const Rates& m) {
    Json out = {{"device", m.device}, {"gemm_f32", m.gemm_f32}, {"gemm_bf16", m.gemm_bf16}, {"int8", m.int8}, {"bytes_per_s", m.bytes_per_s}, {"blas", m.blas},
        {"threads", m.threads}};
    if (!m.warn.empty()) out["warn"] = m.warn;
    return simple("rates", std::move(out));
}

Rates rates_from(const Message& m) {
    const Json& f = m.fields;
    return {fields::text(f, "device"), fields::number(f, "gemm_f32"), fields::number(f, "gemm_bf16"), fields::number(f, "int8"), fields::number(f, "bytes_per_s"),
        fields::text(f, "blas"), fields::text(f, "warn"), int(fields::integer(f, "threads"))};
}

Outgoing encode(const Pong& m) {
    Json out = {{"n", m.n}, {"ms_since_progress", m.ms_since_progress}, {"rss", m.rss}};
    if (!m.run.empty()) out["run"] = m.run;
    return simple("pong", std::move(out));
}

Pong pong_from(const Message& m) {
    const Json& f = m.fields;
    return {fields::integer(f, "n"), fields::text(f, "run"), fields::integer(f, "ms_since_progress"), fields::integer(f, "rss")};
}

Outgoing encode_methods(const Catalogue& catalogue) {
    return {{{"op", "methods"}}, std::make_shared<const std::string>(to_cbor(to_json(catalogue)))};
}

Catalogue catalogue_from_message(const Message& m) { return catalogue_from(parse_payload(m, "methods")); }

Outgoing encode_error(const std::string& re, const Error& error) {
    return simple("error", {{"re", re}, {"code", std::string(name(error.code()))}, {"what", error.summary()}, {"where", error.where()}, {"hint", error.hint()}});
}

Error error_from(const Message& m) {
    const Json& f = m.fields;
    return Error(error_code(fields::text(f, "code")), fields::text(f, "what"), fields::text(f, "where"), fields::text(f, "hint"));
}

}
