// Data sets that are folders of text files.
#include "core/base/text.h"
#include "plugins/hypergraph/engine/json_items.h"
#include "plugins/hypergraph/engine/readers.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::hypergraph {
namespace {

namespace fs = std::filesystem;

/// Numbers of one column, one a line.
template <typename Take> void each_line(const fs::path& file, Reading& reading, Take take) {
    ByteStream stream(file);
    LineReader lines(stream);
    std::string_view line;
    while (lines.next(line)) {
        if (line = trimmed(line); line.empty()) continue;
        take(lines, line);
        if (lines.number() % 8192 == 0) reading.look(stream);
    }
}

void need(const fs::path& file, const fs::path& folder, const char* name) {
    if (file.empty()) throw Error(ErrorCode::not_found, "A file of the data set is missing.", (folder / name).string() + " (or .gz)", "Choose the folder that holds all files of the data set.");
}

/// {"name": [training nodes by their ids], …}; the others are for testing.
void split_lists(const fs::path& file, Reading& reading) {
    ByteStream stream(file);
    reading.raw.rest_of_split = Part::test;
    read_json_items(stream, {}, [&](JsonItem& item) {
        const auto refuse = [&](const std::string& what, const Json& value) {
            throw Error(ErrorCode::wrong_format, what, stream.where() + ", line " + std::to_string(item.line) + ", split " + valid_text(item.member, 60) + ": " + brief(value), "A split is a list of training nodes, by their ids.");
        };
        if (!item.value.is_array()) refuse("A split is no list.", item.value);
        auto& split = reading.raw.splits.emplace_back(std::string(item.member), std::vector<std::pair<std::int32_t, Part>>()).second;
        for (const Json& node : item.value) {
            const std::int32_t place = node.is_number_integer() ? reading.raw.nodes.find_number(node.get<std::int64_t>()) : node.is_string() ? reading.raw.nodes.find(node.get_ref<const std::string&>()) : -1;
            if (place < 0) refuse("A split names a node that does not exist.", node);
            split.emplace_back(place, Part::train);
        }
    });
}

/// A matrix of numbers, a row for each node, with commas.
Features dense_rows(const fs::path& file, std::int64_t rows, Reading& reading) {
    ByteStream stream(file);
    FieldReader lines(stream, ',');
    Features made;
    std::vector<std::string_view> fields;
    while (lines.next(fields)) {
        if (made.rows == 0) made.columns = static_cast<std::int64_t>(fields.size());
        if (static_cast<std::int64_t>(fields.size()) != made.columns) lines.refuse("A row of features has " + std::to_string(fields.size()) + " numbers instead of " + std::to_string(made.columns) + ".", fields[0]);
        if (made.rows == rows) lines.refuse("There are more rows of features than the " + std::to_string(rows) + " nodes.");
        for (const std::string_view field : fields) {
            const auto value = real_number(field);
            if (!value || !std::isfinite(*value)) lines.refuse("A feature is no finite number.", field, "Mend it.");
            made.dense.push_back(static_cast<float>(*value));
        }
        if (++made.rows % 1024 == 0) reading.look(stream);
    }
    return made;
}

}

fs::path with_or_without_gz(const fs::path& file) {
    std::error_code error;
    if (fs::is_regular_file(file, error)) return file;
    const fs::path packed = file.string() + ".gz";
    return fs::is_regular_file(packed, error) ? packed : fs::path();
}

