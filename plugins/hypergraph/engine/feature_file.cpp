// Features or embeddings of nodes from a file of their own.
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/nn/tensor_index.h"
#include "plugins/hypergraph/engine/readers.h"
#include <ATen/ATen.h>

namespace lathe::hypergraph {

Features read_features(const std::filesystem::path& path, std::int64_t rows, const Tick& tick) {
    const auto check = [&](std::int64_t given) {
        if (given != rows) throw Error(ErrorCode::wrong_format, "The features do not fit the nodes.", path.string() + ", " + std::to_string(given) + " rows for " + std::to_string(rows) + " nodes", "Give one row for each node, in the order of the graph.");
    };
    if (first_bytes(path, 14) == "%%MatrixMarket") {
        ReadOptions options;
        options.tick = tick;
        Reading reading(options);
        reading.where = path.string();
        ByteStream stream(path);
        read_feature_matrix(stream, reading);
        check(reading.raw.nodes.size());
        return finish(reading).features;
    }
    const auto file = open_tensors(path);
    const TensorEntry* chosen = file->entries().size() == 1 ? &file->entries().front() : nullptr;
    for (const char* name : {"emb", "embedding", "features", "x", "value"})
        if (const TensorEntry* entry = file->find(name); entry && !chosen) chosen = entry;
    if (!chosen) throw Error(ErrorCode::wrong_format, "It is not clear which array holds the features.", path.string() + ", " + std::to_string(file->entries().size()) + " arrays", "Name it \"emb\", \"features\" or \"x\", or keep only one.");
    const at::Tensor given = file->get(chosen->name);
    if (given.dim() != 2 || given.is_complex()) throw Error(ErrorCode::wrong_format, "Features must have two dimensions.", path.string() + ", array " + valid_text(chosen->name, 80), "Give the shape [nodes, columns].");
    check(given.size(0));
    if (tick) tick(0.5, 1);
    const at::Tensor dense = given.to(at::kFloat).contiguous();
    return features_from(std::vector<float>(dense.const_data_ptr<float>(), dense.const_data_ptr<float>() + dense.numel()), dense.size(0), dense.size(1), path.string() + ", array " + valid_text(chosen->name, 80));
}

}
