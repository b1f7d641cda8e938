// Which files a set consists of: a set.json, a folder of checkpoints, the table of models; and sets that are open already.
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/paths.h"
#include "core/base/text.h"
#include "plugins/vit_merge/engine/model_set_builder.h"
#include <algorithm>
#include <array>
#include <cmath>

namespace lathe::vit_merge {
namespace {

constexpr std::size_t kMaxSetFile = 4 << 20, kSetsKept = 4;
constexpr const char* kSetMark = "vit_merge.set";

struct NamedSources {
    std::vector<ModelSource> models;
    std::filesystem::path base, gate;
};

std::filesystem::path below(const std::filesystem::path& folder, const std::string& file) {
    const std::filesystem::path path(file);
    return path.empty() || path.is_absolute() || folder.empty() ? path : (folder / path).lexically_normal();
}

NamedSources read_set_file(const std::filesystem::path& file) {
    const std::string where = file.string();
    const Json json = parse_json(read_file(file, kMaxSetFile), where);
    if (!json.is_object() || json.value("lathe", Json()) != Json(kSetMark)) throw Error(ErrorCode::wrong_format, "This is no set of models.", where, R"(It begins {"lathe":"vit_merge.set","version":1,"models":[{"name":…,"file":…}]}.)");
    if (int_member(json, "version", where) != 1) throw Error(ErrorCode::version, "The set was written by a newer Lathe.", where, "Update Lathe, or write the set again.");
    const std::filesystem::path folder = file.parent_path();
    NamedSources out;
    out.base = below(folder, string_or_empty(json, "base", where));
    out.gate = below(folder, string_or_empty(json, "gate", where));
    const Json& models = member(json, "models", where);
    if (!models.is_array()) throw Error(ErrorCode::wrong_format, "The models of the set are no list.", where + ", models");
    for (std::size_t i = 0; i < models.size(); ++i) {
        const std::string at_model = where + ", model " + std::to_string(i + 1);
        ModelSource source;
        source.path = below(folder, string_member(models[i], "file", at_model));
        source.name = string_or_empty(models[i], "name", at_model);
        if (source.name.empty()) source.name = source.path.stem().string();
        source.data = string_or_empty(models[i], "data", at_model);
        if (models[i].contains("weight")) source.weight = number_member(models[i], "weight", at_model);
        if (!std::isfinite(source.weight)) throw Error(ErrorCode::wrong_format, "A model's weight is no finite number.", at_model, "Give a number.");
        if (const auto classes = models[i].find("classes"); classes != models[i].end() && classes->is_array())
            for (const Json& one : *classes)
                if (one.is_string()) source.classes.push_back(one.get<std::string>());
        out.models.push_back(std::move(source));
    }
    return out;
}

bool has_checkpoint_ending(const std::filesystem::path& file) {
    static constexpr std::array<std::string_view, 6> kEndings{".safetensors", ".pt", ".pth", ".bin", ".npz", ".ckpt"};
    return std::find(kEndings.begin(), kEndings.end(), file.extension().string()) != kEndings.end();
}

NamedSources read_set_folder(const std::filesystem::path& folder) {
    if (std::filesystem::exists(folder / "set.json")) return read_set_file(folder / "set.json");
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
        if (entry.is_regular_file(error) && has_checkpoint_ending(entry.path())) files.push_back(entry.path());
    if (error) throw Error(ErrorCode::io, "The folder cannot be read: " + error.message() + ".", folder.string());
    std::sort(files.begin(), files.end());
    NamedSources out;
    for (const std::filesystem::path& file : files) {
        const std::string stem = file.stem().string();
        if (stem == "base" || stem == "pretrained" || stem == "zeroshot") {
            out.base = file;
        } else if (stem == "gate") {
            out.gate = file;
        } else {
            ModelSource source;
            source.name = stem;
            source.path = file;
            out.models.push_back(std::move(source));
        }
    }
    if (out.models.empty()) throw Error(ErrorCode::not_found, "The folder holds no checkpoint and no set.json.", folder.string(), "Read are .safetensors, .pt, .pth, .bin, .ckpt and .npz; base.* is the base, gate.* the gate.");
    return out;
}

/// One row of the table of models; empty cells say nothing.
struct TableRow {
    std::string name, path, data;
    std::optional<double> weight;
    bool use = true;
};

bool cell_is_true(const Json& cell, const std::string& where) {
    if (cell.is_boolean()) return cell.get<bool>();
    if (cell.is_number()) return cell.get<double>() != 0;
    const std::string text = cell.is_string() ? cell.get<std::string>() : std::string();
    if (cell.is_null() || text.empty() || text == "true" || text == "yes" || text == "1") return true;
    if (text == "false" || text == "no" || text == "0") return false;
    throw Error(ErrorCode::invalid_value, "Whether a model is used is neither yes nor no.", where + ": " + brief(cell), "Give true or false.");
}

std::vector<TableRow> table_rows(const Json& table) {
    std::vector<TableRow> out;
    if (!table.is_object()) return out;
    std::map<std::string, std::size_t> columns;
    for (std::size_t i = 0; i < table.at("columns").size(); ++i) columns[table.at("columns")[i].get<std::string>()] = i;
    for (const Json& row : table.at("rows")) {
        const std::string where = "parameter models, row " + std::to_string(out.size() + 1);
        const auto cell = [&](const char* column) -> Json {
            const auto found = columns.find(column);
            return found == columns.end() || !row.is_array() || found->second >= row.size() ? Json() : row[found->second];
        };
        const auto text = [&](const char* column) {
            const Json value = cell(column);
            return value.is_string() ? value.get<std::string>() : value.is_number_integer() ? std::to_string(value.get<std::int64_t>()) : std::string();
        };
        TableRow one{text("name"), text("path"), text("data"), {}, cell_is_true(cell("use"), where + ", use")};
        if (const Json weight = cell("weight"); !weight.is_null() && !(weight.is_string() && weight.get<std::string>().empty())) {
            const auto number = weight.is_number() ? std::optional(weight.get<double>()) : weight.is_string() ? parse_number(weight.get<std::string>()) : std::nullopt;
            if (!number || !(std::abs(*number) <= 1000)) throw Error(ErrorCode::invalid_value, "A model's weight is no number from -1000 to 1000.", where + ", weight: " + brief(weight), "Give a number, or leave the cell empty: 1.");
            one.weight = *number;
        }
        if (one.name.empty() && one.path.empty()) throw Error(ErrorCode::invalid_value, "A row of the table of models names no model and no file.", where, "Give a name of the set, or a path.");
        if (one.name.empty()) one.name = std::filesystem::path(one.path).stem().string();
        out.push_back(std::move(one));
    }
    return out;
}

void apply_table(const std::vector<TableRow>& rows, const std::filesystem::path& folder, NamedSources& sources) {
    for (const TableRow& row : rows) {
        const std::filesystem::path path = below(folder, row.path);
        if (row.name == "base") {
            if (!path.empty()) sources.base = path;
            if (!row.use) sources.base.clear();
            continue;
        }
        const auto found = std::find_if(sources.models.begin(), sources.models.end(), [&](const ModelSource& model) { return model.name == row.name; });
        if (!row.use) {
            if (found != sources.models.end()) sources.models.erase(found);
            continue;
        }
        if (found == sources.models.end() && path.empty()) {
            std::string known;
            for (const ModelSource& model : sources.models) known += (known.empty() ? "" : ", ") + model.name;
            throw Error(ErrorCode::unknown_name, "The set has no model of this name, and the row names no file.", "parameter models: " + row.name, known.empty() ? "Give a path." : "The set has " + known + ".");
        }
        ModelSource& model = found == sources.models.end() ? sources.models.emplace_back() : *found;
        model.name = row.name;
        if (!path.empty()) model.path = path;
        if (!row.data.empty()) model.data = row.data;
        if (row.weight) model.weight = *row.weight;
    }
}

std::shared_ptr<const ModelSet> open_named(const NamedSources& named, const std::function<void()>& tick) {
    ModelSetBuilder builder;
    ModelSet& set = builder.set();
    const auto open = [&](ModelSource source) {
        const auto known = known_file(source.path, tick);
        source.file = known->file;
        source.config = known->config;
        source.version = known->version;
        if (source.classes.empty()) source.classes = known->config.classes_names;
        builder.knows(known);
        return source;
    };
    for (const ModelSource& model : named.models) set.models.push_back(open(model));
    if (!named.base.empty()) {
        ModelSource base;
        base.name = "base";
        base.path = named.base;
        set.base = open(std::move(base));
    }
    set.gate = named.gate;
    return builder.build();
}

/// All that decides what a set is, so that live runs find the one that is open.
std::string set_signature(const NamedSources& named) {
    Json out = Json::array();
    for (const ModelSource& model : named.models) out.push_back(Json::array({model.name, model.path.string(), file_version(model.path), model.data, model.weight, model.classes}));
    out.push_back(Json::array({named.base.string(), file_version(named.base), named.gate.string()}));
    return json_text(out);
}

std::shared_ptr<const ModelSet> kept_set(const NamedSources& named, const std::function<void()>& tick) {
    static std::vector<std::pair<std::string, std::shared_ptr<const ModelSet>>> kept;   // most recently used last
    const std::string signature = set_signature(named);
    const auto found = std::find_if(kept.begin(), kept.end(), [&](const auto& one) { return one.first == signature; });
    if (found != kept.end()) {
        std::rotate(found, found + 1, kept.end());
        return kept.back().second;
    }
    kept.emplace_back(signature, open_named(named, tick));
    if (kept.size() > kSetsKept) kept.erase(kept.begin());
    return kept.back().second;
}

}

InputSlot set_slot() { return {"set", "data", "Models", "A set.json, or a folder that holds one or only checkpoints (base.* is the base, gate.* the gate); empty: the shipped tasks.", false}; }

std::vector<Parameter> set_parameters() {
    return {Parameter::table("models", {"name", "path", "data", "weight", "use"}).with_label("Models").with_group("Models").is_live()
                .with_help("In place of what the set says of the model of this name; with a path, one more model. Weight: for methods that take one. Use false: left out. The name base is the shared base.")};
}

std::shared_ptr<const ModelSet> open_model_set(RunContext& run) {
    NamedSources sources;
    const Json& params = run.params();
    const auto rows = params.contains("models") ? table_rows(params.at("models")) : std::vector<TableRow>();
    std::filesystem::path folder;
    const bool has_paths = std::any_of(rows.begin(), rows.end(), [](const TableRow& row) { return !row.path.empty() && row.name != "base"; });
    const InputAsset* input = run.input("set");
    const std::filesystem::path from = input ? std::filesystem::path(input->path) : has_paths ? std::filesystem::path() : resource("models/vit-merge/tasks.json");
    if (!from.empty()) {
        if (!std::filesystem::exists(from)) throw Error(ErrorCode::not_found, "There are no models to merge.", from.string(), "Give a set.json or a folder of checkpoints, or paths in the table of models.");
        const bool is_folder = std::filesystem::is_directory(from);
        folder = is_folder ? from : from.parent_path();
        sources = is_folder ? read_set_folder(from) : read_set_file(from);
    }
    apply_table(rows, folder, sources);
    return kept_set(sources, [&run] { run.check_cancelled(); });
}

std::shared_ptr<const ModelSet> open_model_set(const std::vector<ModelSource>& sources, const std::filesystem::path& base, const std::filesystem::path& gate) { return kept_set({sources, base, gate}, {}); }

Json set_json(const ModelSet& set, const std::filesystem::path& folder) {
    const auto relative = [&](const std::filesystem::path& path) {
        const std::filesystem::path out = path.lexically_proximate(folder);
        return (!out.empty() && *out.begin() == ".." ? path : out).generic_string();
    };
    Json models = Json::array();
    for (const ModelSource& model : set.models) {
        Json one{{"name", model.name}, {"file", relative(model.path)}, {"weight", model.weight}};
        if (!model.data.empty()) one["data"] = model.data;
        if (!model.classes.empty()) one["classes"] = model.classes;
        models.push_back(std::move(one));
    }
    Json out{{"lathe", kSetMark}, {"version", 1}, {"models", std::move(models)}};
    if (set.base) out["base"] = relative(set.base->path);
    if (!set.gate.empty()) out["gate"] = relative(set.gate);
    return out;
}

}
