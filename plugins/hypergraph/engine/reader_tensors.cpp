// Graphs in tensor files: the record of the Hybrid Graph Benchmark (safetensors, npz, dicts from PyTorch) and the CSR arrays of gnn-benchmark (Shchur et al. 2018).
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/nn/tensor_index.h"
#include "plugins/hypergraph/engine/readers.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

namespace lathe::hypergraph {
namespace {

constexpr const char* kConverter = "Convert it in Python: d = torch.load(FILE, weights_only=False); d = d[0] if isinstance(d, tuple) else d; "
                                   "safetensors.torch.save_file({k: v.contiguous() for k, v in d.to_dict().items() if torch.is_tensor(v)}, \"graph.safetensors\")";

/// The arrays of one or more files, found by the last part of their names ("x", "in.x", "data.x").
class Arrays {
public:
    explicit Arrays(const std::vector<std::filesystem::path>& files) {
        for (const auto& file : files) {
            m_files.push_back(open_tensors(file));
            m_where = file.string();
        }
    }
    bool has(std::string_view name) const { return find(name).first != nullptr; }
    std::string where(std::string_view name) const {
        const auto [file, entry] = find(name);
        return file ? file->path().string() + ", array " + valid_text(entry->name, 80) : m_where;
    }
    at::Tensor get(std::string_view name) const {   // undefined: none
        const auto [file, entry] = find(name);
        return file ? file->get(entry->name) : at::Tensor();
    }
    std::optional<std::vector<std::string>> texts(std::string_view name) const {
        for (const auto& file : m_files)
            if (auto found = file->texts(name)) return found;
        return std::nullopt;
    }
    const std::string& path() const { return m_where; }
    std::string names() const {
        std::string text;
        for (const auto& file : m_files)
            for (const TensorEntry& entry : file->entries())
                if (text.size() < 300) text += (text.empty() ? "" : ", ") + valid_text(entry.name, 60);
        return text.empty() ? "no arrays" : text;
    }
    bool are_objects(std::string_view name) const {
        return std::ranges::any_of(m_files, [&](const auto& file) { return file->others().is_object() && file->others().contains(std::string(name)); });
    }
    const std::string& format() const { return m_files.front()->format(); }
    std::int64_t elements(std::string_view name) const {   // as the header says; 0: none
        std::int64_t count = 1;
        const auto [file, entry] = find(name);
        for (const std::int64_t size : entry ? entry->shape : std::vector<std::int64_t>{0}) count *= size;
        return count;
    }

private:
    std::pair<const TensorIndex*, const TensorEntry*> find(std::string_view name) const {
        for (const auto& file : m_files) {
            if (const TensorEntry* entry = file->find(name)) return {file.get(), entry};
            const std::string end = "." + std::string(name);
            for (const TensorEntry& entry : file->entries())
                if (entry.name.ends_with(end)) return {file.get(), &entry};
        }
        return {};
    }
    std::vector<std::shared_ptr<TensorIndex>> m_files;
    std::string m_where;
};

class TensorReader {
public:
    TensorReader(const std::vector<std::filesystem::path>& files, Reading& reading) : m_arrays(files), m_reading(reading), m_raw(reading.raw) {}

