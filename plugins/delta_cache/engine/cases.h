#pragma once
// Reference cases of this plugin (design.md section 7): each recomputes what the official implementations gave.
#include "core/engine/verify.h"
#include "plugins/delta_cache/engine/dit.h"
#include <memory>

namespace lathe::delta_cache {

VerifyCase forward_case();       ///< delta_cache/dit.forward
VerifyCase diffusers_case();     ///< delta_cache/dit.diffusers
VerifyCase samplers_case();      ///< delta_cache/dit.samplers
VerifyCase schedulers_case();    ///< delta_cache/dit.schedulers
VerifyCase policy_case();        ///< delta_cache/policy.delta_cache
VerifyCase metrics_case();       ///< delta_cache/metrics

// --- what several cases need
constexpr double kForwardTolerance = 2e-5, kTrajectoryTolerance = 1e-4, kTableTolerance = 1e-6;

/// The network of a weights file (or of the reference file itself) with the sizes of its metadata "config", ready for inference.
std::shared_ptr<Dit> case_network(const TensorIndex& weights);
std::shared_ptr<Dit> case_network(const VerifyInputs& inputs);                          ///< weights in the file itself
std::shared_ptr<Dit> case_network(const VerifyInputs& inputs, const Json& run);         ///< those the run names, else those the config names

/// in.<tag>.<name>, else in.<first part of the tag>.<name>, else in.<name>. Throws Error(wrong_format) where none is.
at::Tensor case_input(const VerifyInputs& inputs, const std::string& tag, const std::string& name);
bool has_case_input(const VerifyInputs& inputs, const std::string& tag, const std::string& name);

/// `key` of the run (a null there stays null), else of the config's "default", else of the config, else `fallback`.
Json case_option(const VerifyInputs& inputs, const Json& run, const char* key, Json fallback);

at::Tensor table(const std::vector<double>& values);                                    ///< float32
at::Tensor times(std::int64_t batch, double t);                                         ///< [batch] float32

}
