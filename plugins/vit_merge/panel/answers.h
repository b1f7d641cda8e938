#pragma once
// Tensors of the engine as the workspace of merging reads them, numbers of any type as double; figures as they are read. Stateless; any thread.
#include "widgets/answers.h"
#include "widgets/facts.h"
#include <vector>

namespace lathe::vit_merge {

/// Row-major, of any number type that the engine sends.
struct Values {
    std::vector<std::int64_t> shape;
    std::vector<double> values;
    bool is_matrix() const { return shape.size() == 2; }
    std::int64_t size(std::size_t dimension) const { return dimension < shape.size() ? shape[dimension] : 0; }
};
/// The only tensor of the artifact. Throws Error(wrong_format) where it has not `rank` dimensions (0: any), or a type that holds no numbers.
Values values_of(const Artifact& artifact, std::size_t rank);

QString megabytes(double bytes);                           ///< "12.4 MB", "846 kB"; "–" for NaN
QString milliseconds(double ms);                           ///< "1.2 ms"; "–" for NaN

}