    void operator()() {
        const bool csr = m_arrays.has("adj_indptr"), record = m_arrays.has("edge_index") || m_arrays.has("hyperedge_index") || m_arrays.has("edges") || m_arrays.has("hyperedges");
        if (!csr && !record) {
            const bool pytorch = m_arrays.format() == "pytorch";
            for (const char* name : {"adj_indptr", "edges", "hyperedges"})
                if (m_arrays.are_objects(name)) throw Error(ErrorCode::unsupported, "The arrays of this file are pickled Python objects.", m_arrays.path() + ", array " + name, "Save them again as numbers: numpy.asarray(a, dtype=numpy.int64).");
            throw Error(pytorch ? ErrorCode::unsupported : ErrorCode::wrong_format, pytorch ? "This PyTorch file is no plain dict of a graph's tensors." : "The file holds no graph.",
                m_arrays.path() + ": " + m_arrays.names(), pytorch ? kConverter : "A graph has edge_index or hyperedge_index, or adj_indptr and adj_indices.");
        }
        require_room();
        csr ? csr_edges() : record_edges();
        hyperedges();
        features();
        labels();
        count_nodes();
        names();
        masks();
    }

private:
    [[noreturn]] void refuse(std::string_view name, const std::string& what, const std::string& value) const {
        throw Error(ErrorCode::wrong_format, what, m_arrays.where(name) + (value.empty() ? "" : ": " + value), "Write the file again.");
    }
    std::string shape(const at::Tensor& tensor) const {
        std::string text = "shape [";
        for (std::int64_t k = 0; k < tensor.dim(); ++k) text += (k ? ", " : "") + std::to_string(tensor.size(k));
        return text + "]";
    }
    /// What the headers announce is asked for before anything of it is read.
    void require_room() const {
        static constexpr std::pair<const char*, std::int64_t> kStructure[] = {{"edge_index", kEdgeBytes / 2}, {"edges", kEdgeBytes / 2}, {"adj_indices", kEdgeBytes}, {"hyperedge_index", kMembershipBytes / 2}, {"hyperedges", kMembershipBytes / 2}};
        static constexpr std::pair<const char*, std::int64_t> kRows[] = {{"x", kDenseBytes}, {"features", kDenseBytes}, {"raw_features", kDenseBytes}, {"attr_indices", kFeatureBytes}};
        double need = 0;
        for (const auto& [name, bytes] : kStructure) need += static_cast<double>(m_arrays.elements(name) * bytes);
        double rows = 0;   // one of them is read
        for (const auto& [name, bytes] : kRows) rows = std::max(rows, static_cast<double>(m_arrays.elements(name) * bytes));
        if (m_reading.options.features == "file" || m_reading.options.features == "raw") need += rows;
        check_memory(need, m_arrays.path(), m_reading.options.most_bytes);
    }
    void tick() const {
        if (m_reading.options.tick) m_reading.options.tick(0.5, 1);
    }

    at::Tensor integers(std::string_view name) const {
        const at::Tensor given = m_arrays.get(name);
        if (!given.defined()) throw Error(ErrorCode::wrong_format, "An array is missing.", m_arrays.path() + ", array " + std::string(name), "Write the file again.");
        if (given.is_floating_point() || given.is_complex()) refuse(name, "The ids are no whole numbers.", std::string(dtype_name(given.scalar_type())));
        return given.to(at::kLong).contiguous();
    }

    /// Numbers from 0 to limit - 1 (limit -1: any that fit into 31 bits).
    std::vector<std::int32_t> ids(std::string_view name, const at::Tensor& row, std::int64_t limit) const {
        const at::Tensor flat = row.contiguous();
        const std::int64_t* from = flat.const_data_ptr<std::int64_t>();
        const std::int64_t most = limit < 0 ? std::numeric_limits<std::int32_t>::max() : limit;
        std::vector<std::int32_t> made(static_cast<std::size_t>(flat.numel()));
        for (std::size_t k = 0; k < made.size(); ++k) {
            if (from[k] < 0 || from[k] >= most) refuse(name, "An id lies outside of 0 to " + std::to_string(most - 1) + ".", "place " + std::to_string(k) + ": " + std::to_string(from[k]));
            made[k] = static_cast<std::int32_t>(from[k]);
        }
        return made;
    }

    /// [2, n]; [n, 2] is turned.
    at::Tensor pairs(std::string_view name) const {
        const at::Tensor given = integers(name);
        if (given.dim() != 2 || (given.size(0) != 2 && given.size(1) != 2)) {
            if (given.numel() == 0) return at::zeros({2, 0}, at::kLong);
            refuse(name, "The ids of pairs must have the shape [2, n] or [n, 2].", shape(given));
        }
        return given.size(0) == 2 ? given : given.t().contiguous();
    }

    void edge_weights(std::string_view name) {
        const at::Tensor given = m_arrays.get(name);
        if (!given.defined() || given.dim() == 0) return;
        const at::Tensor weights = given.to(at::kFloat).reshape(-1).contiguous();
        if (given.dim() > 1 && weights.numel() != given.size(0)) return;   // features of edges, not weights
        if (weights.numel() != static_cast<std::int64_t>(m_raw.source.size())) refuse(name, "There is not one weight for each edge.", std::to_string(weights.numel()) + " weights, " + std::to_string(m_raw.source.size()) + " edges");
        if (!at::isfinite(weights).all().item<bool>()) refuse(name, "A weight is not finite.", {});
        if ((weights == 1).all().item<bool>()) return;
        m_raw.edge_weights.assign(weights.const_data_ptr<float>(), weights.const_data_ptr<float>() + weights.numel());
    }

