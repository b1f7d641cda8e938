// quantization.train: a classifier in float, or quantisation-aware from a float model.
#include "core/base/error.h"
#include "core/base/time.h"
#include "plugins/quantization/engine/calibration.h"
#include "plugins/quantization/engine/cifar_resnet.h"
#include "plugins/quantization/engine/classification.h"
#include "plugins/quantization/engine/methods.h"
#include "plugins/quantization/engine/train_settings.h"
#include <ATen/ATen.h>

namespace lathe::quantization {
namespace {

constexpr const char* kBefore = "top1_before";

class ClassifierRun {
public:
    explicit ClassifierRun(RunContext& run) : m_run(run), m_settings(train_settings_from(run.params())), m_train(open_data(run, true)), m_test(open_data(run, false)) {
        if (run.input("model")) m_given = open_subject(run);
        else if (m_settings.is_quantized)
            throw Error(ErrorCode::invalid_value, "Quantization-aware training starts from a model in float.", "input model", "Give one, for example what this method trained in float.");
    }

    void operator()() {
        const double begin = monotonic_seconds();
        const std::shared_ptr<Network> network = made_network();
        if (const auto* classifier = dynamic_cast<const Classifier*>(network.get())) check_classes(classifier->classes(), *m_test);
        const std::shared_ptr<QuantTap> tap = m_settings.is_quantized ? calibrated(network) : nullptr;
        m_trainer = std::make_unique<ClassifierTrainer>(m_settings.training, network, TrainingBatches(m_train, m_settings.batches), tap, m_settings.training.distillation > 0 ? m_given->model->network : nullptr);
        m_trainer->taps().set_tick([this] { m_run.check_cancelled(); });
        if (m_given && !m_run.resume_checkpoint()) m_trainer->notes[kBefore] = measured().top1;
        TrainingRhythm rhythm;
        rhythm.measure_steps = m_trainer->steps_of_epoch();
        rhythm.checkpoint_seconds = m_settings.checkpoint_minutes * 60;
        rhythm.batch = static_cast<int>(m_settings.batches.batch);
        rhythm.speed = "images_per_s";
        train(m_run, *m_trainer, rhythm, [this] { return m_trainer->step(); }, [this](std::int64_t step) {
            m_last = measured();
            m_run.metric("top1", step, m_last.top1);
        });
        give_result(tap.get());
        m_run.summary("seconds", monotonic_seconds() - begin);
    }

private:
    /// From scratch, or a copy of what was given: the cached network is that of other runs too, and of the teacher.
    std::shared_ptr<Network> made_network() const {
        if (!m_given) {
            CifarResNetConfig config;
            config.blocks = (m_settings.depth - 2) / 6;
            config.width = m_settings.width;
            config.channels = static_cast<int>(m_train->images.size(1));
            config.classes = static_cast<int>(m_train->classes.size());
            config.size = static_cast<int>(m_train->images.size(2));
            auto network = std::make_shared<CifarResNet>(config);
            network->initialize(m_settings.batches.seed);
            return network;
        }
        return copy_of(*m_given->model);
    }

    std::shared_ptr<QuantTap> calibrated(const std::shared_ptr<Network>& network) {
        const Settings& scheme = m_settings.scheme;
        QuantPlan plan = plan_of(*m_given, scheme);
        use_lsq_at_ends(plan, scheme.placement);
        auto tap = std::make_shared<QuantTap>(*network, std::move(plan));
        tap->set_fold(m_settings.fold);
        calibrate(*network, tap, calibration_batches(m_run, scheme), [this](std::int64_t) { m_run.check_cancelled(); });
        return tap;
    }

    ClassificationResult measured() {
        m_trainer->set_learning(false);
        ClassificationResult result = classify(m_trainer->network(), *m_test, m_settings.scheme.images, m_settings.scheme.batch, &m_trainer->taps(), [this](std::int64_t, std::int64_t) { m_run.check_cancelled(); });
        m_trainer->set_learning(true);
        return result;
    }

    void give_result(QuantTap* tap) {
        m_run.summary("top1", m_last.top1);
        m_run.summary("loss", m_last.loss);
        m_run.summary("images", m_last.images);
        if (const auto before = m_trainer->notes.find(kBefore); before != m_trainer->notes.end()) m_run.summary(kBefore, before->second);
        // Half precision would move weights across the borders of their steps.
        give_model(m_run, m_trainer->steps_done(), "classifier.safetensors", m_trainer->network().state(), m_trainer->network().config(), tap ? at::kFloat : at::kHalf);
        if (tap) give_quantizers(m_run, *tap, m_trainer->steps_done());
    }

    RunContext& m_run;
    TrainSettings m_settings;
    std::shared_ptr<const ClassificationSet> m_train, m_test;
    std::shared_ptr<const Subject> m_given;            // null: from scratch
    std::unique_ptr<ClassifierTrainer> m_trainer;
    ClassificationResult m_last;
};

}

Method train_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "quantization.train";
    info.title = "Train a classifier";
    info.help = "Trains a small ResNet in float, or a given classifier with its quantizers, whose scales and levels are learnt with the weights.";
    info.source = "MQBench (arXiv 2111.03759)";
    info.parameters = train_parameters();
    info.inputs = {{"model", "model", "Model", "What to begin with; quantized training needs it. Empty: a ResNet for small pictures from scratch.", false},
        {"data", "data", "Data set", "CIFAR-10 or CIFAR-100 in binary form, idx files, or pictures in folders of classes.", true}};
    info.outputs = {{"loss", "metric", "Loss", "", "lower"}, {"top1", "metric", "Top-1", "", "higher"}, {"top1_train", "metric", "Top-1 in training", "", "higher"}, {"loss.labels", "metric", "Loss of the labels", "", "lower"},
        {"loss.teacher", "metric", "Loss of the float model's outputs", "", "lower"}, {"gradient_norm", "metric", "Gradient norm", "", ""}, {"lr", "metric", "Learning rate", "", ""},
        {"images_per_s", "metric", "Speed", "images/s", "higher"}, {"skipped_steps", "metric", "Steps that were not finite", "", "lower"}, {"model", "file", "Model", "", ""}, {"quantizers", "file", "Quantizers", "", ""}};
    info.families = {"cifar_resnet", "resnet"};
    info.is_long = true;
    method.run = [](RunContext& run) { ClassifierRun{run}(); };
    return method;
}

}
