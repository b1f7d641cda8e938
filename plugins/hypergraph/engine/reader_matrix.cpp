// Numbered formats of scientific computing: MatrixMarket and hMETIS.
#include "core/base/text.h"
#include "plugins/hypergraph/engine/readers.h"
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::hypergraph {
namespace {

constexpr std::int64_t kMostRows = std::numeric_limits<std::int32_t>::max();

/// The whole numbers of a line.
void numbers_of(const LineReader& lines, std::string_view line, std::vector<std::int64_t>& numbers) {
    numbers.clear();
    for (;;) {
        while (!line.empty() && (line[0] == ' ' || line[0] == '\t')) line.remove_prefix(1);
        if (line.empty()) return;
        const std::string_view word = line.substr(0, line.find_first_of(" \t"));
        const auto number = whole_number(word);
        if (!number) lines.refuse("A whole number is expected.", word);
        numbers.push_back(*number);
        line.remove_prefix(word.size());
    }
}

struct MatrixHeader { bool symmetric = false, pattern = false; };

MatrixHeader matrix_header(LineReader& lines) {
    std::string_view line;
    if (!lines.next(line)) lines.refuse("The file is empty.");
    std::string text(trimmed(line));
    std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    std::vector<std::string_view> words = split(text, ' ');
    std::erase(words, std::string_view());
    if (words.size() != 5 || words[0] != "%%matrixmarket" || words[1] != "matrix") lines.refuse("This is no MatrixMarket header.", text, "It reads %%MatrixMarket matrix coordinate pattern general.");
    if (words[2] != "coordinate") lines.refuse("Only sparse matrices are read.", words[2], "Write the matrix in coordinate form.");
    if (words[3] != "real" && words[3] != "integer" && words[3] != "pattern") lines.refuse("Only real, integer and pattern matrices are read.", words[3]);
    if (words[4] != "general" && words[4] != "symmetric") lines.refuse("Only general and symmetric matrices are read.", words[4]);
    return {words[4] == "symmetric", words[3] == "pattern"};
}

}

void read_coordinates(ByteStream& stream, const std::function<void(const MatrixSizes&)>& told, const std::function<void(std::int64_t row, std::int64_t column, double value)>& entry, const Tick& tick) {
    LineReader lines(stream);
    const MatrixHeader header = matrix_header(lines);
    MatrixSizes sizes;
    std::vector<std::int64_t> numbers;
    std::string_view line;
    const auto next = [&] {
        while (lines.next(line))
            if (line = trimmed(line); !line.empty() && line[0] != '%') return true;
        return false;
    };
    if (!next()) lines.refuse("The line of sizes is missing.");
    numbers_of(lines, line, numbers);
    if (numbers.size() != 3) lines.refuse("The line of sizes has " + std::to_string(numbers.size()) + " numbers instead of 3.", line, "It holds rows, columns and entries.");
    if (std::ranges::any_of(numbers, [](std::int64_t n) { return n < 0; }) || numbers[0] > kMostRows || numbers[1] > kMostRows) lines.refuse("A size is not between 0 and 2^31 - 1.", line);
    sizes = {numbers[0], numbers[1], numbers[2], header.symmetric, header.pattern};
    if (sizes.symmetric && sizes.rows != sizes.columns) lines.refuse("A symmetric matrix must be square.", line);
    told(sizes);
    std::int64_t count = 0;
    while (next()) {
        const std::size_t wide = line.find_last_of(" \t");
        double value = 1;
        if (!sizes.pattern) {
            const auto given = wide == line.npos ? std::nullopt : real_number(line.substr(wide + 1));
            if (!given || !std::isfinite(*given)) lines.refuse("The value of an entry is no finite number.", line);
            value = *given;
        }
        numbers_of(lines, sizes.pattern ? line : line.substr(0, wide), numbers);
        if (numbers.size() != 2) lines.refuse("An entry is not a row and a column" + std::string(sizes.pattern ? "." : " and a value."), line);
        if (numbers[0] < 1 || numbers[0] > sizes.rows || numbers[1] < 1 || numbers[1] > sizes.columns)
            lines.refuse("An entry lies outside of the matrix of " + std::to_string(sizes.rows) + " rows and " + std::to_string(sizes.columns) + " columns.", line, "Rows and columns count from 1.");
        if (++count > sizes.entries) lines.refuse("There are more entries than the " + std::to_string(sizes.entries) + " that the header announces.", line);
        entry(numbers[0] - 1, numbers[1] - 1, value);
        if (tick && count % 65'536 == 0) tick(stream.share(), 1);
    }
    if (count != sizes.entries) lines.refuse("The file ends after " + std::to_string(count) + " of " + std::to_string(sizes.entries) + " entries.", {}, "Fetch it again.");
}

void read_matrix_market(ByteStream& stream, Reading& reading) {
    RawGraph& raw = reading.raw;
    bool adjacency = false, symmetric = false, weighted = false;
    const std::string& meaning = reading.options.matrix;
    const auto look = [&](double, double) { reading.look(stream); };
    read_coordinates(stream, [&](const MatrixSizes& sizes) {
        if (sizes.rows == sizes.columns && meaning == "ask" && !sizes.symmetric)
            throw Error(ErrorCode::invalid_value, "A square matrix may be an adjacency or an incidence matrix.", stream.where() + ", " + std::to_string(sizes.rows) + " rows and columns", "Say which one by the parameter \"Matrix\".");
        adjacency = sizes.symmetric || (sizes.rows == sizes.columns && meaning == "adjacency");
        if (meaning == "adjacency" && !adjacency)
            throw Error(ErrorCode::invalid_value, "An adjacency matrix must be square.", stream.where() + ", " + std::to_string(sizes.rows) + " rows and " + std::to_string(sizes.columns) + " columns", "Open it as an incidence matrix.");
        if (meaning == "incidence" && sizes.rows == sizes.columns) adjacency = false;
        symmetric = sizes.symmetric && adjacency;
        weighted = adjacency && !sizes.pattern;
        reading.declare(raw.nodes, sizes.rows, stream);
        if (!adjacency) reading.declare(raw.hyperedges, sizes.columns, stream);
        reading.report.rows.push_back({"matrix", std::to_string(sizes.rows) + " x " + std::to_string(sizes.columns), adjacency ? "adjacency: both are nodes" : "incidence: rows are nodes, columns are hyperedges"});
    }, [&](std::int64_t row, std::int64_t column, double value) {
        const auto a = static_cast<std::int32_t>(row), b = static_cast<std::int32_t>(column);
        if (!adjacency) {
            if (value != 0) raw.add_member(a, b);
            return;
        }
        raw.add_edge(a, b);
        if (symmetric && a != b) raw.add_edge(b, a);
        if (weighted) raw.edge_weights.resize(raw.source.size(), static_cast<float>(value));
    }, look);
    reading.rules.edges_are_columns = symmetric;
    reading.rules.directed = adjacency && !symmetric;
}

void read_feature_matrix(ByteStream& stream, Reading& reading) {
    RawGraph& raw = reading.raw;
    const std::int64_t nodes = raw.nodes.size();
    bool weighted = false;
    read_coordinates(stream, [&](const MatrixSizes& sizes) {
        if (nodes > 0 && sizes.rows != nodes)
            throw Error(ErrorCode::wrong_format, "The features do not fit the nodes.", stream.where() + ", " + std::to_string(sizes.rows) + " rows for " + std::to_string(nodes) + " nodes", "Give one row for each node.");
        if (nodes == 0) reading.declare(raw.nodes, sizes.rows, stream);
        raw.feature_columns = sizes.columns;
        weighted = !sizes.pattern;
    }, [&](std::int64_t row, std::int64_t column, double value) {
        raw.feature_node.push_back(static_cast<std::int32_t>(row));
        raw.feature_column.push_back(static_cast<std::int32_t>(column));
        if (weighted) raw.feature_values.push_back(static_cast<float>(value));
    }, [&](double, double) { reading.look(stream); });
}

void read_hmetis(ByteStream& stream, Reading& reading) {
    LineReader lines(stream);
    RawGraph& raw = reading.raw;
    std::vector<std::int64_t> numbers;
    std::string_view line;
    do {
        if (!lines.next(line)) lines.refuse("The file has no first line of counts.", {}, "It holds the numbers of hyperedges and vertices.");
        line = trimmed(line);
    } while (line.empty() || line[0] == '%');
    numbers_of(lines, line, numbers);
    if (numbers.size() != 2 && numbers.size() != 3) lines.refuse("The first line holds " + std::to_string(numbers.size()) + " numbers instead of 2 or 3.", line, "It reads: hyperedges, vertices, and 1, 10 or 11 where there are weights.");
    const std::int64_t hyperedges = numbers[0], nodes = numbers[1], kind = numbers.size() == 3 ? numbers[2] : 0;
    if (hyperedges < 0 || nodes < 0 || hyperedges > kMostRows || nodes > kMostRows) lines.refuse("A count is not between 0 and 2^31 - 1.", line);
    if (kind != 0 && kind != 1 && kind != 10 && kind != 11) lines.refuse("The kind of weights is none of 1, 10 and 11.", line);
    const bool hyperedge_weights = kind % 10 == 1, node_weights = kind >= 10;
    reading.declare(raw.nodes, nodes, stream);
    for (std::int64_t h = 0; h < hyperedges; ++h) {
        do {
            if (!lines.next(line)) lines.refuse("The file ends after " + std::to_string(h) + " of " + std::to_string(hyperedges) + " hyperedges.", {}, "Fetch it again.");
            line = trimmed(line);
        } while (line.starts_with('%'));
        numbers_of(lines, line, numbers);   // an empty line is a hyperedge without members
        if (hyperedge_weights) {
            if (numbers.empty()) lines.refuse("A hyperedge has no weight.");
            raw.hyperedge_weights.push_back(static_cast<float>(numbers[0]));
            numbers.erase(numbers.begin());
        }
        const std::int32_t hyperedge = raw.hyperedges.add_number(h);
        for (const std::int64_t vertex : numbers) {
            if (vertex < 1 || vertex > nodes) lines.refuse("A hyperedge names vertex " + std::to_string(vertex) + " of " + std::to_string(nodes) + ".", line, "Vertices count from 1.");
            raw.add_member(static_cast<std::int32_t>(vertex - 1), hyperedge);
        }
        if (h % 8192 == 0) reading.look(stream);
    }
    for (std::int64_t node = 0; node < (node_weights ? nodes : 0);) {
        if (!lines.next(line)) lines.refuse("The file ends after " + std::to_string(node) + " of " + std::to_string(nodes) + " weights of vertices.", {}, "Fetch it again.");
        if (line = trimmed(line); line.empty() || line[0] == '%') continue;
        numbers_of(lines, line, numbers);
        if (numbers.size() != 1) lines.refuse("A line with one weight is expected.", line);
        raw.node_columns.set("weight", static_cast<std::int32_t>(node++), std::to_string(numbers[0]));
    }
    while (lines.next(line))
        if (line = trimmed(line); !line.empty() && line[0] != '%') lines.refuse("There are more lines than the header announces.", line);
}

}