    void record_edges() {
        m_reading.rules.edges_are_columns = true;
        const char* name = m_arrays.has("edge_index") ? "edge_index" : "edges";
        if (!m_arrays.has(name)) return;
        const at::Tensor given = pairs(name);
        m_raw.source = ids(name, given[0], -1);
        m_raw.target = ids(name, given[1], -1);
        for (const auto* row : {&m_raw.source, &m_raw.target})
            for (const std::int32_t id : *row) m_nodes = std::max<std::int64_t>(m_nodes, std::int64_t{id} + 1);
        for (const char* weights : {"edge_weight", "edge_attr"})
            if (m_raw.edge_weights.empty()) edge_weights(weights);
        tick();
    }

    /// Row and column of each entry of NAME_indptr and NAME_indices.
    void csr_entries(const std::string& name, std::vector<std::int32_t>& rows, std::vector<std::int32_t>& columns, std::int64_t& row_count, std::int64_t& column_count) const {
        const at::Tensor offsets = integers(name + "_indptr").reshape(-1), indices = integers(name + "_indices").reshape(-1), sizes = integers(name + "_shape").reshape(-1);
        if (sizes.numel() != 2) refuse(name + "_shape", "A shape of two numbers is expected.", shape(sizes));
        row_count = sizes[0].item<std::int64_t>();
        column_count = sizes[1].item<std::int64_t>();
        if (row_count < 0 || row_count != offsets.numel() - 1) refuse(name + "_indptr", "There is not one row for each of " + std::to_string(row_count) + " nodes.", std::to_string(offsets.numel()) + " offsets");
        columns = ids(name + "_indices", indices, column_count);
        const std::int64_t* at = offsets.const_data_ptr<std::int64_t>();
        rows.reserve(columns.size());
        for (std::int64_t row = 0; row < row_count; ++row) {
            if (at[row] != static_cast<std::int64_t>(rows.size()) || at[row + 1] < at[row] || at[row + 1] > indices.numel()) refuse(name + "_indptr", "The offsets do not rise from 0 to the number of entries.", "row " + std::to_string(row));
            rows.resize(static_cast<std::size_t>(at[row + 1]), static_cast<std::int32_t>(row));
        }
        if (rows.size() != columns.size()) refuse(name + "_indptr", "The offsets do not rise from 0 to the number of entries.", "the last is " + std::to_string(rows.size()) + " of " + std::to_string(columns.size()));
    }

    void csr_edges() {
        std::int64_t columns = 0;
        csr_entries("adj", m_raw.source, m_raw.target, m_nodes, columns);
        if (m_nodes != columns) refuse("adj_shape", "An adjacency matrix must be square.", std::to_string(m_nodes) + " x " + std::to_string(columns));
        edge_weights("adj_data");
        m_reading.rules.remove_duplicates = true;   // as gnn-benchmark symmetrises: A + A^T where it is not 0
    }

    void hyperedges() {
        const char* name = m_arrays.has("hyperedge_index") ? "hyperedge_index" : "hyperedges";
        std::int64_t count = 0;
        if (const at::Tensor declared = m_arrays.get("num_hyperedges"); declared.defined() && declared.numel() == 1) {
            count = declared.to(at::kLong).reshape(-1)[0].item<std::int64_t>();
            if (count < 0 || count > std::numeric_limits<std::int32_t>::max()) refuse("num_hyperedges", "The number of hyperedges is not between 0 and 2^31 - 1.", std::to_string(count));
        }
        if (m_arrays.has(name)) {
            const at::Tensor given = pairs(name);
            m_raw.member = ids(name, given[0], -1);
            m_raw.member_of = ids(name, given[1], -1);
            for (const std::int32_t id : m_raw.member) m_nodes = std::max<std::int64_t>(m_nodes, std::int64_t{id} + 1);
            for (const std::int32_t id : m_raw.member_of) count = std::max<std::int64_t>(count, std::int64_t{id} + 1);
        }
        m_reading.declare(m_raw.hyperedges, count, ByteStream(m_arrays.path()));
        if (const at::Tensor given = m_arrays.get("hyperedge_weight"); given.defined()) {
            const at::Tensor weights = given.to(at::kFloat).reshape(-1).contiguous();
            if (weights.numel() != count) refuse("hyperedge_weight", "There is not one weight for each hyperedge.", std::to_string(weights.numel()) + " weights, " + std::to_string(count) + " hyperedges");
            if (!at::isfinite(weights).all().item<bool>()) refuse("hyperedge_weight", "A weight is not finite.", {});
            m_raw.hyperedge_weights.assign(weights.const_data_ptr<float>(), weights.const_data_ptr<float>() + count);
        }
        tick();
    }

