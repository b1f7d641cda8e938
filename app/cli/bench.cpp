// What the engine does on this computer, measured through the same client that the window uses.
#include "app/cli/command.h"
#include "app/cli/engine_host.h"
#include "app/cli/interrupt.h"
#include "app/cli/options.h"
#include "app/cli/terminal.h"
#include "core/base/time.h"
#include "core/base/uuid.h"
#include "core/report/ticks.h"
#include <QEventLoop>
#include <algorithm>
#include <cstdlib>

namespace lathe::cli {
namespace {

constexpr double kBusyLoad = 1.5;   // above it a bar that is not met says nothing
constexpr int kSpawns = 5, kImages = 60;

struct Measured { std::string id; double value; std::string unit; std::optional<double> bar; bool higher = false; std::string how; };

double machine_load() {
    double load = 0;
    return ::getloadavg(&load, 1) == 1 ? load : 0;
}

double quantile(std::vector<double> values, double q) {
    if (values.empty()) throw Error(ErrorCode::internal, "Nothing was measured.", "bench");
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1, std::size_t(q * double(values.size())))];
}

/// Until the condition holds, or Error after `seconds`.
void wait_for(const std::function<bool()>& condition, double seconds, const char* what) {
    const double end = monotonic_seconds() + seconds;
    while (!condition()) {
        throw_if_interrupted();
        if (monotonic_seconds() > end) throw Error(ErrorCode::engine_lost, std::string("The engine took too long to ") + what + ".", "bench", "Try again when the computer is quiet.");
        QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 20);
    }
}

Measured spawn_time() {
    std::vector<double> times;
    for (int i = 0; i < kSpawns; ++i) {
        EngineProcess engine(default_launcher());
        const double start = monotonic_seconds();
        engine.start();
        wait_for([&] { return engine.state() == EngineState::idle; }, 60, "start");
        times.push_back(monotonic_seconds() - start);
    }
    return {"engine.spawn_s", quantile(times, 0.5), "s", 2.0, false, "process start to idle, median of " + std::to_string(kSpawns)};
}

RunRequest selftest(Json params) {
    RunRequest request;
    request.uuid = make_uuid();
    request.method = "engine.selftest";
    request.params = std::move(params);
    return request;
}

Measured image_time(EngineProcess& engine) {
    std::vector<double> times;
    bool over = false;
    QObject context;
    QObject::connect(&engine, &EngineProcess::event, &context, [&](const std::shared_ptr<RunEvent>& e) {
        const double now = monotonic_seconds();
        if (const auto* made = std::get_if<event::ArtifactMade>(&e->body); made && made->artifact.meta.contains("made_at")) times.push_back((now - made->artifact.meta["made_at"].get<double>()) * 1000);
        over = over || e->is_terminal();
    });
    engine.run(selftest({{"steps", kImages}, {"images", kImages}, {"seconds", kImages * 0.03}, {"width", 512}, {"height", 683}}), {});
    wait_for([&] { return over; }, 60, "send the images");
    return {"ipc.image_1mb_ms", quantile(times, 0.5), "ms", 3.0, false, std::to_string(times.size()) + " images of 1.05 MB, from the engine's call to the client's event loop, median"};
}

std::vector<Measured> rates(EngineHost& host) {
    RunRequest request;
    request.uuid = make_uuid();
    request.method = "engine.measure";
    std::map<std::string, double> values;
    EngineHost::Sink sink;
    sink.event = [&](const RunEvent& e) {
        if (const auto* metrics = std::get_if<event::Metrics>(&e.body))
            for (const auto& p : metrics->points) values[metrics->keys.at(p.key)] = p.value;
        if (const auto* line = std::get_if<event::LogLine>(&e.body); line && line->level == "warning") say("warning", line->text, {}, {});
    };
    const RunOutcome outcome = host.run(request, {}, {}, sink);
    if (outcome.state == RunState::cancelled) throw Error(ErrorCode::cancelled, "Cancelled.");
    if (outcome.error) throw *outcome.error;
    const std::string on = "BLAS " + value_text(outcome.summary.value("blas", Json("unknown"))) + ", " + value_text(outcome.summary.value("threads", Json(0))) + " threads, " + value_text(outcome.summary.value("device_name", Json("")));
    return {{"engine.gemm_f32", values["gemm_f32"], "GFLOPS", {}, true, "512 x 1152 -> 4608, the best of at::linear and prepacked; " + on}, {"engine.gemm_bf16", values["gemm_bf16"], "GFLOPS", {}, true, "the same in bf16; " + on},
        {"engine.int8", values["int8"], "GOPS", {}, true, "the same in int8; " + on}, {"engine.bytes_per_s", values["bytes_per_s"] / 1e9, "GB/s", {}, true, "memory; " + on},
        {"engine.threads", number_from(outcome.summary.value("threads", Json(0)), "threads"), "", {}, true, on}};
}

}

int bench_command(const QStringList& words) {
    Options options("bench", "[core]", "Measures what the engine does on this computer: start, 1 MB image to the client, matrix products, memory. Close other programs first.\n"
                                       "A bar that is not met gives no verdict while the machine's load is above 1.5.",
        {"lathe-cli bench", "lathe-cli bench core --json"});
    if (!options.parse(words, 0, 1)) return kOk;
    if (!options.positional().empty() && options.positional()[0] != "core")
        throw UsageError(ErrorCode::unknown_name, "There is no area \"" + options.positional()[0] + "\"", {}, "lathe-cli measures core; ./dev bench measures the others");
    const double load = machine_load();
    std::vector<Measured> all{spawn_time()};
    {
        EngineHost host;
        all.push_back(image_time(host.session().engine()));
        for (Measured& m : rates(host)) all.push_back(std::move(m));
    }
    bool missed = false;
    std::vector<std::vector<std::string>> rows;
    for (const Measured& m : all) {
        const bool met = !m.bar || (m.higher ? m.value >= *m.bar : m.value <= *m.bar);
        const bool no_verdict = !m.bar || (!met && load > kBusyLoad);
        missed = missed || (!met && !no_verdict);
        const Json ok = no_verdict ? Json() : Json(met);
        if (options.json()) print(Json{{"id", m.id}, {"value", number_json(m.value)}, {"unit", m.unit}, {"bar", m.bar ? Json(*m.bar) : Json()}, {"ok", ok}, {"how", m.how + "; load " + short_number(load, 2)}});
        rows.push_back({m.id, short_number(m.value, 4), m.unit, m.bar ? (m.higher ? ">= " : "<= ") + short_number(*m.bar) : "", ok.is_null() ? (m.bar ? "no verdict, load " + short_number(load, 2) : "") : met ? "ok" : "MISSED", m.how});
    }
    if (!options.json()) print(text_table({"id", "value", "unit", "bar", "", "how"}, rows));
    return missed ? kFailed : kOk;
}

}
