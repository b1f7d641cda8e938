#pragma once
// What answers pictures after a merge, whatever the method: one model, a gated one, N models behind a gate. Work thread.
#include "core/engine/run_context.h"
#include "plugins/vit_merge/engine/gate.h"
#include "plugins/vit_merge/engine/gate_plan.h"
#include "plugins/vit_merge/engine/merge_weights.h"
#include "plugins/vit_merge/engine/vit.h"

namespace lathe::vit_merge {

struct Answer {
    at::Tensor gate;                                       ///< [N, models] probabilities; undefined without a gate
    at::Tensor head;                                       ///< int64 [N]: the head that was chosen (by the gate; by `task` where it was given)
    std::vector<at::Tensor> logits;                        ///< of each picture [classes of its head], float32
    double merge_seconds = 0, forward_seconds = 0, gate_seconds = 0;
    std::int64_t groups = 0;                               ///< distinct merged weights that were used
    std::string path;                                      ///< "grouped", "batched", "naive", "static", "routed", …: how it was computed
    bool mixed_batch = false;                              ///< per batch only: the gate disagrees within the batch, so most heads are wrong
};

class MergedModel {
public:
    virtual ~MergedModel() = default;
    /// images [N, C, H, W] normalised. `task`: int64 [N], the head to take (oracle), or undefined: the gate chooses (throws Error(invalid_value) where there is no gate).
    virtual Answer answer(const at::Tensor& images, const at::Tensor& task) = 0;
    virtual std::int64_t bytes(int bytes_each) const = 0;  ///< storage by formula 2.5, heads and gate included
    virtual std::int64_t parameters() const = 0;
    virtual double merge_seconds() const = 0;              ///< spent once, before any picture
    virtual Json facts() const { return Json::object(); }
};

/// How a gated batch is computed; automatic: the cheaper by the cost model of section 6. All agree to 1e-4 relative.
enum class GatedPath { automatic, naive, grouped, batched };

/// Any method of the settings over this set. `gate` may be null. `told` as in merge_static. Throws Error(invalid_value) where set, gate and method do not fit.
std::unique_ptr<MergedModel> make_merged(std::shared_ptr<const ModelSet> set, const MergeSettings& settings, std::shared_ptr<Gate> gate, const TaskPictures& pictures,
    const std::function<void(double, double, std::string_view)>& told, GatedPath path = GatedPath::automatic);

}
