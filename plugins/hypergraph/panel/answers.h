#pragma once
// Cells and tensors of the engine as they are read, files that it is given. Stateless; any thread.
#include "widgets/answers.h"
#include "widgets/facts.h"
#include <vector>

namespace lathe::hypergraph {

/// A cell as it is read: whole numbers as they are, others with five figures, texts unchanged.
QString shown_cell(const std::string& cell);

/// The values of the only tensor of the artifact, of the shape [rows, columns] (columns 0: [rows]; rows or columns -1: any). Error (wrong_format) where it has another.
std::vector<float> floats_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns);
std::vector<std::int32_t> wholes_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns);
std::vector<std::uint8_t> bytes_of(const Artifact& artifact, std::int64_t rows, std::int64_t columns);

/// A name for a file in the user's data folder, the same for the same content: "embedding-1f2e….safetensors". Empty without bytes.
QString kept_name(const Bytes& bytes, const QString& name);
/// One tensor "positions" [nodes, 2] as a safetensors file.
Bytes positions_bytes(const std::vector<float>& x, const std::vector<float>& y);

}
