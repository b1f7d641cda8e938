#include "core/nn/model_family.h"
#include "core/base/error.h"
#include <ATen/ATen.h>

namespace lathe {

void load_below(Network& network, const TensorIndex& file, const std::string& prefix) {
    std::vector<std::string> available;
    for (const TensorEntry& entry : file.entries())
        if (entry.name.starts_with(prefix) && !entry.name.ends_with("num_batches_tracked") && !entry.name.starts_with("optimizer")) available.push_back(entry.name.substr(prefix.size()));
    try {
        network.load([&](const std::string& key) { return file.find(prefix + key) ? file.get(prefix + key) : at::Tensor(); }, available, true);
    } catch (const Error& error) {
        throw Error(error.code(), error.summary(), file.path().string() + ": " + error.where(), error.hint());
    }
    network.prepare_inference();
}

}
