#include "core/engine/verify.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/time.h"
#include "core/engine/registry.h"
#include "core/engine/verify_measures.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>
#include <cstdlib>
#include <set>

namespace lathe {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxJsonFile = 256u << 20;
constexpr std::size_t kMaxConfig = 16u << 20;

bool is_weight(std::string_view key) { return !key.starts_with("in.") && !key.starts_with("mid.") && !key.starts_with("out."); }

/// Another reference file as a case may see it: its weights, not its inputs and results.
class WeightsOnly : public TensorIndex {
public:
    explicit WeightsOnly(std::shared_ptr<TensorIndex> file) : m_file(std::move(file)) {
        m_path = m_file->path();
        m_format = m_file->format();
        m_metadata = m_file->metadata();
        m_others = m_file->others();
        for (const TensorEntry& entry : m_file->entries())
            if (is_weight(entry.name)) m_entries.push_back(entry);
        index_entries();
    }
    at::Tensor get(std::string_view name) const override { return m_file->get(m_entries[index_of(name)].name); }
private:
    std::shared_ptr<TensorIndex> m_file;
};

/// One reference file, read and taken apart.
struct Reference {
    VerifyInputs inputs;
    TensorMap expected;
    std::string case_id;
};

std::vector<fs::path> search_folders(const fs::path& beside, const std::vector<fs::path>& data_folders) {
    std::vector<fs::path> folders{beside};
    folders.insert(folders.end(), data_folders.begin(), data_folders.end());
    if (const char* data = std::getenv("LATHE_DATA"); data && *data) folders.emplace_back(data);
    return folders;
}

fs::path locate(const std::string& name, const std::vector<fs::path>& folders) {
    const fs::path relative(name);
    if (name.empty() || relative.is_absolute() || std::find(relative.begin(), relative.end(), fs::path("..")) != relative.end())
        throw Error(ErrorCode::invalid_value, "A reference file may only name files below its own folder or a data folder.", name, "Write a relative path without \"..\".");
    std::string looked;
    for (const fs::path& folder : folders) {
        for (const char* extension : {"", ".safetensors"}) {
            std::error_code error;
            if (const fs::path path = folder / (name + extension); fs::exists(path, error)) return path;
        }
        looked += (looked.empty() ? "" : ", ") + folder.string();
    }
    throw Error(ErrorCode::not_found, "A file that the reference file names was not found.", name + " (looked in " + looked + ")", "Give its folder with --data or in LATHE_DATA.");
}

/// Every text under a key "weights", at any depth.
void collect_weights(const Json& config, std::set<std::string>& names) {
    if (config.is_array())
        for (const Json& item : config) collect_weights(item, names);
    if (!config.is_object()) return;
    for (const auto& [key, value] : config.items()) {
        if (key == "weights" && value.is_string()) names.insert(value.get<std::string>());
        else collect_weights(value, names);
    }
}

bool looks_like_json(const fs::path& file) {
    const MappedFile map(file);
    for (std::byte b : map.bytes().first(std::min<std::size_t>(map.bytes().size(), 64))) {
        const char c = static_cast<char>(b);
        if (c == '{') return true;
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return false;
    }
    return false;
}

const VerifyCase& case_named(const Registry& registry, const std::string& id, const fs::path& file) {
    if (const VerifyCase* found = registry.find_case(id)) return *found;
    throw Error(ErrorCode::unknown_name, "This engine does not know the case \"" + id + "\".", file.string(), "Its plugin may be missing: see lathe-cli plugins.");
}

Reference read_json(const Registry& registry, const fs::path& file) {
    const Json json = parse_json(read_file(file, kMaxJsonFile), file.string(), {32, 100'000'000, kMaxJsonFile});
    Reference reference;
    reference.case_id = string_member(json, "case", file.string());
    const VerifyCase& known = case_named(registry, reference.case_id, file);
    if (!known.split_json) throw Error(ErrorCode::wrong_format, "The case \"" + known.id + "\" is described by safetensors files, not by JSON.", file.string());
    VerifyJson split = known.split_json(json);
    reference.inputs.config = std::move(split.config);
    reference.expected = std::move(split.expected);
    return reference;
}

Reference read_tensors(const Registry& registry, const fs::path& file, VerifyReport& report) {
    const auto index = open_tensors(file);
    const auto found = index->metadata().find("config");
    if (found == index->metadata().end())
        throw Error(ErrorCode::wrong_format, "The file has no metadata \"config\", so it is not a reference file.", file.string(), "Reference files name their case there: see Help > Reference files.");
    Reference reference;
    reference.inputs.config = parse_json(found->second, file.string() + ", metadata config", {32, 1'000'000, kMaxConfig});
    if (!reference.inputs.config.is_object()) throw Error(ErrorCode::wrong_format, "The metadata \"config\" is not an object.", file.string());
    report.case_id = reference.case_id = string_member(reference.inputs.config, "case", file.string() + ", metadata config");
    const VerifyCase& known = case_named(registry, reference.case_id, file);
    for (const TensorEntry& entry : index->entries()) {
        const bool middle = entry.name.starts_with("mid.") && !(known.mid_is_input && known.mid_is_input(entry.name));
        const bool expected = middle || entry.name.starts_with("out.");
        (expected ? reference.expected : reference.inputs.tensors).emplace(entry.name, index->get(entry.name));
    }
    return reference;
}

const Tolerance* tolerance_for(const VerifyCase& known, std::string_view key) {
    for (const Tolerance& tolerance : known.tolerances)
        if (matches(tolerance.pattern, key)) return &tolerance;
    return nullptr;
}

VerifyOutput compare(const VerifyCase& known, const std::string& key, const at::Tensor& expected, const TensorMap& results) {
    VerifyOutput out;
    out.key = key;
    out.error = HUGE_VAL;
    const Tolerance* tolerance = tolerance_for(known, key);
    if (!tolerance) {
        out.note = "the case declares no tolerance for this key";
        return out;
    }
    out.measure = tolerance->measure;
    out.tolerance = tolerance->measure == "image_u8" && tolerance->value == 0 ? 0.001 : tolerance->value;
    const auto found = results.find(key);
    if (found == results.end() || !found->second.defined()) {
        out.note = "missing: the case does not compute it";
        return out;
    }
    const Measured measured = measure(out.measure, found->second, expected);
    out.error = measured.error;
    out.note = measured.note;
    out.ok = measured.note.empty() && measured.error <= out.tolerance;
    return out;
}

void verify_into(VerifyReport& report, const Registry& registry, const fs::path& file, const std::vector<fs::path>& data_folders, RunContext& run) {
    Reference reference = looks_like_json(file) ? read_json(registry, file) : read_tensors(registry, file, report);
    report.case_id = reference.case_id;
    const VerifyCase& known = case_named(registry, reference.case_id, file);
    if (reference.expected.empty()) throw Error(ErrorCode::wrong_format, "The file expects nothing: it has no out.* tensors.", file.string());

    reference.inputs.folder = file.parent_path();
    const std::vector<fs::path> folders = search_folders(file.parent_path(), data_folders);
    reference.inputs.locate = [folders](const std::string& name) { return locate(name, folders); };
    std::set<std::string> weights;
    collect_weights(reference.inputs.config, weights);
    for (const std::string& name : weights) reference.inputs.files.emplace(name, std::make_shared<WeightsOnly>(open_tensors(locate(name, folders))));

    run.check_cancelled();
    const TensorMap results = known.run(reference.inputs, run);
    report.ok = true;
    for (const auto& [key, expected] : reference.expected) {
        report.outputs.push_back(compare(known, key, expected, results));
        report.ok = report.ok && report.outputs.back().ok;
    }
}

}

