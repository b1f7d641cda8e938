#include "plugins/vit_merge/engine/cka.h"
#include <ATen/ATen.h>
#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe::vit_merge {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
constexpr double kConstant = 1e-24;                      // of the squared size of what is centred: rounding is all that is left

at::Tensor centred(const at::Tensor& x) {
    const at::Tensor rows = x.to(at::kDouble).flatten(1), out = rows - rows.mean(0, true);
    const double all = rows.square().sum().item<double>(), left = out.square().sum().item<double>();
    return left <= kConstant * all || left == 0 ? at::Tensor() : out;
}

double ratio_of(double cross, double first, double second) { return first > 0 && second > 0 ? cross / std::sqrt(first * second) : kUndefined; }

/// X X^T of centred columns: HSIC_1 does not change by it, and large means do not drown what differs. Undefined where all rows are the same.
at::Tensor gram_of(const at::Tensor& x) {
    const at::Tensor rows = centred(x);
    return rows.defined() ? at::mm(rows, rows.t()) : at::Tensor();
}

}

double linear_cka(const at::Tensor& x, const at::Tensor& y) {
    const at::Tensor a = centred(x), b = centred(y);
    if (!a.defined() || !b.defined()) return kUndefined;
    if (std::max(a.size(1), b.size(1)) > a.size(0)) {      // the Gram matrices of the rows are smaller
        const at::Tensor k = at::mm(a, a.t()), l = at::mm(b, b.t());
        return (k * l).sum().item<double>() / (k.norm().item<double>() * l.norm().item<double>());
    }
    const double cross = at::mm(b.t(), a).square().sum().item<double>();
    return cross / (at::mm(a.t(), a).norm().item<double>() * at::mm(b.t(), b).norm().item<double>());
}

double debiased_hsic(const at::Tensor& k, const at::Tensor& l) {
    const std::int64_t rows = k.size(0);
    if (rows < 4) return kUndefined;
    const auto n = static_cast<double>(rows);
    const at::Tensor a = k.to(at::kDouble).clone(), b = l.to(at::kDouble).clone();
    a.fill_diagonal_(0);
    b.fill_diagonal_(0);
    const at::Tensor sums_a = a.sum(1), sums_b = b.sum(1);
    const double trace = (a * b).sum().item<double>();     // both are symmetric
    return (trace + sums_a.sum().item<double>() * sums_b.sum().item<double>() / ((n - 1) * (n - 2)) - 2 / (n - 2) * sums_a.dot(sums_b).item<double>()) / (n * (n - 3));
}

double debiased_cka(const at::Tensor& x, const at::Tensor& y) {
    MinibatchCka one;
    one.add({x}, {y});
    return one.empty() ? kUndefined : one.result().item<double>();
}

void MinibatchCka::add(const std::vector<at::Tensor>& first, const std::vector<at::Tensor>& second) {
    if (first.empty() || second.empty() || first.front().size(0) < 4) return;
    const auto rows = static_cast<std::int64_t>(first.size()), columns = static_cast<std::int64_t>(second.size());
    if (!m_cross.defined()) {
        m_cross = at::zeros({rows, columns}, at::kDouble);
        m_first = at::zeros({rows}, at::kDouble);
        m_second = at::zeros({columns}, at::kDouble);
    }
    std::vector<at::Tensor> k, l;
    for (const at::Tensor& x : first) k.push_back(gram_of(x));
    for (const at::Tensor& y : second) l.push_back(gram_of(y));
    auto cross = m_cross.accessor<double, 2>();
    auto own_first = m_first.accessor<double, 1>(), own_second = m_second.accessor<double, 1>();
    const auto hsic = [](const at::Tensor& a, const at::Tensor& b) { return a.defined() && b.defined() ? debiased_hsic(a, b) : 0; };
    for (std::int64_t i = 0; i < rows; ++i) {
        const at::Tensor& a = k[static_cast<std::size_t>(i)];
        own_first[i] += hsic(a, a);
        for (std::int64_t j = 0; j < columns; ++j) cross[i][j] += hsic(a, l[static_cast<std::size_t>(j)]);
    }
    for (std::int64_t j = 0; j < columns; ++j) own_second[j] += hsic(l[static_cast<std::size_t>(j)], l[static_cast<std::size_t>(j)]);
}

at::Tensor MinibatchCka::result() const {
    const at::Tensor out = m_cross.clone();
    auto cells = out.accessor<double, 2>();
    const auto first = m_first.accessor<double, 1>(), second = m_second.accessor<double, 1>();
    for (std::int64_t i = 0; i < out.size(0); ++i)
        for (std::int64_t j = 0; j < out.size(1); ++j) cells[i][j] = ratio_of(cells[i][j], first[i], second[j]);
    return out;
}

double flat_cosine(const at::Tensor& a, const at::Tensor& b) {
    const at::Tensor x = a.to(at::kDouble).flatten(), y = b.to(at::kDouble).flatten();
    constexpr double kLeast = 1e-8;
    return x.dot(y).item<double>() / (std::max(x.norm().item<double>(), kLeast) * std::max(y.norm().item<double>(), kLeast));
}

}
