#pragma once
// What the benches of networks share: times, turns with a Python program, and how they begin.
#include "core/base/process.h"
#include "core/base/time.h"
#include "core/nn/tensor_memory.h"
#include "tests/bench/bench.h"
#include "tests/bench/python_side.h"
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <cstdlib>

namespace lathe::bench {

template <class F> double seconds_of(F f) {
    const double start = monotonic_seconds();
    f();
    return monotonic_seconds() - start;
}

/// Seconds of `times` turns, after one that is not counted.
template <class F> std::vector<double> timed(int times, F f) {
    f();
    std::vector<double> all;
    for (int i = 0; i < times; ++i) all.push_back(seconds_of(f));
    return all;
}

struct Turns { double python = 0, ours = 0, ratio() const { return python / ours; } };

/// Medians of `turns` turns: the Python program (`arguments` say which work), then `f`.
template <class F> Turns in_turns(const std::string& script, std::vector<std::string> arguments, int threads, int turns, F f) {
    f();
    arguments.insert(arguments.end(), {"--threads", std::to_string(threads), "--repeat", std::to_string(turns)});
    PythonSide python(script, std::move(arguments));
    std::vector<double> ours, theirs;
    for (int i = 0; i < turns; ++i) {
        theirs.push_back(python.seconds());
        ours.push_back(seconds_of(f));
    }
    return {median(theirs), median(ours)};
}

/// As printf.
inline std::string text(const char* format, auto... values) {
    char buffer[400];
    std::snprintf(buffer, sizeof buffer, format, values...);
    return buffer;
}

/// main() of `NAME PYTHON_SCRIPT [THREADS]`: measures in inference mode, with kept memory, as the engine does.
inline int bench_main(int argc, char** argv, void (*measure)(const std::string& script, int threads)) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: %s PYTHON_SCRIPT [THREADS]\n", argv[0]);
        return 2;
    }
    try {
        keep_tensor_memory();
        const c10::InferenceMode inference;
        const int threads = argc > 2 ? std::max(1, std::atoi(argv[2])) : usable_cores();
        at::set_num_threads(threads);
        measure(argv[1], threads);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
        return 1;
    }
    return 0;
}

}
