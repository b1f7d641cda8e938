#pragma once
// Likeness of representations: linear centred kernel alignment (Kornblith et al. 2019; debiased: Nguyen et al. 2021). In double. Any thread.
#include <ATen/core/Tensor.h>
#include <vector>

namespace lathe::vit_merge {

/// x [n, p], y [n, q] -> |Y^T X|_F^2 / (|X^T X|_F |Y^T Y|_F) of centred columns; NaN where one of them is constant.
double linear_cka(const at::Tensor& x, const at::Tensor& y);

/// HSIC_1 of the Gram matrices K and L [n, n], n >= 4 (else NaN): unbiased, may be slightly negative.
double debiased_hsic(const at::Tensor& k, const at::Tensor& l);
/// Of one batch of at least 4 rows; NaN where it is undefined.
double debiased_cka(const at::Tensor& x, const at::Tensor& y);

/// Debiased CKA of every pair of layers, HSIC_1 summed over batches before the ratio.
class MinibatchCka {
public:
    /// first, second: of each layer [n, features]; the same layers and n >= 4 at every call. Batches of fewer rows are left out.
    void add(const std::vector<at::Tensor>& first, const std::vector<at::Tensor>& second);
    at::Tensor result() const;                             ///< double [layers of first, layers of second]; NaN: undefined
    bool empty() const { return !m_cross.defined(); }
private:
    at::Tensor m_cross, m_first, m_second;
};

/// <a, b> / (|a| |b|) over all elements, norms at least 1e-8.
double flat_cosine(const at::Tensor& a, const at::Tensor& b);

}
