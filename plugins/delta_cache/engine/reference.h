#pragma once
// The uncached run that variants are compared with. It is kept between live runs, unfinished ones too, so that a drag over caching parameters computes
// the variant only. Work thread only.
#include "core/engine/model_cache.h"
#include "core/method/run.h"
#include "plugins/delta_cache/engine/settings.h"
#include <set>

namespace lathe::delta_cache {

struct Trace {
    std::vector<at::Tensor> samples, starts;      ///< after each step; the estimate of x0 at each step
    std::vector<double> seconds;                  ///< of each model call
    double total_seconds() const;
};

/// A run with what it needs to go on, alive as long as it may.
class ReferenceRun {
public:
    ReferenceRun(std::shared_ptr<CachedModel> model, const SamplingSettings& settings, std::int64_t batch);
    int steps() const { return m_sampler->steps(); }
    const at::Tensor& noise() const { return m_trajectory.start(); }
    std::int64_t rows() const { return m_trajectory.rows(); }
    /// Computes until `step` is there.
    void reach(int step, TapStack* taps);
    const Trace& trace() const { return m_trace; }
    std::int64_t bytes() const;
private:
    std::shared_ptr<CachedModel> m_model;
    std::unique_ptr<Sampler> m_sampler;
    Trajectory m_trajectory;
    Trace m_trace;
};

class ReferenceStore {
public:
    /// The run of that key, made where there is none. The least recently used go when all take more than 256 MiB.
    std::shared_ptr<ReferenceRun> find(const std::string& key, const std::function<std::shared_ptr<ReferenceRun>()>& make);
    /// Runs the model once where it has not been run with so many rows and threads: the first call prepares weights and measures which product is faster,
    /// and that belongs to neither side of a comparison of times.
    void warm_up(const CachedModel& model, std::int64_t rows);
private:
    std::set<std::string> m_warm;
    std::vector<std::pair<std::string, std::shared_ptr<ReferenceRun>>> m_runs;   // most recently used last
};

/// Everything that decides the uncached run.
std::string reference_key(const CachedModel& model, const SamplingSettings& settings, std::int64_t batch, const RunRequest& request);

/// The input "model", else the demo that comes with Lathe. Throws Error(not_found, wrong_format).
std::shared_ptr<CachedModel> open_model(RunContext& run);
/// Small networks run on one thread, unless the request says how many: their layers are done in microseconds, and threads that wait for each other at every
/// layer gain nothing on a quiet computer and lose everything on a busy one.
void choose_threads(const RunContext& run, const DitConfig& config, std::int64_t rows);
Dit& dit_of(const CachedModel& model);            ///< throws Error(invalid_value) for another family
at::Tensor batch_labels(std::int64_t label, std::int64_t batch);
std::vector<std::int64_t> sample_shape(const DitConfig& config, std::int64_t batch);

}