void read_hypergcn_folder(const fs::path& folder, Reading& reading) {
    RawGraph& raw = reading.raw;
    const auto file = [&](const char* name) { return with_or_without_gz(folder / name); };
    // Labels and features say how many nodes there are.
    if (const fs::path labels = file("labels.txt"); !labels.empty()) {
        each_line(labels, reading, [&](LineReader&, std::string_view line) { raw.node_columns.set("label", raw.nodes.add_number(raw.nodes.size()), line); });
        raw.class_column = "label";
    }
    if (const fs::path features = file("features.mtx"); !features.empty()) {
        ByteStream stream(features);
        read_feature_matrix(stream, reading);
    }
    const bool known = raw.nodes.size() > 0;
    const fs::path hyperedges = file("hyperedges.tsv");
    need(hyperedges, folder, "hyperedges.tsv");
    std::int64_t largest = -1;
    each_line(hyperedges, reading, [&](LineReader& lines, std::string_view line) {
        const std::size_t tab = line.rfind('\t');
        const std::int32_t hyperedge = raw.hyperedges.add_number(raw.hyperedges.size());
        if (tab != line.npos && tab > 0) raw.hyperedge_columns.set("name", hyperedge, line.substr(0, tab));
        std::string_view rest = tab == line.npos ? line : line.substr(tab + 1);
        while (!rest.empty()) {
            const std::string_view word = rest.substr(0, rest.find(','));
            const auto id = whole_number(trimmed(word));
            if (!id || *id < 0 || *id >= std::numeric_limits<std::int32_t>::max()) lines.refuse("A member is no node id.", word, "Ids are whole numbers from 0, separated by commas.");
            if (known && *id >= raw.nodes.size()) lines.refuse("A hyperedge names node " + std::to_string(*id) + " of " + std::to_string(raw.nodes.size()) + ".", word);
            largest = std::max(largest, *id);
            raw.add_member(static_cast<std::int32_t>(*id), hyperedge);
            rest.remove_prefix(std::min(rest.size(), word.size() + 1));
        }
    });
    if (!known) {
        ByteStream stream(hyperedges);
        reading.declare(raw.nodes, largest + 1, stream);
    }
    if (const fs::path splits = file("splits_train.json"); !splits.empty()) split_lists(splits, reading);
}

void read_ogb_folder(const fs::path& folder, Reading& reading) {
    RawGraph& raw = reading.raw;
    const fs::path raw_folder = fs::is_directory(folder / "raw") ? folder / "raw" : folder;
    const auto file = [&](const char* name) { return with_or_without_gz(raw_folder / name); };
    const fs::path counts = file("num-node-list.csv"), edges = file("edge.csv"), weights = file("edge-weight.csv");
    need(counts, raw_folder, "num-node-list.csv");
    need(edges, raw_folder, "edge.csv");
    each_line(counts, reading, [&](LineReader& lines, std::string_view line) {
        const auto count = whole_number(line);
        if (!count || *count < 0 || *count > std::numeric_limits<std::int32_t>::max()) lines.refuse("The number of nodes is no such number.", line);
        if (raw.nodes.size() > 0) lines.refuse("The folder holds many graphs; one graph is opened at a time.", line);
        ByteStream stream(edges);
        reading.declare(raw.nodes, *count, stream);
    });
    {
        ByteStream stream(edges);
        FieldReader rows(stream, ',');
        std::vector<std::string_view> fields;
        while (rows.next(fields)) {
            if (fields.size() != 2) rows.refuse("Two ids are expected on a line.", fields[0]);
            for (const std::string_view field : fields)
                if (const auto id = whole_number(field); !id || *id < 0 || *id >= raw.nodes.size()) rows.refuse("An edge names a node that does not exist; there are " + std::to_string(raw.nodes.size()) + ".", field);
            raw.add_edge(static_cast<std::int32_t>(*whole_number(fields[0])), static_cast<std::int32_t>(*whole_number(fields[1])));
            if (raw.source.size() % 65'536 == 0) reading.look(stream);
        }
    }
    reading.rules.edges_are_columns = true;
    if (const fs::path features = file("node-feat.csv"); !features.empty()) reading.features = dense_rows(features, raw.nodes.size(), reading);
    if (const fs::path labels = file("node-label.csv"); !labels.empty()) {
        std::int32_t node = 0;
        each_line(labels, reading, [&](LineReader& lines, std::string_view line) {
            if (node >= raw.nodes.size()) lines.refuse("There are more labels than the " + std::to_string(raw.nodes.size()) + " nodes.", line);
            if (line.find(',') != line.npos) lines.refuse("A node has several labels; one class for each node is read.", line);
            if (line != "nan") raw.node_columns.set("label", node, line);
            ++node;
        });
        raw.class_column = "label";
    }
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder / "split", error)) {
        std::vector<std::pair<std::int32_t, Part>> parts;
        for (const auto& [name, part] : {std::pair<const char*, Part>{"train.csv", Part::train}, {"valid.csv", Part::validation}, {"test.csv", Part::test}}) {
            const fs::path list = with_or_without_gz(entry.path() / name);
            if (list.empty()) continue;
            each_line(list, reading, [&, part = part](LineReader& lines, std::string_view line) {
                const auto id = whole_number(line);
                if (!id || *id < 0 || *id >= raw.nodes.size()) lines.refuse("A split names a node that does not exist.", line);
                parts.emplace_back(static_cast<std::int32_t>(*id), part);
            });
        }
        if (!parts.empty()) raw.splits.emplace_back(entry.path().filename().string(), std::move(parts));
    }
}