VerifyReport verify_file(const Registry& registry, const fs::path& file, const std::vector<fs::path>& data_folders, RunContext& run) {
    VerifyReport report;
    report.file = file.string();
    const double started = monotonic_seconds();
    try {
        verify_into(report, registry, file, data_folders, run);
    } catch (const Cancelled&) {
        throw;
    } catch (...) {
        report.ok = false;
        report.error = current_error("verifying " + file.string()).what();
    }
    report.seconds = monotonic_seconds() - started;
    return report;
}

const at::Tensor& VerifyInputs::needed(const std::string& key) const {
    const auto found = tensors.find(key);
    if (found == tensors.end()) throw Error(ErrorCode::wrong_format, "The reference file lacks a tensor.", key);
    return found->second;
}

Json to_json(const VerifyReport& report) {
    Json outputs = Json::array();
    for (const VerifyOutput& out : report.outputs) {
        Json row{{"key", out.key}, {"measure", out.measure}, {"error", number_json(out.error)}, {"tol", number_json(out.tolerance)}, {"ok", out.ok}};
        if (!out.note.empty()) row["note"] = out.note;
        outputs.push_back(std::move(row));
    }
    Json json{{"file", report.file}, {"case", report.case_id}, {"ok", report.ok}, {"seconds", report.seconds}, {"outputs", std::move(outputs)}};
    if (!report.error.empty()) json["error"] = report.error;
    return json;
}

}
