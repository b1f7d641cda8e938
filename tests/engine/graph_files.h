#pragma once
// Graph files made for a test, and what reading them says.
#include "core/base/file.h"
#include "plugins/hypergraph/engine/graph_reader.h"
#include "engine/gzipped.h"
#include <QTemporaryDir>
#include <algorithm>
#include <set>

namespace lathe::hypergraph {

class GraphFiles {
public:
    std::filesystem::path write(const std::string& name, const std::string& text) const {
        const std::filesystem::path file = std::filesystem::path(m_folder.path().toStdString()) / name;
        std::filesystem::create_directories(file.parent_path());
        write_file(file, name.ends_with(".gz") ? gzipped(text) : text);
        return file;
    }
    std::filesystem::path path(const std::string& name = {}) const { return std::filesystem::path(m_folder.path().toStdString()) / name; }
    ReadGraph read(const std::string& name, const std::string& text, ReadOptions options = {}) const { return read_graph(write(name, text), options); }
private:
    QTemporaryDir m_folder;
};

/// "found" of the row of the report whose text starts so; empty: none.
inline std::string found_in(const ImportReport& report, const std::string& what) {
    for (const ImportRow& row : report.rows)
        if (row.what.starts_with(what)) return row.found;
    return {};
}

using Sets = std::multiset<std::vector<std::int32_t>>;

inline Sets member_sets(const Csr& members) {
    Sets sets;
    for (std::int64_t h = 0; h < members.rows(); ++h) {
        std::vector<std::int32_t> row(members[h].begin(), members[h].end());
        std::ranges::sort(row);
        sets.insert(std::move(row));
    }
    return sets;
}

}