void read_benson_folder(const fs::path& folder, Reading& reading) {
    RawGraph& raw = reading.raw;
    std::string name;
    bool triple = false;
    for (const auto& entry : fs::directory_iterator(folder)) {
        std::string file = entry.path().filename().string();
        if (file.ends_with(".gz")) file.resize(file.size() - 3);
        if (!file.ends_with(".txt")) continue;
        if (file.starts_with("hyperedges-")) {
            name = file.substr(11, file.size() - 15);
        } else if (file.ends_with("-nverts.txt") && name.empty()) {
            name = file.substr(0, file.size() - 11);
            triple = true;
        }
    }
    if (with_or_without_gz(folder / ("hyperedges-" + name + ".txt")).empty() == false) triple = false;
    reading.name = name;
    const auto file = [&](const std::string& of) { return with_or_without_gz(folder / of); };
    const auto number = [](LineReader& lines, std::string_view line) {
        const auto value = whole_number(line);
        if (!value || *value < 1) lines.refuse("A whole number from 1 is expected.", line);
        return *value;
    };
    if (const fs::path labels = file("node-labels-" + name + ".txt"); !labels.empty()) {
        std::vector<std::string> names;
        if (const fs::path list = file("label-names-" + name + ".txt"); !list.empty()) each_line(list, reading, [&](LineReader&, std::string_view line) { names.emplace_back(line); });
        each_line(labels, reading, [&](LineReader&, std::string_view line) {
            const auto index = whole_number(line);
            const bool named = index && *index >= 1 && *index <= static_cast<std::int64_t>(names.size());
            raw.node_columns.set("label", raw.nodes.add_number(raw.nodes.size() + 1), named ? std::string_view(names[static_cast<std::size_t>(*index - 1)]) : line);
        });
        raw.class_column = "label";
    }
    if (const fs::path list = file("node-names-" + name + ".txt"); !list.empty()) {
        std::int64_t node = 0;
        each_line(list, reading, [&](LineReader&, std::string_view line) { raw.node_columns.set("name", raw.nodes.add_number(++node), line); });
    }
    if (!triple) {
        const fs::path list = file("hyperedges-" + name + ".txt");
        need(list, folder, "hyperedges-NAME.txt");
        ByteStream stream(list);
        read_hyperedge_lines(stream, reading);
        return;
    }
    std::vector<std::int64_t> sizes;
    std::int64_t total = 0;
    each_line(file(name + "-nverts.txt"), reading, [&](LineReader& lines, std::string_view line) { total += sizes.emplace_back(number(lines, line)); });
    const fs::path simplices = file(name + "-simplices.txt"), times = file(name + "-times.txt");
    need(simplices, folder, "NAME-simplices.txt");
    std::size_t at = 0;
    std::int64_t left = sizes.empty() ? 0 : sizes[0], read = 0;
    Reading::Dangling dangling{raw.nodes.size(), {}};
    raw.hyperedges.add_numbers(static_cast<std::int64_t>(sizes.size()));
    each_line(simplices, reading, [&](LineReader& lines, std::string_view line) {
        while (left == 0 && at + 1 < sizes.size()) left = sizes[++at];
        if (left == 0) lines.refuse("There are more members than the sizes announce.", line);
        const std::int32_t node = raw.nodes.add_number(number(lines, line));
        reading.look_for_dangling(dangling, node, [&] { return lines.place(); });
        raw.add_member(node, static_cast<std::int32_t>(at));
        --left;
        ++read;
    });
    if (read != total) throw Error(ErrorCode::wrong_format, "The list of members ends after " + std::to_string(read) + " of " + std::to_string(total) + ".", simplices.string(), "Fetch the file again.");
    if (!times.empty()) {
        std::int32_t hyperedge = 0;
        each_line(times, reading, [&](LineReader& lines, std::string_view line) {
            if (hyperedge >= static_cast<std::int32_t>(sizes.size())) lines.refuse("There are more times than hyperedges.", line);
            raw.hyperedge_columns.set("time", hyperedge++, line);
        });
    }
    reading.tell_dangling(dangling, "hyperedges");
}

