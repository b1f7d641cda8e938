// Bars of the project file: points a second through the writer thread; opening and filtering a project of 10 000 runs x 100 parameters and 10 M points.
// Usage: store_bench [FOLDER]: the project is made in a new folder there (about 1 GB; default: the temporary folder) and removed again.
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/base/uuid.h"
#include "core/project/project.h"
#include "tests/bench/bench.h"
#include <cstdlib>
#include <random>

using namespace lathe;
using namespace lathe::bench;

namespace {

constexpr int kRuns = 10'000, kParameters = 100, kPointsPerRun = 1000, kKeys = 5;

RunRequest request(int run) {
    RunRequest out;
    out.uuid = make_uuid();
    out.method = run % 3 ? "delta_cache.sample" : "delta_cache.study";
    for (int i = 0; i < kParameters; ++i) {
        const std::string name = "group" + std::to_string(i / 10) + ".parameter" + std::to_string(i);
        if (i % 5 == 4)
            out.params[name] = "choice " + std::to_string((run + i) % 7);
        else
            out.params[name] = (run * 7 + i * 13) % 1000 * 0.01;
    }
    return out;
}

// The events as an engine sends them: every 100 ms a few hundred points of several keys.
RunEvent points(std::uint64_t seq, int first, int count) {
    event::Metrics metrics;
    for (int key = 0; key < kKeys; ++key)
        metrics.keys.push_back("metric" + std::to_string(key));
    for (int step = first; step < first + count / kKeys; ++step)
        for (std::uint32_t key = 0; key < kKeys; ++key)
            metrics.points.push_back({key, step, step * 0.01, std::sin(0.001 * step * (key + 1))});
    return {"", seq, std::move(metrics)};
}

double points_per_second(const std::filesystem::path& file) {
    constexpr int kPoints = 2'000'000, kPerEvent = 500;
    auto project = Project::create(file);
    const RunId run = project->add_run(request(0), "one long run", "bench");
    project->set_state(run, RunState::running);
    const double begin = monotonic_seconds();
    {
        RunWriter writer(*project);
        for (int done = 0; done < kPoints; done += kPerEvent)
            writer.add(run, points(static_cast<std::uint64_t>(done / kPerEvent + 1), done / kKeys, kPerEvent));
        writer.flush();
    }
    return kPoints / (monotonic_seconds() - begin);
}

void fill(const std::filesystem::path& file) {
    auto project = Project::create(file);
    RunWriter writer(*project, {}, [](const Error& error) { std::fprintf(stderr, "%s\n", error.what()); });
    std::mt19937 random(1);
    for (int i = 0; i < kRuns; ++i) {
        const RunId run = project->add_run(request(i), "run " + std::to_string(i), "bench");
        writer.add(run, {"", 1, event::Started{{{"cpu", "bench"}}}});
        auto event = points(2, 0, kPointsPerRun);
        auto& metrics = std::get<event::Metrics>(event.body);
        metrics.keys.push_back("speedup");
        metrics.points.push_back({kKeys, 0, 0, 1 + static_cast<double>(random() % 1000) / 1000});
        writer.add(run, std::move(event));
        writer.add(run, {"", 3, event::Finished{1, nullptr}});
        if (i % 10 == 0)
            project->set_tags(run, {"paper"});
        if (i % 1000 == 999)
            std::fprintf(stderr, "store_bench: %d of %d runs\n", i + 1, kRuns);
    }
}

void measure(const std::filesystem::path& folder) {
    std::vector<double> rates;
    for (int i = 0; i < 3; ++i)
        rates.push_back(points_per_second(folder / ("points" + std::to_string(i) + ".lathe")));
    print("store.points_per_s", std::round(median(rates)), "1/s", Bar::at_least, 300'000, "2 M points of 5 keys in events of 500 through RunWriter, until flushed; median of 3");

    const auto file = folder / "large.lathe";
    fill(file);
    std::vector<double> opens, filters;
    for (int i = 0; i < 5; ++i) {
        const double begin = monotonic_seconds();
        auto project = Project::open(file);
        auto reader = project->reader();
        const auto rows = reader->runs({}, 200);
        opens.push_back(monotonic_seconds() - begin);
        if (rows.size() != 200)
            throw Error(ErrorCode::internal, "the first page is not there");
    }
    const std::string size = number_text(std::round(static_cast<double>(std::filesystem::file_size(file)) / 1e6)) + " MB, 10 000 runs x 100 parameters, 10 M points; ";
    print("store.open_s", median(opens), "s", Bar::at_most, 1, size + "Project::open and the first 200 rows, warm; median of 5");

    auto project = Project::open(file);
    auto reader = project->reader();
    double slowest = 0;
    std::string slowest_query;
    for (const char* text : {"speedup > 1.3 and tag:paper", "group3.parameter33 < 2 and not state:failed", "group0.parameter4 = \"choice 3\" and metric4.max > 0.5", "\"run 77\"",
             "method:delta_cache.study and group9.parameter98 >= 5", "(speedup < 1.1 or speedup > 1.9) and group1.parameter15 != 3 lane:batch"}) {
        std::vector<double> times;
        for (int i = 0; i < 5; ++i) {
            project->set_pinned(1, i % 2 == 0);   // as while a run is recorded: nothing that the reader kept holds any more
            const double begin = monotonic_seconds();
            auto query = compile_query(text, nullptr);
            query.sort = {{"speedup", false}};
            const auto count = reader->count_runs(query);
            const auto rows = reader->runs(query, 100);
            reader->data_version();
            times.push_back((monotonic_seconds() - begin) * 1000);
            if (count == 0 || rows.empty())
                throw Error(ErrorCode::internal, std::string("nothing was found by ") + text);
        }
        std::fprintf(stderr, "store_bench: %6.1f ms  %s\n", median(times), text);
        if (median(times) > slowest) {
            slowest = median(times);
            slowest_query = text;
        }
    }
    print("store.filter_ms", slowest, "ms", Bar::at_most, 100, "count and the first 100 rows sorted by a metric, after a change of the project; slowest of 6 queries (" + slowest_query + "), median of 5");
}

}

int main(int argc, char** argv) {
    std::string name = (argc > 1 ? std::filesystem::path(argv[1]) : std::filesystem::temp_directory_path()) / "store_bench_XXXXXX";
    if (!mkdtemp(name.data())) {
        std::fprintf(stderr, "store_bench: no folder can be made at %s\n", name.c_str());
        return 1;
    }
    int code = 0;
    try {
        measure(name);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "store_bench: %s\n", error.what());
        code = 1;
    }
    std::error_code ignored;
    std::filesystem::remove_all(name, ignored);
    return code;
}
