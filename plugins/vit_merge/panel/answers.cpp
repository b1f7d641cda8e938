#include "plugins/vit_merge/panel/answers.h"
#include "core/method/tensor_bytes.h"
#include <cmath>
#include <cstring>

namespace lathe::vit_merge {
namespace {

const QString kNoNumber = QStringLiteral("–");

template <class T> std::vector<double> as_doubles(const TensorBytes& tensor) {
    const std::vector<T> values = tensor.values<T>();
    return {values.begin(), values.end()};
}

std::vector<double> doubles_of(const TensorBytes& tensor) {
    std::vector<double> out(tensor.data.size() / sizeof(double));
    std::memcpy(out.data(), tensor.data.data(), out.size() * sizeof(double));
    return out;
}

}

Values values_of(const Artifact& artifact, std::size_t rank) {
    const TensorBytes tensor = tensor_of(artifact);
    if (rank != 0 && tensor.shape.size() != rank) refuse_answer("tensor " + artifact.key, "it has " + std::to_string(tensor.shape.size()) + " dimensions, not " + std::to_string(rank));
    Values out{tensor.shape, {}};
    if (tensor.dtype == "F32") out.values = as_doubles<float>(tensor);
    else if (tensor.dtype == "F64") out.values = doubles_of(tensor);
    else if (tensor.dtype == "I64") out.values = as_doubles<std::int64_t>(tensor);
    else if (tensor.dtype == "I32") out.values = as_doubles<std::int32_t>(tensor);
    else if (tensor.dtype == "U8") out.values = as_doubles<std::uint8_t>(tensor);
    else refuse_answer("tensor " + artifact.key, "its type is " + tensor.dtype);
    return out;
}

QString megabytes(double bytes) {
    constexpr double kKilo = 1e3, kMega = 1e6, kGiga = 1e9;
    if (std::isnan(bytes)) return kNoNumber;
    if (bytes >= kGiga) return QStringLiteral("%1\u00A0GB").arg(bytes / kGiga, 0, 'f', 2);
    if (bytes >= kMega) return QStringLiteral("%1\u00A0MB").arg(bytes / kMega, 0, 'f', bytes < 100 * kMega ? 2 : 0);
    return QStringLiteral("%1\u00A0kB").arg(bytes / kKilo, 0, 'f', 0);
}

QString milliseconds(double ms) { return std::isnan(ms) ? kNoNumber : QStringLiteral("%1\u00A0ms").arg(ms, 0, 'f', ms < 10 ? 2 : ms < 100 ? 1 : 0); }

}
