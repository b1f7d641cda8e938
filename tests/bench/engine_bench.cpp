// Bars of live work with the demo model: request to final image, cancel to idle; and a killed engine back to idle. (Spawn and image transfer: lathe-cli bench.)
#include "core/base/time.h"
#include "core/base/uuid.h"
#include "core/client/engine_process.h"
#include "core/client/launcher.h"
#include "tests/bench/bench.h"
#include "tests/cli/engine_fixture.h"
#include <QCoreApplication>

using namespace lathe;
using namespace lathe::bench;
using namespace lathe::testing;

namespace {

[[noreturn]] void give_up(const std::string& what) { throw Error(ErrorCode::internal, what, "lathe-engine", "Run lathe-cli run delta_cache.sample to see more."); }

std::shared_ptr<RunEvent> finish(EngineProcess& engine, Heard& heard, const RunRequest& request) {
    engine.run(request, {});
    if (!wait_until([&] { return heard.end_of(request.uuid) != nullptr; }, 60'000)) give_up("A run did not end.");
    auto end = heard.end_of(request.uuid);
    if (const auto* failed = std::get_if<event::Failed>(&end->body)) give_up(failed->what);
    return end;
}

RunRequest live_sample(int seed) {
    RunRequest request;
    request.uuid = make_uuid();
    request.method = "delta_cache.sample";
    request.lane = Lane::live;
    request.params = {{"steps", 20}, {"seed", seed}};
    return request;
}

void live_images(EngineProcess& engine) {
    Heard heard(engine);
    finish(engine, heard, live_sample(0));   // loads the model
    std::vector<double> finals;
    for (int i = 1; i <= 9; ++i) {
        const auto request = live_sample(i);
        const double start = monotonic_seconds();
        finish(engine, heard, request);
        finals.push_back(monotonic_seconds() - start);
    }
    print("live.final_image_s", median(finals), "s", Bar::at_most, 1.0, "demo model, 20 steps, guided, new seed each time, request to end of run; median of 9");
}

void cancels(EngineProcess& engine) {
    Heard heard(engine);
    std::vector<double> times;
    for (int i = 0; i < 40; ++i) {
        RunRequest request = live_sample(100 + i);
        request.params["steps"] = 200;
        engine.run(request, {});
        if (!wait_until([&] { return engine.current_run() == request.uuid; })) give_up("A run did not start.");
        const double pause = monotonic_seconds() + 0.02 + 0.003 * (i % 20);
        wait_until([&] { return monotonic_seconds() > pause; });
        const double start = monotonic_seconds();
        engine.cancel(request.uuid);
        if (!wait_until([&] { return engine.state() == EngineState::idle; })) give_up("A run was not cancelled.");
        times.push_back((monotonic_seconds() - start) * 1000);
    }
    print("live.cancel_p95_ms", percentile(times, 0.95), "ms", Bar::at_most, 100, "cancel of a sampling run to idle, at 40 moments; median " + number_text(std::round(median(times) * 10) / 10) + " ms");
}

void restarts(EngineProcess& engine) {
    Heard heard(engine);
    std::vector<double> times;
    for (int i = 0; i < 5; ++i) {
        RunRequest request;
        request.uuid = make_uuid();
        request.method = "engine.selftest";
        request.params = {{"steps", 2}, {"fault", "kill"}, {"fault_step", 1}};
        const int lost = heard.lost;
        engine.run(request, {});
        if (!wait_until([&] { return heard.lost > lost; }, 60'000)) give_up("The engine did not fall.");
        const double start = monotonic_seconds();
        if (!wait_until([&] { return engine.state() == EngineState::idle; }, 60'000)) give_up("The engine did not come back.");
        times.push_back(monotonic_seconds() - start);
        finish(engine, heard, live_sample(i));   // three crashes in a row would be enough
    }
    print("engine.restart_s", median(times), "s", Bar::at_most, 3.0, "killed in a run, noticed to idle again; median of 5");
}

}

int main(int argc, char** argv) {
    QCoreApplication app(argc, argv);
    try {
        EngineProcess engine(local_launcher());
        engine.start();
        if (!wait_until([&] { return engine.state() == EngineState::idle; }, 60'000)) give_up("The engine did not become idle.");
        live_images(engine);
        cancels(engine);
        restarts(engine);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "engine_bench: %s\n", error.what());
        return 1;
    }
    return 0;
}
