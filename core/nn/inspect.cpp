#include "core/nn/inspect.h"
#include "core/nn/model_family.h"
#include <ATen/ATen.h>

namespace lathe {
namespace {

/// Counts the classes named in what a checkpoint holds beside tensors.
void count_objects(const Json& value, Json& counts) {
    if (value.is_object()) {
        if (const auto name = value.find("$class"); name != value.end() && name->is_string()) {
            Json& count = counts[name->get<std::string>()];
            count = count.is_null() ? 1 : count.get<int>() + 1;
        }
    }
    if (value.is_structured()) {
        for (const Json& part : value)
            count_objects(part, counts);
    }
}

Json family_of(const TensorIndex& file, const std::vector<const ModelFamily*>& families) {
    Json best;
    double confidence = 0;
    for (const ModelFamily* family : families) {
        Recognition found = family->recognise(file);
        if (found.confidence > confidence) {
            confidence = found.confidence;
            best = {{"id", family->id()}, {"title", family->title()}, {"layout", found.layout}, {"confidence", found.confidence}, {"config", std::move(found.config)}, {"why", found.why}};
        }
    }
    return best;
}

Json tensor_row(const TensorEntry& entry) {
    return {{"name", entry.name}, {"dtype", dtype_name(entry.dtype)}, {"shape", entry.shape}, {"bytes", entry.bytes}};
}

void add_health(Json& row, const TensorHealth& health) {
    row["nans"] = health.nans;
    row["infs"] = health.infs;
    row["min"] = number_json(health.min);
    row["max"] = number_json(health.max);
    row["mean"] = number_json(health.mean);
}

}

Json inspect(const TensorIndex& file, const std::vector<const ModelFamily*>& families, const InspectOptions& options) {
    std::error_code error;
    const auto file_bytes = std::filesystem::file_size(file.path(), error);
    Json result{{"file", file.path().string()}, {"format", file.format()}, {"file_bytes", error ? Json() : Json(file_bytes)}, {"metadata", file.metadata()}, {"others", file.others()},
                {"objects", Json::object()}, {"dtypes", Json::object()}, {"tensors", Json::array()}, {"warnings", Json::array()}};
    std::int64_t parameters = 0, bytes = 0, nans = 0, infs = 0;
    std::size_t done = 0;
    for (const TensorEntry& entry : file.entries()) {
        Json row = tensor_row(entry);
        bytes += entry.bytes;
        if (at::isFloatingType(entry.dtype))
            parameters += entry.bytes / std::int64_t(c10::elementSize(entry.dtype));
        Json& count = result["dtypes"][std::string(dtype_name(entry.dtype))];
        count = count.is_null() ? 1 : count.get<int>() + 1;
        if (options.health) {
            const TensorHealth health = tensor_health(file.get(entry.name));
            add_health(row, health);
            nans += health.nans;
            infs += health.infs;
            if (health.nans + health.infs > 0)
                result["warnings"].push_back(entry.name + " holds " + std::to_string(health.nans) + " NaN and " + std::to_string(health.infs) + " infinite values");
            if (options.progress)
                options.progress(++done, file.entries().size());
        }
        result["tensors"].push_back(std::move(row));
    }
    result["parameters"] = parameters;
    result["tensor_bytes"] = bytes;
    if (options.health) {
        result["nans"] = nans;
        result["infs"] = infs;
    }
    count_objects(file.others(), result["objects"]);
    for (const auto& [name, count] : result["objects"].items())
        result["warnings"].push_back("the file names " + name + " (" + count.dump() + " times): shown as data, never run");
    if (file.entries().empty())
        result["warnings"].push_back("the file holds no tensors");
    result["family"] = family_of(file, families);
    return result;
}

}
