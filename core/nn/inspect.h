#pragma once
// What a tensor file holds, as data for `lathe-cli models inspect` and the model inspector.
#include "core/base/json.h"
#include "core/nn/tensor_index.h"
#include <functional>
#include <string>
#include <vector>

namespace lathe {

class ModelFamily;

struct InspectOptions {
    bool health = false;                                                   ///< read every value: NaN and Inf counts, minimum, maximum, mean
    std::function<void(std::size_t done, std::size_t total)> progress;     ///< after each tensor whose values were read; may throw to stop
};

/// {file, format, file_bytes, parameters, tensor_bytes, dtypes{F32: n}, metadata{}, others{}, objects{class: n}, nans?, infs?,
///  tensors[{name, dtype, shape, bytes, nans?, infs?, min?, max?, mean?}], family: {id, title, layout, confidence, config, why} | null, warnings[]}.
/// `parameters` counts the elements of floating tensors; a storage shared by several names counts once for each. Objects are what a PyTorch pickle names
/// beside tensors: they are shown, never run. The family with the highest confidence wins. Throws what reading a tensor throws.
Json inspect(const TensorIndex& file, const std::vector<const ModelFamily*>& families, const InspectOptions& options = {});

}
