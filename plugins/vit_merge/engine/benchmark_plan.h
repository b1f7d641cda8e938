#pragma once
// The benchmarks that can be made: which pictures train the shared base, which models are fine-tuned from it, which sets they form. Any thread.
#include "core/base/json.h"
#include <string>
#include <string_view>
#include <vector>

namespace lathe::vit_merge {

/// A name and the pictures it stands for (task_data.h).
struct NamedData { std::string name, data; };

struct BenchmarkSet {
    std::string name;                                      ///< of the file: "tasks" -> tasks.json, gate-tasks.safetensors
    std::string title;
    std::vector<std::string> models;
};

struct BenchmarkPlan {
    std::vector<NamedData> base;                           ///< one head of the shared trunk each
    std::vector<NamedData> models;
    std::vector<BenchmarkSet> sets;
    std::int64_t first = 0;                                ///< the first training picture of the fine-tuned models; those before train the base
    std::int64_t pictures = 0;                             ///< of each, from there on
    double epochs = 10;                                    ///< of the fine-tuned models
};

/// tasks, domains, many: sets that are drawn here, with Fashion-MNIST. shipped: all three from one base. vit_tasks, vit_domains: those of specification 8, which need the folder vit-tasks.
/// Throws Error(unknown_name).
BenchmarkPlan benchmark_plan(std::string_view preset);
struct BenchmarkPreset { std::string name, title, help; };
const std::vector<BenchmarkPreset>& benchmark_presets();

}