    void features() {
        const std::string& wanted = m_reading.options.features;
        if (wanted == "none" || wanted == "other") return;
        std::string name;
        for (const char* candidate : {"x", "features", "raw_features"})
            if (name.empty() && m_arrays.has(candidate)) name = candidate;
        if (wanted == "raw" && m_arrays.has("raw_features")) name = "raw_features";
        if (name.empty() && m_arrays.has("attr_indptr")) {
            std::int64_t rows = 0;
            csr_entries("attr", m_raw.feature_node, m_raw.feature_column, rows, m_raw.feature_columns);
            m_feature_rows = rows;
            if (const at::Tensor values = m_arrays.get("attr_data"); values.defined() && !(values == 1).all().item<bool>()) {
                const at::Tensor floats = values.to(at::kFloat).reshape(-1).contiguous();
                if (floats.numel() != static_cast<std::int64_t>(m_raw.feature_node.size())) refuse("attr_data", "There is not one value for each entry.", shape(values));
                if (!at::isfinite(floats).all().item<bool>()) refuse("attr_data", "A feature is not finite.", {});
                m_raw.feature_values.assign(floats.const_data_ptr<float>(), floats.const_data_ptr<float>() + floats.numel());
            }
            return;
        }
        if (name.empty()) return;
        const at::Tensor given = m_arrays.get(name);
        if (given.dim() != 2 || given.is_complex()) refuse(name, "Features must have the shape [nodes, columns].", shape(given));
        const at::Tensor dense = given.to(at::kFloat).contiguous();
        m_reading.features = features_from(std::vector<float>(dense.const_data_ptr<float>(), dense.const_data_ptr<float>() + dense.numel()), dense.size(0), dense.size(1), m_arrays.where(name));
        m_feature_rows = dense.size(0);
        m_reading.report.rows.push_back({"array of features", name, m_arrays.has("features") && m_arrays.has("raw_features") ? "the other one by the parameter \"Features\"" : "kept"});
        tick();
    }

