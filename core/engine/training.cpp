#include "core/engine/training.h"
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/nn/tensor_index.h"
#include <ATen/ATen.h>
#include <limits>

namespace lathe {
namespace {

constexpr int kGiveUpAfter = 20;

class TrainingLoop {
public:
    TrainingLoop(RunContext& run, Trainable& trained, const TrainingRhythm& rhythm) : m_run(run), m_trained(trained), m_rhythm(rhythm) {}

    void operator()(const std::function<TrainingStep()>& one_step, const std::function<void(std::int64_t)>& measure) {
        if (const Bytes checkpoint = m_run.resume_checkpoint()) {
            m_trained.resume(checkpoint);
            m_run.log("info", "Resumed at step " + std::to_string(m_trained.steps_done()) + ".");
        }
        const std::int64_t total = m_trained.steps_total();
        double saved = m_since = monotonic_seconds();
        while (m_trained.steps_done() < total) {
            m_run.check_cancelled();
            note(one_step());
            const std::int64_t done = m_trained.steps_done();
            m_run.progress(static_cast<double>(done), static_cast<double>(total), "step " + std::to_string(done) + " of " + std::to_string(total));
            if (m_run.pause_asked()) {
                save();
                throw Paused{};
            }
            if (monotonic_seconds() - saved > m_rhythm.checkpoint_seconds && done < total) {
                save();
                saved = monotonic_seconds();
            }
            if (done == total || (m_rhythm.measure_steps > 0 && done % m_rhythm.measure_steps == 0)) {
                const double begin = monotonic_seconds();
                measure(done);
                m_since += monotonic_seconds() - begin;   // not training
            }
        }
        m_run.summary("loss", number_json(m_last_loss));
        m_run.summary("skipped_steps", m_trained.skipped());
    }

private:
    void save() { m_run.checkpoint(std::make_shared<const std::string>(m_trained.checkpoint())); }

    void note(const TrainingStep& step) {
        m_skipped_in_row = step.skipped ? m_skipped_in_row + 1 : 0;
        if (m_skipped_in_row >= kGiveUpAfter)
            throw Error(ErrorCode::invalid_value, "The training has diverged: " + std::to_string(kGiveUpAfter) + " steps in a row were not finite.", "lr " + number_text(step.lr), "Start again with a smaller learning rate or a longer warm-up.");
        if (!step.skipped) {
            m_sum.loss += step.loss;
            m_sum.gradient_norm += step.gradient_norm;
            m_sum.parts.resize(step.parts.size());
            for (std::size_t i = 0; i < step.parts.size(); ++i) {
                m_sum.parts[i].first = step.parts[i].first;
                m_sum.parts[i].second += step.parts[i].second;
            }
            ++m_count;
        }
        if (m_trained.steps_done() % m_rhythm.metric_steps == 0 && m_count > 0) put_point(step.lr);
    }

    void put_point(double lr) {
        const std::int64_t done = m_trained.steps_done();
        const double now = monotonic_seconds();
        m_last_loss = m_sum.loss / m_count;
        m_run.metric("loss", done, m_last_loss);
        for (const auto& [key, sum] : m_sum.parts) m_run.metric(key, done, sum / m_count);
        m_run.metric("gradient_norm", done, m_sum.gradient_norm / m_count);
        m_run.metric("lr", done, lr);
        m_run.metric(m_rhythm.speed, done, static_cast<double>(m_count) * m_rhythm.batch / (now - m_since));
        m_run.metric("skipped_steps", done, static_cast<double>(m_trained.skipped()));
        m_sum = {};
        m_count = 0;
        m_since = now;
    }

    RunContext& m_run;
    Trainable& m_trained;
    const TrainingRhythm& m_rhythm;
    TrainingStep m_sum;                 // of the finite steps since the last point
    int m_count = 0, m_skipped_in_row = 0;
    double m_since = 0, m_last_loss = std::numeric_limits<double>::quiet_NaN();
};

}

void train(RunContext& run, Trainable& trained, const TrainingRhythm& rhythm, const std::function<TrainingStep()>& step, const std::function<void(std::int64_t)>& measure) {
    TrainingLoop(run, trained, rhythm)(step, measure);
}

void give_model(RunContext& run, std::int64_t step, const std::string& file_name, std::map<std::string, at::Tensor> tensors, const Json& config, at::ScalarType type) {
    for (auto& [key, tensor] : tensors) tensor = tensor.to(type);
    Artifact model;
    model.key = "model";
    model.kind = "file";
    model.media = "application/safetensors";
    model.step = step;
    model.meta = {{"name", file_name}, {"dtype", type == at::kHalf ? "F16" : "F32"}};
    model.bytes = std::make_shared<const std::string>(safetensors_bytes(tensors, {{"lathe.config", config.dump()}, {"lathe.training", run.params().dump()}}));
    run.artifact(std::move(model));
}

}
