// Bars of ViT merging. Usage: merge_bench PYTHON_SCRIPT [THREADS]
#include "core/base/paths.h"
#include "tests/bench/task_bench.h"
#include "tests/bench/tensor_bench.h"
#include "tests/bench/vit_bench.h"
#include "tests/bench/weights_bench.h"

using namespace lathe::bench;

namespace {

void measure(const std::string& script, int threads) {
    measure_weight_merging(threads);                       // first: what the process holds already counts
    measure_vit_forward(script, threads);
    measure_per_sample(threads);
    measure_shipped_merges(lathe::resource("models/vit-merge"), threads);
}

}

int main(int argc, char** argv) { return bench_main(argc, argv, measure); }