    void labels() {
        std::string name;
        for (const char* candidate : {"y", "target", "labels"}) {
            if (name.empty() && m_arrays.has(candidate)) name = candidate;
            if (name.empty())
                if (const auto texts = m_arrays.texts(candidate)) return text_labels(candidate, *texts);
        }
        if (name.empty()) return;
        at::Tensor given = m_arrays.get(name);
        if (given.dim() == 2 && given.size(1) == 1) given = given.squeeze(1);
        if (given.dim() != 1 || given.is_complex()) refuse(name, "There must be one label for each node.", shape(given));
        m_label_rows = given.numel();
        if (given.is_floating_point()) {
            const at::Tensor targets = given.to(at::kFloat).contiguous();
            m_reading.targets.assign(targets.const_data_ptr<float>(), targets.const_data_ptr<float>() + targets.numel());
            return;
        }
        const at::Tensor classes = given.to(at::kLong).contiguous();
        std::int64_t largest = -1;
        for (std::int64_t k = 0; k < classes.numel(); ++k) {
            const std::int64_t label = classes.const_data_ptr<std::int64_t>()[k];
            if (label > 65'535) refuse(name, "A class is larger than 65 535.", "node " + std::to_string(k) + ": " + std::to_string(label));
            largest = std::max(largest, label);
            m_reading.labels.push_back(static_cast<std::int32_t>(std::max<std::int64_t>(label, -1)));
        }
        if (const auto names = m_arrays.texts("class_names"); names && static_cast<std::int64_t>(names->size()) > largest) m_reading.classes = *names;
        else for (std::int64_t k = 0; k <= largest; ++k) m_reading.classes.push_back(std::to_string(k));
    }

    /// Classes by alphabet; an empty text is no label.
    void text_labels(const char* name, const std::vector<std::string>& texts) {
        std::map<std::string, std::int32_t> number;
        for (const std::string& text : texts)
            if (!text.empty()) number[text] = 0;
        if (number.size() > 65'536) throw Error(ErrorCode::wrong_format, "The labels have more than 65 536 different values.", m_arrays.path() + ", array " + name, "Choose classes as labels.");
        for (auto& [text, k] : number) {
            k = static_cast<std::int32_t>(m_reading.classes.size());
            m_reading.classes.push_back(text);
        }
        for (const std::string& text : texts) m_reading.labels.push_back(text.empty() ? -1 : number[text]);
        m_label_rows = static_cast<std::int64_t>(texts.size());
    }

    /// gnn-benchmark's names of nodes.
    void names() {
        const auto given = m_arrays.texts("node_names");
        if (!given) return;
        if (static_cast<std::int64_t>(given->size()) != m_nodes) {
            m_reading.warn("The array node_names has " + counted(static_cast<std::int64_t>(given->size())) + " texts for " + counted(m_nodes) + " nodes, and is left out.");
            return;
        }
        for (std::int64_t node = 0; node < m_nodes; ++node) m_raw.node_columns.set("name", static_cast<std::int32_t>(node), (*given)[static_cast<std::size_t>(node)]);
    }

    /// Rows of features or labels count the nodes where they are there; ids must lie below.
    void count_nodes() {
        const std::int64_t rows = m_feature_rows >= 0 ? m_feature_rows : m_label_rows;
        if (rows >= 0 && m_nodes > rows) {
            const bool edges = m_arrays.has("edge_index") || m_arrays.has("edges") || m_arrays.has("adj_indptr");
            refuse(edges ? (m_arrays.has("edge_index") ? "edge_index" : m_arrays.has("edges") ? "edges" : "adj_indptr") : "hyperedge_index", "An id lies outside of the " + std::to_string(rows) + " nodes that have features or labels.",
                "the largest id is " + std::to_string(m_nodes - 1));
        }
        m_nodes = std::max(m_nodes, rows);
        m_reading.declare(m_raw.nodes, m_nodes, ByteStream(m_arrays.path()));
    }

    /// train_mask, val_mask, test_mask: [nodes] or [nodes, splits].
    void masks() {
        std::vector<Split> splits;
        for (const auto& [name, part] : {std::pair<const char*, Part>{"train_mask", Part::train}, {"val_mask", Part::validation}, {"test_mask", Part::test}}) {
            at::Tensor mask = m_arrays.get(name);
            if (!mask.defined()) continue;
            if (mask.dim() == 1) mask = mask.unsqueeze(1);
            if (mask.dim() != 2 || mask.size(0) != m_nodes) refuse(name, "A mask needs one value for each of " + std::to_string(m_nodes) + " nodes.", shape(mask));
            if (mask.size(1) > 1000) refuse(name, "There are more than 1000 splits.", shape(mask));
            mask = mask.to(at::kBool).contiguous();
            const bool* at = mask.const_data_ptr<bool>();
            if (m_raw.splits.size() < static_cast<std::size_t>(mask.size(1))) m_raw.splits.resize(static_cast<std::size_t>(mask.size(1)));
            for (std::int64_t node = 0; node < mask.size(0); ++node)
                for (std::int64_t split = 0; split < mask.size(1); ++split)
                    if (at[node * mask.size(1) + split]) m_raw.splits[static_cast<std::size_t>(split)].second.emplace_back(static_cast<std::int32_t>(node), part);
        }
        for (std::size_t k = 0; k < m_raw.splits.size(); ++k) m_raw.splits[k].first = m_raw.splits.size() == 1 ? "masks" : std::to_string(k + 1);
    }

    Arrays m_arrays;
    Reading& m_reading;
    RawGraph& m_raw;
    std::int64_t m_nodes = 0, m_feature_rows = -1, m_label_rows = -1;
};

}

void read_tensors(const std::vector<std::filesystem::path>& files, Reading& reading) {
    for (const auto& file : files) {
        const std::string start = first_bytes(file, 16);
        if (start.starts_with('\x80') && file.extension() != ".safetensors")   // a bare pickle: Planetoid's ind.*, HyperGCN's
            throw Error(ErrorCode::unsupported, "This is a Python pickle, which may run programs and is not read.", file.string(), "Convert it to npz, safetensors or HIF in Python.");
    }
    TensorReader(files, reading)();
}

std::vector<std::filesystem::path> hgb_files(const std::filesystem::path& folder) {
    namespace fs = std::filesystem;
    std::error_code error;
    std::vector<fs::path> npz;
    for (const auto& entry : fs::directory_iterator(fs::is_directory(folder / "raw") ? folder / "raw" : folder, error))
        if (entry.path().extension() == ".npz") npz.push_back(entry.path());
    std::ranges::sort(npz);
    if (npz.size() == 2 && npz[1].stem() != npz[0].stem().string() + "_preprocessed")
        throw Error(ErrorCode::wrong_format, "The folder holds several data sets.", folder.string() + ": " + npz[0].filename().string() + ", " + npz[1].filename().string(), "Choose one of the files.");
    if (npz.size() > 2) throw Error(ErrorCode::wrong_format, "The folder holds several data sets.", folder.string() + ": " + std::to_string(npz.size()) + " npz files", "Choose one of the files.");
    return npz;
}

}
