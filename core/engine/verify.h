#pragma once
// Reference files (design.md section 7): a case recomputes every out.* (and mid.*) of a file from its inputs; the harness alone sees the expected
// values and compares. A case never receives out.*, and only those mid.* it declares as inputs.
#include "core/base/json.h"
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace at { class Tensor; }

namespace lathe {

class RunContext;
class TensorIndex;
using TensorMap = std::map<std::string, at::Tensor>;

/// First pattern that matches the key decides ('*' matches any text). Measures of result r against expected e:
///   rel_l2 = |r - e| / |e| over the tensor · max_abs = max |r - e| · max_rel = max |r - e| / (1 + |e|) · row_rel = max |r - e| / the row's largest |e| · exact: every value equal ·
///   max_rel_finite: max_rel where e is finite, and r finite everywhere · image_u8: the share of pixels that differ, by one level at most (value 0: at most 0.001) ·
///   rows_flipped: the share of rows that differ by more than 0.02, as where a quantised value sat on a rounding boundary; none by more than a twentieth of its largest value, or in the place of its largest value.
/// NaN and infinities must stand at the same places; the others are measured.
struct Tolerance { std::string pattern, measure; double value = 0; };

struct VerifyInputs {
    TensorMap tensors;                                         ///< weights under their checkpoint keys and in.*; mid.* only where declared
    Json config;                                               ///< metadata "config"; of a JSON file what `split_json` leaves
    std::map<std::string, std::shared_ptr<TensorIndex>> files; ///< every file that a "weights" member of the config names, under that name; weights only
    std::filesystem::path folder;                              ///< of the reference file
    /// A file or folder that the config names: beside the reference file, then in the data folders, then in LATHE_DATA. Throws Error(not_found,
    /// invalid_value for an absolute path or one with "..").
    std::function<std::filesystem::path(const std::string& name)> locate;
    /// The tensor of this key. Throws Error(wrong_format) where the file lacks it.
    const at::Tensor& needed(const std::string& key) const;
};

/// A JSON reference file taken apart: what the case may see, and what is expected of it.
struct VerifyJson { Json config; TensorMap expected; };

struct VerifyCase {
    std::string id;                                            ///< "delta_cache/dit.forward"
    std::vector<Tolerance> tolerances;
    std::function<TensorMap(const VerifyInputs&, RunContext&)> run;
    std::function<bool(std::string_view)> mid_is_input;        ///< empty: none is
    std::function<VerifyJson(const Json& file)> split_json;    ///< empty: the case has no JSON files
    std::string plugin;                                        ///< filled in by the engine
};

struct VerifyOutput { std::string key, measure; double error = 0, tolerance = 0; bool ok = false; std::string note; };
struct VerifyReport { std::string file, case_id, error; bool ok = false; double seconds = 0; std::vector<VerifyOutput> outputs; };
Json to_json(const VerifyReport& report);

class Registry;
/// Never throws for a bad file (only Cancelled): the report says what is wrong. An expected out.* or mid.* that the case does not return fails.
VerifyReport verify_file(const Registry& registry, const std::filesystem::path& file, const std::vector<std::filesystem::path>& data_folders, RunContext& run);

}
