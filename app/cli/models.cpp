#include "app/cli/command.h"
#include "app/cli/engine_host.h"
#include "app/cli/options.h"
#include "app/cli/terminal.h"
#include "core/report/ticks.h"
#include <filesystem>

namespace lathe::cli {
namespace {

std::string text_of(const Json& value) { return value.is_null() ? "" : value_text(value); }

void print_inspection(const Json& file, bool tensors) {
    print(text_of(file.value("file", Json())) + "  " + text_of(file.value("format", Json())) + ", " + bytes_text(file.value("file_bytes", std::int64_t{0})));
    print("  " + std::to_string(file.value("tensors", Json::array()).size()) + " tensors, " + short_number(double(file.value("parameters", std::int64_t{0})) / 1e6, 4) + " M parameters");
    const Json types = file.value("dtypes", Json::object()), metadata = file.value("metadata", Json::object()), warnings = file.value("warnings", Json::array());
    std::string dtypes;
    for (const auto& [type, count] : types.items()) dtypes += (dtypes.empty() ? "" : ", ") + type + ": " + text_of(count);
    if (!dtypes.empty()) print("  " + dtypes);
    const Json family = file.value("family", Json());
    if (family.is_object()) {
        print("  Family: " + text_of(family.value("title", Json())) + " (" + text_of(family.value("id", Json())) + "), keys as in " + text_of(family.value("layout", Json())));
        const Json config = family.value("config", Json::object());
        for (const auto& [key, value] : config.items()) print("    " + key + " = " + text_of(value));
    } else {
        print("  No model family recognises it.");
    }
    for (const char* count : {"nans", "infs"})
        if (file.contains(count)) print(std::string("  ") + count + ": " + text_of(file[count]));
    for (const auto& [key, value] : metadata.items()) print("  metadata " + key + ": " + text_of(value).substr(0, 200));
    for (const Json& warning : warnings) print("  warning: " + text_of(warning));
    if (!tensors) return;
    std::vector<std::vector<std::string>> rows;
    const Json listed = file.value("tensors", Json::array());
    for (const Json& t : listed)
        rows.push_back({text_of(t.value("name", Json())), text_of(t.value("dtype", Json())), json_text(t.value("shape", Json())), text_of(t.value("bytes", Json())), text_of(t.value("min", Json())), text_of(t.value("max", Json())),
            text_of(t.value("nans", Json()))});
    print(text_table({"tensor", "dtype", "shape", "bytes", "min", "max", "nan"}, rows));
}

}

int models_command(const QStringList& words) {
    Options options("models", "inspect FILE", "Shows what a model file holds: tensors, dtypes, metadata, and which model family recognises it. Nothing in the file is run.",
        {"lathe-cli models inspect dit.safetensors", "lathe-cli models inspect model.pt --health --tensors", "lathe-cli models inspect model.pt --json"});
    options.flag("health", "Read every value: NaN and infinities, least and largest").flag("tensors", "List every tensor");
    if (!options.parse(words, 2, 2)) return kOk;
    if (options.positional()[0] != "inspect") throw UsageError(ErrorCode::unknown_name, "There is no \"models " + options.positional()[0] + "\"", {}, "Write lathe-cli models inspect FILE");
    const std::string file = std::filesystem::absolute(options.positional()[1]).lexically_normal().string();
    EngineHost host;
    const Json found = host.result_of("engine.inspect", {{"file", file}, {"health", options.has("health")}});
    if (options.json()) print(found);
    else print_inspection(found, options.has("tensors"));
    return kOk;
}

}
