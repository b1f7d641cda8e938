#pragma once
// Tables and tensors of the engine as the workspace of merging reads them: by names of columns, numbers of any type as double. Stateless; any thread.
#include "widgets/answers.h"
#include "widgets/facts.h"
#include <QImage>
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

/// An image artifact as a picture. Throws Error(wrong_format).
QImage picture_of_artifact(const Artifact& artifact);

QString percent(double share, int decimals = 1);           ///< of a share from 0 to 1: "93.8 %"; "–" for NaN
QString megabytes(double bytes);                           ///< "12.4 MB", "846 kB"; "–" for NaN
QString milliseconds(double ms);                           ///< "1.2 ms"; "–" for NaN

}