void read_csv_folder(const fs::path& folder, Reading& reading) {
    const auto ending = [&](std::initializer_list<std::string_view> ends) {
        std::vector<fs::path> found;
        for (const auto& entry : fs::directory_iterator(folder)) {
            std::string name = entry.path().filename().string();
            if (name.ends_with(".gz")) name.resize(name.size() - 3);
            for (const std::string_view end : ends)
                if (name.ends_with(end)) found.push_back(entry.path());
        }
        std::ranges::sort(found);
        return found;
    };
    const auto one = [&](std::initializer_list<std::string_view> ends, bool hyperedges = false) {
        std::vector<fs::path> found = ending(ends);
        if (!hyperedges) std::erase_if(found, [](const fs::path& file) { return file.filename().string().find("hyperedges") != std::string::npos; });
        if (found.size() > 1)
            throw Error(ErrorCode::wrong_format, "The folder holds several data sets.", folder.string() + ": " + found[0].filename().string() + " and " + found[1].filename().string(), "Put each data set into a folder of its own.");
        return found.empty() ? fs::path() : found[0];
    };
    const auto read = [&](const fs::path& file, auto reader) {
        if (file.empty()) return false;
        ByteStream stream(file);
        reader(stream);
        return true;
    };
    const fs::path target = one({"target.csv"});
    read(target.empty() ? one({"nodes.csv", "nodes.tsv"}) : target, [&](ByteStream& stream) { read_node_table(stream, reading); });
    const bool wikipedia = reading.raw.target_column == "target" && reading.raw.node_columns.names().size() == 1 && !target.empty();
    if (wikipedia) reading.rules.remove_duplicates = reading.rules.remove_loops = true;   // as the Hybrid Graph Benchmark does it
    read(one({"edges.csv", "edges.tsv", "edges.txt"}), [&](ByteStream& stream) { read_pairs(stream, reading, false); });
    read(one({"hyperedge_names.csv"}, true), [&](ByteStream& stream) { read_hyperedge_table(stream, reading); });
    read(one({"hyperedges.csv", "hyperedges.tsv"}, true), [&](ByteStream& stream) { read_pairs(stream, reading, true); });
    if (const fs::path splits = with_or_without_gz(folder / "splits_train.json"); !splits.empty()) split_lists(splits, reading);
    if (reading.options.features == "none" || reading.options.features == "other") return;
    if (!read(one({"features.json"}), [&](ByteStream& stream) { read_feature_lists(stream, reading); })) read(one({"features.mtx"}), [&](ByteStream& stream) { read_feature_matrix(stream, reading); });
}

}
