// Models of which a part belongs to each task: EMR's masks, WEMoE's MLPs, Twin-Merging's differences.
#include "core/base/time.h"
#include "plugins/vit_merge/engine/emr.h"
#include "plugins/vit_merge/engine/functional_vit.h"
#include "plugins/vit_merge/engine/heads.h"
#include "plugins/vit_merge/engine/kept_parts.h"
#include "plugins/vit_merge/engine/twin.h"
#include "plugins/vit_merge/engine/vit_block.h"
#include "plugins/vit_merge/engine/we_moe.h"
#include <ATen/ATen.h>
#include <functional>
#include <map>

namespace lathe::vit_merge {
namespace {

/// Pictures that want the same weights go through the network together; the weights are made for them, one set at a time.
class SwappedModel : public HeadedModel {
protected:
    using Wanted = std::map<std::vector<double>, std::vector<std::int64_t>>;   ///< what the weights are made from, and the pictures that want them
    SwappedModel(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate) : HeadedModel(std::move(set), settings, std::move(gate)), m_vit(*m_set) {}
    void answer_groups(Answer& a, const at::Tensor& images, const Wanted& wanted, const std::function<TensorMap(const std::vector<double>&)>& make) {
        const double start = monotonic_seconds(), merged_before = a.merge_seconds;
        at::Tensor all;
        for (const auto& [key, items] : wanted) {
            const double merging = monotonic_seconds();
            m_vit.use(make(key));
            a.merge_seconds += monotonic_seconds() - merging;
            const at::Tensor places = at::tensor(items, at::kLong), features = m_vit.features(images.index_select(0, places));
            if (!all.defined()) {
                auto sizes = features.sizes().vec();
                sizes[0] = images.size(0);
                all = at::empty(sizes);
            }
            all.index_copy_(0, places, features);
        }
        classify(a, all);
        a.groups = std::int64_t(wanted.size());
        a.forward_seconds += monotonic_seconds() - start - (a.merge_seconds - merged_before);
    }
    FunctionalVit m_vit;
};

class EmrModel : public SwappedModel {
public:
    EmrModel(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, std::shared_ptr<const EmrParts> parts)
        : SwappedModel(std::move(set), settings, std::move(gate)), m_parts(std::move(parts)) {
        m_facts["rescale"] = m_parts->rescale;
    }
    Answer answer(const at::Tensor& images, const at::Tensor& task) override {
        Answer a = choose(images, task);
        Wanted wanted;
        for (std::int64_t i = 0; i < a.head.size(0); ++i) wanted[{double(a.head[i].item<std::int64_t>())}].push_back(i);
        answer_groups(a, images, wanted, [&](const std::vector<double>& key) { return emr_trunk(*m_set, *m_parts, int(key.front())); });
        a.path = "masked";
        return a;
    }
    std::int64_t parameters() const override { return 2 * m_parts->elements + m_heads.elements() + gate_parameters(); }
    std::int64_t bytes(int bytes_each) const override { return m_parts->bytes(bytes_each) + (m_heads.elements() + gate_parameters()) * bytes_each; }
private:
    std::shared_ptr<const EmrParts> m_parts;
};

class TwinModel : public SwappedModel {
public:
    TwinModel(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, std::shared_ptr<const TwinParts> parts)
        : SwappedModel(std::move(set), settings, std::move(gate)), m_parts(std::move(parts)) {
        m_facts = m_parts->facts;
    }
    Answer answer(const at::Tensor& images, const at::Tensor& task) override {
        const double start = monotonic_seconds();
        m_vit.use(m_parts->shared);
        const at::Tensor shares = twin_shares(*m_parts, m_vit.features(images)).to(at::kDouble).contiguous();
        const double routing = monotonic_seconds() - start;
        Answer a = choose(images, task.defined() || m_gate ? task : shares.argmax(1));
        a.gate_seconds += routing;
        Wanted wanted;
        for (std::int64_t i = 0; i < shares.size(0); ++i) {
            const double* row = shares.const_data_ptr<double>() + i * shares.size(1);
            wanted[prepared_shares({row, row + shares.size(1)}, m_settings)].push_back(i);
        }
        answer_groups(a, images, wanted, [&](const std::vector<double>& key) { return twin_trunk(*m_parts, key); });
        a.path = "grouped";
        return a;
    }
    std::int64_t parameters() const override { return trunk_elements() + m_parts->difference_elements() + m_parts->router_elements() + m_heads.elements() + gate_parameters(); }
    std::int64_t bytes(int bytes_each) const override { return parameters() * bytes_each; }
private:
    std::shared_ptr<const TwinParts> m_parts;
};

/// Every MLP with the weights of its router, for each picture, or the same for the whole batch.
class MixedMlpTap : public Tap {
public:
    MixedMlpTap(const ModelSet& set, const WeMoeParts& parts, bool for_batch) : m_routers(parts.routers), m_quick(set.reference().quick_gelu), m_for_batch(for_batch) {
        for (int block = 0; block < int(m_routers.size()); ++block) m_sources.push_back(mlp_sources(set, block));
    }
    bool wants(const LayerInfo& layer) override {
        if (layer.point != "mlp") return false;
        m_block[layer.id] = layer.block;
        return true;
    }
    Flow enter(int id, TensorRefs in, at::Tensor& out) override {
        const auto block = std::size_t(m_block.at(id));
        at::Tensor gate = m_routers[block].gate(in[0]);
        if (m_for_batch) gate = gate.mean(0, true).expand_as(gate);
        const Mixture mixture(at::cat({1 - gate.sum(1, true), gate}, 1));   // the base's share, then the models': W_0 + sum_i g_i (W_i - W_0)
        const auto layer = [&](const at::Tensor& x, const char* name) {
            const auto bias = m_sources[block].find(std::string(name) + ".bias");
            return mixed_linear(x, m_sources[block].at(std::string(name) + ".weight"), bias == m_sources[block].end() ? std::vector<at::Tensor>() : bias->second, mixture);
        };
        out = layer(vit_gelu(layer(in[0].contiguous(), "fc1"), m_quick), "fc2");
        return Flow::skip;
    }
    std::int64_t elements() const {                        ///< of the models' MLPs, without the base's
        std::int64_t sum = 0;
        for (const auto& block : m_sources)
            for (const auto& [name, sources] : block) sum += std::int64_t(sources.size() - 1) * sources.front().numel();
        return sum;
    }
private:
    const std::vector<WeMoeRouter>& m_routers;
    bool m_quick, m_for_batch;
    std::map<int, int> m_block;
    std::vector<std::map<std::string, std::vector<at::Tensor>>> m_sources;
};

class WeMoeModel : public HeadedModel {
public:
    WeMoeModel(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, std::shared_ptr<const WeMoeParts> parts)
        : HeadedModel(std::move(set), settings, std::move(gate)), m_parts(std::move(parts)), m_vit(*m_set),
          m_tap(std::make_shared<MixedMlpTap>(*m_set, *m_parts, settings.granularity == Granularity::per_batch)) {
        m_facts = m_parts->facts;
        m_vit.use(m_parts->trunk);
        m_taps.add(m_tap);
        m_taps.attach(m_vit.vit().layers());
    }
    Answer answer(const at::Tensor& images, const at::Tensor& task) override {
        Answer a = choose(images, task);
        const double start = monotonic_seconds();
        classify(a, m_vit.features(images, &m_taps));
        a.forward_seconds = monotonic_seconds() - start;
        a.groups = images.size(0);
        a.path = "batched";
        return a;
    }
    std::int64_t parameters() const override { return trunk_elements() + m_tap->elements() + m_parts->router_elements() + m_heads.elements() + gate_parameters(); }
    std::int64_t bytes(int bytes_each) const override { return parameters() * bytes_each; }
private:
    std::shared_ptr<const WeMoeParts> m_parts;
    FunctionalVit m_vit;
    std::shared_ptr<MixedMlpTap> m_tap;
    TapStack m_taps;
};

}

std::unique_ptr<MergedModel> make_emr(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, const ToldOf& told) {
    static Kept<EmrParts> kept;
    const auto parts = kept.get(set, static_key(settings), [&] { return emr_parts(*set, settings.emr_total_ratio, told); });
    return std::make_unique<EmrModel>(std::move(set), settings, std::move(gate), parts);
}

std::unique_ptr<MergedModel> make_we_moe(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, const TaskPictures& pictures, const ToldOf& told) {
    static Kept<WeMoeParts> kept;
    const auto parts = kept.get(set, static_key(settings), [&] { return settings.steps > 0 ? train_we_moe(*set, settings, pictures, told) : new_we_moe(*set, settings, told); });
    return std::make_unique<WeMoeModel>(std::move(set), settings, std::move(gate), parts);
}

std::unique_ptr<MergedModel> make_twin(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, const TaskPictures& pictures, const ToldOf& told) {
    static Kept<TwinParts> kept;
    const auto parts = kept.get(set, static_key(settings), [&] { return train_twin(*set, settings, pictures, told); });
    return std::make_unique<TwinModel>(std::move(set), settings, std::move(gate), parts);
}

}
