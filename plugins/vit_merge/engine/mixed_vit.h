#pragma once
// A Vision Transformer whose weights differ from picture to picture: some tensors are the same for all, others are mixtures of the models' own, which are never made.
// Work thread; records no gradients.
#include "core/nn/fast_linear.h"
#include "plugins/vit_merge/engine/mixed_linear.h"
#include "plugins/vit_merge/engine/vit_keys.h"
#include <map>
#include <string>
#include <vector>

namespace lathe::vit_merge {

using SourceMap = std::map<std::string, std::vector<at::Tensor>>;

class MixedVit {
public:
    /// `shared`: tensors that are the same for all pictures; `sources`: of the others, what each of N models has. Canonical keys; together the whole trunk. Views are kept, not copied;
    /// half precision is widened where it is used. Throws Error(wrong_format) naming what is missing.
    MixedVit(const VitConfig& config, const TensorMap& shared, SourceMap sources);
    /// Sources that are the same in every picture that has a part in them, next to the N models: merged weights under the keys of `sources`.
    using Units = std::vector<const TensorMap*>;
    /// images [B, C, H, W]; mixture: B items of N models, then units. [B, D or P], for a distilled DeiT [B, 2, D].
    at::Tensor features(const at::Tensor& images, const Mixture& mixture, const Units& units = {});
    const SourceMap& sources() const { return m_sources; }
    /// Elements of matrices among the sources: what a picture's tokens are multiplied with.
    std::int64_t source_matrix_elements() const;
private:
    struct Pass;
    at::Tensor linear(const Pass& pass, const std::string& key, const at::Tensor& x);
    at::Tensor norm(const Pass& pass, const std::string& key, const at::Tensor& x);
    at::Tensor qkv(const Pass& pass, const std::string& block, const at::Tensor& x);
    at::Tensor blended(const Pass& pass, const std::string& key, bool each_item) const;
    std::vector<at::Tensor> sources_of(const Pass& pass, const std::string& key) const;
    VitConfig m_vit;
    TensorMap m_shared;
    SourceMap m_sources;
    std::map<std::string, FastLinear> m_fast;
};

}
