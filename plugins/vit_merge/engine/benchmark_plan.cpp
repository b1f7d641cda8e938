#include "plugins/vit_merge/engine/benchmark_plan.h"
#include "core/base/error.h"
#include <algorithm>

namespace lathe::vit_merge {
namespace {

constexpr std::int64_t kOfBase = 1000;                     // specification 8: the base sees the first 1000 pictures of each task

std::vector<std::string> names_of(const std::vector<NamedData>& models) {
    std::vector<std::string> names;
    for (const NamedData& one : models) names.push_back(one.name);
    return names;
}

const std::vector<NamedData>& drawn_tasks() {
    static const std::vector<NamedData> tasks{{"fashion", "fashion"}, {"digits", "drawn:digits"}, {"letters", "drawn:letters"}, {"shapes", "drawn:shapes"}};
    return tasks;
}

const std::vector<NamedData>& fashion_domains() {
    static const std::vector<NamedData> domains{{"photometric", "fashion|photometric"}, {"rotated", "fashion|rotate90"}, {"colour", "fashion|colour"}};
    return domains;
}

const std::vector<NamedData>& more_models() {
    static const std::vector<NamedData> more{{"textures", "drawn:textures"}, {"upside down", "fashion|rotate=180"}, {"noisy", "fashion|contrast=0.6|noise=0.15"}, {"inverted digits", "drawn:digits|invert"},
        {"lying digits", "drawn:digits|rotate90|colour"}};
    return more;
}

BenchmarkPlan drawn_plan(bool tasks, bool domains, bool many) {
    BenchmarkPlan plan;
    plan.base = drawn_tasks();
    plan.base.push_back({"textures", "drawn:textures"});
    plan.first = kOfBase;
    plan.pictures = 12'000;
    std::vector<NamedData> of_domains{drawn_tasks().front()}, all = drawn_tasks();
    of_domains.insert(of_domains.end(), fashion_domains().begin(), fashion_domains().end());
    all.insert(all.end(), fashion_domains().begin(), fashion_domains().end());
    all.insert(all.end(), more_models().begin(), more_models().end());
    for (const NamedData& one : all) {
        const auto in = [&](const std::vector<NamedData>& some) { return std::ranges::any_of(some, [&](const NamedData& other) { return other.name == one.name; }); };
        if (many || (tasks && in(drawn_tasks())) || (domains && in(of_domains))) plan.models.push_back(one);
    }
    if (tasks) plan.sets.push_back({"tasks", "Four tasks", names_of(drawn_tasks())});
    if (domains) plan.sets.push_back({"domains", "Fashion-MNIST in four domains", names_of(of_domains)});
    if (many) plan.sets.push_back({"many", "Twelve models", names_of(all)});
    return plan;
}

BenchmarkPlan vit_plan(bool domains) {
    BenchmarkPlan plan;
    plan.base = {{"mnist", "mnist"}, {"fashion", "fashion"}, {"kmnist", "kmnist"}, {"notmnist", "notmnist"}, {"cifar10", "cifar10|crop=28"}};
    plan.first = domains ? 0 : kOfBase;
    plan.pictures = domains ? 8000 : 7000;
    plan.epochs = 20;
    if (domains) plan.models = {{"clean", "mnist"}, {"photometric", "mnist|photometric"}, {"background", "mnist|background=cifar10"}, {"rotated", "mnist|rotate90"}, {"fonts", "fontdigits"}, {"optical", "optdigits"}};
    else plan.models = {plan.base[0], plan.base[1], plan.base[2], plan.base[3]};
    plan.sets.push_back({domains ? "vit_domains" : "vit_tasks", domains ? "Digits in six domains" : "Four tasks of vit-tasks", names_of(plan.models)});
    return plan;
}

}

const std::vector<BenchmarkPreset>& benchmark_presets() {
    static const std::vector<BenchmarkPreset> presets{{"tasks", "Four tasks", "Fashion-MNIST, drawn digits, letters and shapes: other categories each."},
        {"domains", "Four domains", "Fashion-MNIST clean, photometrically changed, turned, and on colours: the same categories."}, {"many", "Twelve models", "Tasks and domains together, and five more."},
        {"shipped", "All three, from one base", "Tasks, domains and twelve models: what comes with the program."}, {"vit_tasks", "Tasks of vit-tasks", "MNIST, Fashion-MNIST, KMNIST, notMNIST; needs the folder vit-tasks."},
        {"vit_domains", "Domains of vit-tasks", "MNIST clean, photometric, on pictures, turned; font and optical digits. Needs the folder vit-tasks."}};
    return presets;
}

BenchmarkPlan benchmark_plan(std::string_view preset) {
    if (preset == "tasks") return drawn_plan(true, false, false);
    if (preset == "domains") return drawn_plan(false, true, false);
    if (preset == "many") return drawn_plan(false, false, true);
    if (preset == "shipped") return drawn_plan(true, true, true);
    if (preset == "vit_tasks") return vit_plan(false);
    if (preset == "vit_domains") return vit_plan(true);
    throw Error(ErrorCode::unknown_name, "There is no such benchmark.", std::string(preset), "Choose tasks, domains, many, shipped, vit_tasks or vit_domains.");
}

}
