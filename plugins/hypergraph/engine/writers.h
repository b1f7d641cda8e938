#pragma once
// The writers, one for each family of formats. They write into an atomic file; sentences about what is left out go to `left_out`.
#include "core/base/file.h"
#include "plugins/hypergraph/engine/graph_writer.h"

namespace lathe::hypergraph {

/// Text that is written in pieces of 1 MB.
class TextWriter {
public:
    TextWriter(AtomicFile& file, Tick tick) : m_file(file), m_tick(std::move(tick)) {}
    void put(std::string_view text) {
        m_text += text;
        if (m_text.size() >= (1u << 20)) flush();
    }
    void flush();
private:
    AtomicFile& m_file;
    Tick m_tick;
    std::string m_text;
};

using LeftOut = std::vector<std::string>;
void write_hif(const HybridGraph& graph, TextWriter& out, LeftOut& left_out);
void write_graphml(const HybridGraph& graph, TextWriter& out, LeftOut& left_out);
void write_incidence(const HybridGraph& graph, TextWriter& out, LeftOut& left_out);    ///< MatrixMarket
void write_adjacency(const HybridGraph& graph, TextWriter& out, LeftOut& left_out);
void write_hmetis(const HybridGraph& graph, TextWriter& out, LeftOut& left_out);
void write_csv_folder(const HybridGraph& graph, const std::filesystem::path& folder, const Tick& tick, LeftOut& left_out);
void write_graph_tensors(const HybridGraph& graph, const std::filesystem::path& file, LeftOut& left_out);   ///< safetensors

std::string value_text(const Attribute& attribute, std::int64_t at);   ///< empty: none

}
