// delta_cache.evaluate: the share of guided samples that a classifier recognises as the class they were asked for.
#include "plugins/delta_cache/engine/evaluate.h"
#include "core/base/error.h"
#include "plugins/delta_cache/engine/classifier.h"
#include "plugins/delta_cache/engine/dit_trainer.h"
#include "plugins/delta_cache/engine/reference.h"
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

namespace lathe::delta_cache {
namespace {

constexpr std::int64_t kSampleBatch = 100, kClasses = std::int64_t(kFashionClasses.size());

at::Tensor draw(RunContext& run, Dit& dit, std::int64_t per_class) {
    const Json& p = run.params();
    const std::int64_t count = per_class * kClasses;
    const int steps = p.at("steps").get<int>();
    const double guidance = number_from(p.at("guidance"), "guidance");
    const auto seed = p.at("seed").get<std::uint64_t>();
    std::vector<at::Tensor> all;
    for (std::int64_t first = 0; first < count; first += kSampleBatch) {
        const at::Tensor labels = at::arange(first, std::min(count, first + kSampleBatch), at::kLong).remainder(kClasses);
        all.push_back(sample_pixels(dit, labels, steps, guidance, seed + std::uint64_t(first), [&run] { run.check_cancelled(); }));
        run.progress(0.5 + 0.5 * double(first + labels.size(0)) / double(count), 1, "drawing");
    }
    return at::cat(all);
}

void evaluate(RunContext& run) {
    const Json& p = run.params();
    const auto model = open_model(run);
    Dit& dit = dit_of(*model);
    const DitConfig& c = dit.dit_config();
    if (c.input_size != 28 || c.in_channels != 1 || c.num_classes != kClasses || c.class_dropout == 0)
        throw Error(ErrorCode::unsupported, "Only models of Fashion-MNIST in pixels with a null class can be judged by its classifier.", to_json(c).dump(), "Choose a model made by delta_cache.train.");
    const InputAsset* given = run.input("data");
    const auto folder = find_fashion_mnist(given ? given->path : std::string());
    const LabelledImages training = load_fashion_mnist(folder, true), test = load_fashion_mnist(folder, false);

    const auto seed = p.at("seed").get<std::uint64_t>();
    Classifier classifier(seed);
    classifier.train(training, p.at("classifier_epochs").get<int>(), seed, [&run](std::int64_t step, std::int64_t steps, double loss) {
        run.check_cancelled();
        if (step % 50 == 0) run.metric("classifier.loss", step, loss);
        run.progress(0.5 * double(step) / double(steps), 1, "training the classifier");
    });
    const double accuracy = classifier.accuracy(test);
    run.summary("classifier_accuracy", accuracy);
    run.log("info", "The classifier recognises " + number_text(accuracy * 100) + " % of the test pictures.");

    const std::int64_t per_class = p.at("samples_per_class").get<std::int64_t>();
    const at::Tensor pictures = draw(run, dit, per_class), asked = at::arange(per_class * kClasses, at::kLong).remainder(kClasses), seen = classifier.predict(pictures);
    const at::Tensor confusion = at::bincount(asked * kClasses + seen, {}, kClasses * kClasses).view({kClasses, kClasses});
    std::vector<std::string> columns{"asked"};
    std::vector<std::vector<Json>> rows;
    for (std::int64_t i = 0; i < kClasses; ++i) {
        columns.emplace_back(kFashionClasses[std::size_t(i)]);
        rows.push_back({std::string(kFashionClasses[std::size_t(i)])});
        for (std::int64_t j = 0; j < kClasses; ++j) rows.back().push_back(confusion[i][j].item<std::int64_t>());
        run.metric("recognised", i, confusion[i][i].item<double>() / double(per_class));
    }
    run.table("confusion", columns, rows, {{"rows", "asked"}, {"columns", "recognised as"}});
    run.image("samples", 0, picture_grid(pictures.narrow(0, 0, std::min<std::int64_t>(pictures.size(0), 100)), int(kClasses)));
    run.summary("samples", per_class * kClasses);
    run.summary("recognised", (seen == asked).to(at::kDouble).mean().item<double>());
}

}

Method evaluate_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "delta_cache.evaluate";
    info.title = "Judge a small DiT";
    info.help = "Trains a classifier on Fashion-MNIST, states its accuracy, and counts how many guided samples it recognises as the class they were asked for.";
    info.parameters = {
        Parameter::integer("samples_per_class", 100).range(1, 10'000).with_label("Samples of each class").with_group("Samples"),
        Parameter::integer("steps", 50).range(2, 1000).with_label("Steps").with_group("Samples").with_help("Of the DDIM sampler."),
        Parameter::number("guidance", 2.0).range(1, 20).with_label("Guidance").with_group("Samples"),
        Parameter::integer("classifier_epochs", 5).range(1, 100).with_label("Epochs").with_group("Classifier"),
        Parameter::seed("seed", 0).with_label("Seed").with_group("Samples"),
    };
    info.inputs = {{"model", "model", "Model", "A DiT made by delta_cache.train; empty: the demo.", false}, {"data", "data", "Fashion-MNIST", "Its folder; empty: the Debian package.", false}};
    info.families = {"dit"};
    info.outputs = {{"classifier.loss", "metric", "Loss of the classifier", "", "lower"}, {"recognised", "metric", "Recognised share, by class", "", "higher"}, {"confusion", "table", "Asked and recognised", "", ""},
        {"samples", "image", "Samples", "", ""}};
    info.is_long = true;
    method.run = evaluate;
    return method;
}

}
