#include "core/engine/builtin_methods.h"
#include "core/base/error.h"
#include "core/engine/rates.h"
#include "core/nn/inspect.h"

namespace lathe {
namespace {

std::vector<std::filesystem::path> paths_from(const Json& list) {
    std::vector<std::filesystem::path> out;
    for (const Json& item : list) out.emplace_back(item.is_string() ? item.get<std::string>() : item.dump());
    return out;
}

void json_artifact(RunContext& run, const char* key, const Json& value) {
    Artifact out;
    out.key = key;
    out.kind = "text";
    out.media = "application/json";
    out.bytes = std::make_shared<const std::string>(value.dump(2, ' ', false, Json::error_handler_t::replace));
    run.artifact(std::move(out));
}

void measure(RunContext& run, const std::function<void(const Rates&)>& publish) {
    run.progress(0, 1, "measuring");
    const auto rates = measure_rates([&] { return !run.cancelled(); });
    if (!rates) throw Cancelled{};
    cache_rates(*rates);
    publish(*rates);
    run.metric("gemm_f32", 0, rates->gemm_f32);
    run.metric("gemm_bf16", 0, rates->gemm_bf16);
    run.metric("int8", 0, rates->int8);
    run.metric("bytes_per_s", 0, rates->bytes_per_s);
    run.summary("blas", rates->blas);
    run.summary("threads", rates->threads);
    run.summary("device_name", cpu_name());
    if (!rates->warn.empty()) run.log("warning", rates->warn);
    run.progress(1, 1);
}

void verify(RunContext& run, const Registry& registry) {
    const auto files = paths_from(run.params().at("files")), folders = paths_from(run.params().at("data"));
    if (files.empty()) throw Error(ErrorCode::invalid_value, "No reference file was named.", "parameter files", "Name one or more safetensors files that hold a case.");
    Json reports = Json::array();
    std::int64_t passed = 0;
    for (const auto& file : files) {
        run.check_cancelled();
        run.progress(double(reports.size()), double(files.size()), file.filename().string());
        const VerifyReport report = verify_file(registry, file, folders, run);
        passed += report.ok;
        reports.push_back(to_json(report));
    }
    json_artifact(run, "report", reports);
    run.summary("files", files.size());
    run.summary("passed", passed);
    run.progress(double(files.size()), double(files.size()));
}

void inspect_file(RunContext& run, const Registry& registry) {
    const auto file = open_tensors(run.params().at("file").get<std::string>());
    std::vector<const ModelFamily*> families;
    for (const auto& family : registry.families()) families.push_back(family.get());
    InspectOptions options;
    options.health = run.params().at("health").get<bool>();
    options.progress = [&](std::size_t done, std::size_t total) {
        run.check_cancelled();
        run.progress(double(done), double(total), "reading values");
    };
    json_artifact(run, "report", inspect(*file, families, options));
}

}

Method measure_method(std::function<void(const Rates&)> publish) {
    MethodInfo info;
    info.id = "engine.measure";
    info.title = "Measure this computer";
    info.help = "Matrix products in f32, bf16 and int8, and memory bandwidth. Takes about a second; close other programs first.";
    info.outputs = {{"gemm_f32", "metric", "f32 products", "GFLOPS", "higher"}, {"gemm_bf16", "metric", "bf16 products", "GFLOPS", "higher"},
        {"int8", "metric", "int8 products", "GOPS", "higher"}, {"bytes_per_s", "metric", "Memory", "B/s", "higher"}};
    return {std::move(info), [publish = std::move(publish)](RunContext& run) { measure(run, publish); }, {}};
}

Method verify_method(const Registry& registry) {
    MethodInfo info;
    info.id = "engine.verify";
    info.title = "Verify reference files";
    info.help = "Recomputes every output of reference files and compares it within its tolerance.";
    info.parameters = {
        Parameter::list("files", Json::array()).with_label("Files").with_help("safetensors files with a case in their config."),
        Parameter::list("data", Json::array()).with_label("Data folders").with_help("Where weights and images that a file names are looked for, after the folder of the file itself."),
    };
    info.outputs = {{"report", "text", "Report", "", ""}};
    return {std::move(info), [&registry](RunContext& run) { verify(run, registry); }, {}};
}

Method inspect_method(const Registry& registry) {
    MethodInfo info;
    info.id = "engine.inspect";
    info.title = "Inspect a model file";
    info.help = "Tensors, sizes, dtypes, metadata, and which model family recognises the file. Nothing in the file is run.";
    info.parameters = {
        Parameter::path("file").with_label("File"),
        Parameter::boolean("health", false).with_label("Read the values").with_help("Counts NaN and infinities and gives the range of every tensor; reads the whole file."),
    };
    info.outputs = {{"report", "text", "Report", "", ""}};
    return {std::move(info), [&registry](RunContext& run) { inspect_file(run, registry); }, {}};
}

void register_builtin_methods(Registry& registry, std::function<void(const Rates&)> publish) {
    registry.add(selftest_method());
    registry.add(measure_method(std::move(publish)));
    registry.add(verify_method(registry));
    registry.add(inspect_method(registry));
}

}
