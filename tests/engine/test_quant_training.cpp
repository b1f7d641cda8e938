// Training of classifiers, in float and with quantisers: it learns, goes on from a checkpoint to the last bit, can be cancelled, every algorithm lowers the loss,
// every folding strategy computes what bn_fold says; and the tap that quantises any network.
#include "core/base/file.h"
#include "core/engine/model_cache.h"
#include "core/engine/registry.h"
#include "errors.h"
#include "fake_run.h"
#include "plugins/delta_cache/engine/dit_family.h"
#include "plugins/quantization/engine/calibration.h"
#include "plugins/quantization/engine/cifar_family.h"
#include "plugins/quantization/engine/cifar_resnet.h"
#include "plugins/quantization/engine/dynamic_quant_tap.h"
#include "plugins/quantization/engine/fake_quant_factory.h"
#include "plugins/quantization/engine/methods.h"
#include "plugins/quantization/engine/train_settings.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <QTemporaryDir>
#include <QtTest>

using namespace lathe;
using namespace lathe::quantization;
namespace fs = std::filesystem;

namespace {

constexpr int kSide = 12, kClasses = 3;

/// Grey pictures of bars: upright, level, aslant; noise above them.
LabelledImages bars(std::int64_t count, std::uint64_t seed) {
    at::manual_seed(seed);
    LabelledImages out{at::zeros({count, kSide, kSide}, at::kByte), at::arange(count, at::kLong).remainder(kClasses)};
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t at = at::randint(3, kSide - 3, {1}, at::kLong).item<std::int64_t>(), kind = i % kClasses;
        for (std::int64_t k = 0; k < kSide; ++k) {
            if (kind == 0) out.images[i][k][at] = 220;
            else if (kind == 1) out.images[i][at][k] = 220;
            else out.images[i][k][(k + at) % kSide] = 220;
        }
    }
    out.images = (out.images.to(at::kFloat) + at::rand(out.images.sizes()) * 35).to(at::kByte);
    return out;
}

ClassificationSet bar_set(std::int64_t count, std::uint64_t seed) {
    const LabelledImages made = bars(count, seed);
    return {made.images.unsqueeze(1), made.labels, {"upright", "level", "aslant"}, {0.2}, {0.3}};
}

std::string big_endian(std::initializer_list<std::int64_t> numbers) {
    std::string out;
    for (const std::int64_t n : numbers)
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(n >> shift);
    return out;
}

void write_split(const fs::path& folder, const std::string& name, const LabelledImages& made) {
    const auto bytes = [](const at::Tensor& t) { return std::string(static_cast<const char*>(t.const_data_ptr()), static_cast<std::size_t>(t.numel())); };
    write_file(folder / (name + "-images-idx3-ubyte"), big_endian({0x803, made.images.size(0), kSide, kSide}) + bytes(made.images.contiguous()));
    write_file(folder / (name + "-labels-idx1-ubyte"), big_endian({0x801, made.labels.size(0)}) + bytes(made.labels.to(at::kByte)));
}

std::shared_ptr<CifarResNet> small_net(std::uint64_t seed = 1, int width = 8) {
    CifarResNetConfig config{1, width, 1, kClasses, kSide};
    auto net = std::make_shared<CifarResNet>(config);
    net->initialize(seed);
    return net;
}

/// A network with its tap, calibrated.
struct Quantized {
    explicit Quantized(const Json& given) : network(small_net()) {
        Json params = complete_parameters(train_parameters(), given);
        settings = train_settings_from(params);
        QuantPlan plan = place(trace(*network, {at::zeros({1, 1, kSide, kSide})}), network->layers(), *settings.scheme.target, settings.scheme.placement);
        use_lsq_at_ends(plan, settings.scheme.placement);
        tap = std::make_shared<QuantTap>(*network, std::move(plan));
        tap->set_fold(settings.fold);
        set = std::make_shared<ClassificationSet>(bar_set(96, 3));
        calibrate(*network, tap, {set->batch(0, 32)});
        TrainingBatches::Options batches = settings.batches;
        batches.batch = 16;
        trainer = std::make_unique<ClassifierTrainer>(settings.training, network, TrainingBatches(set, batches), tap);
    }
    TrainSettings settings;
    std::shared_ptr<CifarResNet> network;
    std::shared_ptr<QuantTap> tap;
    std::shared_ptr<ClassificationSet> set;
    std::unique_ptr<ClassifierTrainer> trainer;
};

Json quantized_params(const char* weights, const char* activations, const char* backend = "academic") {
    return {{"mode", "quantized"}, {"backend", backend}, {"weight_algorithm", weights}, {"activation_algorithm", activations}, {"weight_bits", 4}, {"activation_bits", 4}, {"epochs", 20}, {"augment", false}, {"learning_rate", 0.02}};
}

/// Remembers what a layer gives.
struct Seen : Tap {
    explicit Seen(std::string name) : name(std::move(name)) {}
    bool wants(const LayerInfo& layer) override { return layer.name == name; }
    void leave(int, TensorRefs, at::Tensor& out) override { value = out; }
    std::string name;
    at::Tensor value;
};

std::string text_of(std::initializer_list<double> values) {
    std::string out;
    for (const double value : values) out += (out.empty() ? "" : ", ") + number_text(value);
    return out;
}

/// Which tensor of two checkpoints is not the same to the last bit; empty: none.
std::string first_difference(std::string a, std::string b) {
    const auto one = open_safetensors_bytes(std::make_shared<const std::string>(std::move(a)), "one"), other = open_safetensors_bytes(std::make_shared<const std::string>(std::move(b)), "other");
    if (one->metadata() != other->metadata()) return "metadata";
    if (one->entries().size() != other->entries().size()) return "entries";
    for (const TensorEntry& entry : one->entries())
        if (!other->find(entry.name) || !at::equal(one->get(entry.name), other->get(entry.name))) return entry.name;
    return {};
}

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>() / std::max(1e-6, b.abs().max().item<double>()); }

}

class TestQuantTraining : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    Registry m_registry;
    std::unique_ptr<ModelCache> m_models;
    Bytes m_float_model;

    fs::path data() const { return m_folder.path().toStdString(); }

    /// A run of quantization.train on the bars.
    struct Training {
        Training(TestQuantTraining& test, Json given, bool with_model = false) : method(train_method()) {
            run.set_params(complete_parameters(method.info.parameters, given));
            run.cache = test.m_models.get();
            run.inputs = {{"data", "data", "", test.data().string()}};
            if (with_model) {
                const fs::path file = test.data() / "float.safetensors";
                run.inputs.push_back({"model", "model", "float", file.string()});
            }
        }
        void operator()() { method.run(run); }
        FakeRun run;
        Method method;
    };
    static Json float_params() { return {{"depth", "8"}, {"width", 8}, {"epochs", 12}, {"train_batch", 16}, {"learning_rate", 0.05}}; }

private Q_SLOTS:
    void initTestCase() {
        write_split(data(), "train", bars(240, 1));
        write_split(data(), "t10k", bars(90, 2));
        m_registry.add(make_cifar_family());
        m_models = std::make_unique<ModelCache>(m_registry, 1 << 26);
    }

    void learns_in_float() {
        Training training(*this, float_params());
        training();
        const FakeRun& run = training.run;
        QVERIFY2(run.summaries.at("top1").get<double>() > 0.95, run.summaries.at("top1").dump().c_str());
        QVERIFY(!run.summaries.contains("top1_before"));
        QCOMPARE(run.metrics.at("top1").size(), std::size_t{12});
        QVERIFY(run.metrics.at("loss").rbegin()->second < 0.5 * run.metrics.at("loss").begin()->second);
        const Artifact* model = run.find("model");
        QVERIFY(model && !run.find("quantizers"));
        m_float_model = model->bytes;
        write_file(data() / "float.safetensors", *m_float_model);
        const auto file = open_tensors(data() / "float.safetensors");
        const auto family = make_cifar_family();
        const auto network = family->load(*file, {});
        QCOMPARE(family->facts(*network)["size"], Json(kSide));
        QCOMPARE(network->forward({at::zeros({2, 1, kSide, kSide})}, nullptr).sizes(), (at::IntArrayRef{2, kClasses}));
    }

    void a_grey_network_of_others_is_for_28_pixels() {
        const auto net = small_net();
        write_safetensors(data() / "grey.safetensors", net->state());
        const auto family = make_cifar_family();
        const auto network = family->load(*open_tensors(data() / "grey.safetensors"), {});
        QCOMPARE(family->facts(*network)["size"], Json(28));
        QCOMPARE(family->example(*network, 2, 0).front().sizes(), (at::IntArrayRef{2, 1, 28, 28}));
    }

    void learns_quantized_from_it() {
        Json params = quantized_params("lsq", "lsq", "tensorrt");
        params.update({{"epochs", 3}, {"train_batch", 16}, {"weight_bits", 3}, {"activation_bits", 3}, {"distillation", 0.5}, {"learning_rate", 0.01}});
        Training training(*this, params, true);
        training();
        const FakeRun& run = training.run;
        const double before = run.summaries.at("top1_before").get<double>(), after = run.summaries.at("top1").get<double>();
        QVERIFY2(after > 0.85 && after >= before - 0.05, text_of({before, after}).c_str());
        QVERIFY(run.metrics.contains("loss.teacher"));
        const auto quantizers = open_safetensors_bytes(run.find("quantizers")->bytes, "quantizers");
        QVERIFY(quantizers->find("conv1.weight_fake_quant.scale") && quantizers->metadata().contains("lathe.quantization"));
        QCOMPARE(quantizers->find("conv1.weight_fake_quant.scale")->shape, (std::vector<std::int64_t>{8}));
        const auto model = open_safetensors_bytes(run.find("model")->bytes, "model");
        QCOMPARE(model->get("conv1.weight").scalar_type(), at::kFloat);
        // The cached network that others run was not trained.
        const auto cached = m_models->open((data() / "float.safetensors").string(), "float", "", Json::object(), training.run);
        QVERIFY(at::equal(cached->network->state().at("conv1.weight"), open_tensors(data() / "float.safetensors")->get("conv1.weight").to(at::kFloat)));
    }

    void the_method_pauses_and_goes_on() {
        Training whole(*this, float_params()), first(*this, float_params()), rest(*this, float_params());
        whole();
        first.run.pause_at = 0.6;
        QVERIFY_THROWS_EXCEPTION(Paused, first());
        rest.run.resume_from = first.run.checkpoints.back();
        rest();
        QCOMPARE(*rest.run.find("model")->bytes, *whole.run.find("model")->bytes);
        QCOMPARE(rest.run.summaries.at("top1"), whole.run.summaries.at("top1"));
        Json other = float_params();
        other["seed"] = 1;
        Training wrong(*this, other);
        wrong.run.resume_from = first.run.checkpoints.back();
        QVERIFY(has_all(error_of([&] { wrong(); }), {"another network, data set, batch, seed"}));
    }

    void stops_when_cancelled() {
        Training training(*this, float_params());
        training.run.cancel_after = 40;
        QVERIFY_THROWS_EXCEPTION(Cancelled, training());
        QVERIFY(!training.run.find("model"));
    }

    void goes_on_to_the_last_bit_data() {
        QTest::addColumn<QString>("params");
        for (const auto& [weights, activations, backend] : std::initializer_list<std::array<const char*, 3>>{{"lsq", "lsq_plus", "academic"}, {"dorefa", "pact", "academic"}, {"dsq", "dsq", "snpe"}, {"apot", "qil", "academic"}, {"tqt", "tqt", "vitis"}})
            QTest::newRow((std::string(weights) + " " + activations + " " + backend).c_str()) << QString::fromStdString(quantized_params(weights, activations, backend).dump());
        for (const char* fold : {"0", "1", "2", "3", "4"}) {
            Json params = quantized_params("lsq", "lsq", "tensorrt");
            params["bn_fold"] = fold;
            QTest::newRow((std::string("folding ") + fold).c_str()) << QString::fromStdString(params.dump());
        }
    }
    void goes_on_to_the_last_bit() {
        QFETCH(QString, params);
        const Json given = parse_json(params.toStdString(), "params");
        Quantized whole(given), first(given), rest(given);
        rest.trainer->step();   // what it learns here is forgotten
        for (int i = 0; i < 4; ++i) whole.trainer->step();
        for (int i = 0; i < 2; ++i) first.trainer->step();
        rest.trainer->resume(std::make_shared<const std::string>(first.trainer->checkpoint()));
        for (int i = 0; i < 2; ++i) rest.trainer->step();
        QCOMPARE(first_difference(rest.trainer->checkpoint(), whole.trainer->checkpoint()), std::string());
    }

    void every_algorithm_lowers_the_loss_data() {
        QTest::addColumn<QString>("params");
        const auto row = [](const char* weights, const char* activations, const char* backend) {
            QTest::newRow((std::string(weights) + ", " + activations + ", " + backend).c_str()) << QString::fromStdString(quantized_params(weights, activations, backend).dump());
        };
        for (const char* algorithm : {"lsq", "lsq_plus", "dsq", "qil", "apot", "tqt"}) row(algorithm, algorithm, "academic");
        row("dorefa", "pact", "academic");
        for (const char* algorithm : {"lsq", "lsq_plus", "dsq", "tqt"}) row(algorithm, algorithm, "tensorrt");
        row("dorefa", "pact", "snpe");
        row("backend", "backend", "vitis");
        row("backend", "backend", "onnxruntime");
    }
    void every_algorithm_lowers_the_loss() {
        QFETCH(QString, params);
        Quantized trained(parse_json(params.toStdString(), "params"));
        double first = 0, last = 0;
        constexpr int kSteps = 60, kMean = 6;
        for (int i = 0; i < kSteps; ++i) {
            const TrainingStep step = trained.trainer->step();
            QVERIFY(!step.skipped);
            (i < kMean ? first : last) += i < kMean || i >= kSteps - kMean ? step.loss / kMean : 0;
        }
        QVERIFY2(last < 0.8 * first, text_of({first, last}).c_str());
    }

    void what_is_learnt_moves() {
        for (const auto& [algorithm, place, member] : std::initializer_list<std::array<const char*, 3>>{{"lsq", "layer1_0_relu1_post_act_fake_quantizer", "scale"}, {"pact", "layer1_0_relu1_post_act_fake_quantizer", "alpha"}, {"qil", "layer1_0_relu1_post_act_fake_quantizer", "C"},
                 {"apot", "layer1_0_relu1_post_act_fake_quantizer", "alpha"}}) {
            Quantized trained(quantized_params("lsq", algorithm));
            Quantizer* quantizer = trained.tap->find(place);
            QVERIFY2(quantizer, place);
            const at::Tensor before = quantizer->learnt().at(member).detach().clone();
            for (int i = 0; i < 5; ++i) trained.trainer->step();
            QVERIFY2(!at::equal(before, quantizer->learnt().at(member)), algorithm);
        }
    }

    void foldings_compute_what_bn_fold_says_data() {
        QTest::addColumn<int>("strategy");
        for (int i = 0; i < 5; ++i) QTest::newRow(std::to_string(i).c_str()) << i;
    }
    void foldings_compute_what_bn_fold_says() {
        QFETCH(int, strategy);
        Json params = quantized_params("lsq", "lsq", "tensorrt");
        params["bn_fold"] = std::to_string(strategy);
        const auto network = small_net();
        {   // a normalisation that does something
            const c10::NoGradGuard no_gradients;
            at::manual_seed(5);
            for (auto& [key, t] : network->state()) {
                if (key == "bn1.weight") t.copy_(at::rand_like(t) + 0.5);
                if (key == "bn1.bias" || key == "bn1.running_mean") t.copy_(at::randn_like(t) * 0.3);
                if (key == "bn1.running_var") t.copy_(at::rand_like(t) + 0.4);
            }
        }
        const TrainSettings settings = train_settings_from(complete_parameters(train_parameters(), params));
        PlacementOptions placement = settings.scheme.placement;
        placement.quantize_activations = false;
        const auto tap = std::make_shared<QuantTap>(*network, place(trace(*network, {at::zeros({1, 1, kSide, kSide})}), network->layers(), *settings.scheme.target, placement));
        const auto fold = static_cast<BnFold>(strategy);
        tap->set_fold(fold);
        const auto set = std::make_shared<ClassificationSet>(bar_set(32, 8));
        calibrate(*network, tap, {set->batch(0, 32)});
        ClassifierTrainer trainer(settings.training, network, TrainingBatches(set, settings.batches), tap);

        std::map<std::string, at::Tensor> now;
        network->visit("", [&](const std::string& key, at::Tensor& t) { now.emplace(key, t); });
        const c10::AutoGradMode gradients(true);
        const auto leaf = [&](const char* key) { return now.at(key).detach().clone().requires_grad_(true); };
        const at::Tensor weight = leaf("conv1.weight"), gamma = leaf("bn1.weight"), beta = leaf("bn1.bias");
        NormTensors norm{gamma, beta, now.at("bn1.running_mean").clone(), now.at("bn1.running_var").clone()};
        const at::Tensor x = set->batch(0, 16);
        const auto convolve = [](const at::Tensor& in, const at::Tensor& w) { return at::conv2d(in, w, {}, 1, 1); };
        const auto quantize = [&](const at::Tensor& w) { return (*tap->find("conv1.weight_fake_quant"))(w); };
        const at::Tensor want = fold == BnFold::once ? folded_training(fold, x, weight, beta, norm, convolve, quantize) : folded_training(fold, x, weight, {}, norm, convolve, quantize);

        const auto seen = std::make_shared<Seen>("bn1");
        trainer.taps().add(seen);
        trainer.set_learning(true);
        network->forward({x}, &trainer.taps());
        QVERIFY2(difference(seen->value, want) < 2e-5, text_of({difference(seen->value, want)}).c_str());
        QVERIFY(difference(now.at("bn1.running_mean"), norm.running_mean) < 1e-5);
        QVERIFY(difference(now.at("bn1.running_var"), norm.running_var) < 1e-5);
        const at::Tensor upstream = at::randn_like(want);
        want.backward(upstream);
        seen->value.backward(upstream);
        QVERIFY(difference(now.at("conv1.weight").grad(), weight.grad()) < 2e-4);
        QVERIFY(difference(now.at("bn1.bias").grad(), beta.grad()) < 2e-4);
        if (fold != BnFold::once) QVERIFY(difference(now.at("bn1.weight").grad(), gamma.grad()) < 2e-4);
        else QVERIFY(!now.at("bn1.weight").grad().defined());
    }

    void all_foldings_deploy_the_same_layer() {
        const auto run_with = [](const char* fold) {
            Json params = quantized_params("lsq", "lsq", "tensorrt");
            params["bn_fold"] = fold;
            Quantized made(params);
            made.trainer->set_learning(false);
            const c10::NoGradGuard no_gradients;
            return made.network->forward({made.set->batch(0, 8)}, &made.trainer->taps()).clone();
        };
        const at::Tensor first = run_with("4");
        for (const char* fold : {"0", "1", "2", "3"}) QVERIFY2(difference(run_with(fold), first) < 0.02, fold);   // a value on the border of a step may fall to the other side
    }

    void says_what_cannot_be() {
        Training alone(*this, quantized_params("lsq", "lsq"));
        QVERIFY(has_all(error_of([&] { alone(); }), {"starts from a model in float", "input model"}));
        for (const char* algorithm : {"apot", "qil"}) {
            Training uneven(*this, quantized_params(algorithm, "lsq", "tensorrt"), true);
            QVERIFY(has_all(error_of([&] { uneven(); }), {"TensorRT cannot compute", algorithm, "Academic"}));
        }
        Json eight = quantized_params("apot", "lsq");
        eight["weight_bits"] = 8;
        Training wide(*this, eight, true);
        QVERIFY(!error_of([&] { wide(); }).empty());
        Json many = float_params();
        many["train_images"] = 1000;
        Training more(*this, many);
        QVERIFY(has_all(error_of([&] { more(); }), {"1000 of 240"}));
    }

    void batches_are_drawn_from_their_number() {
        const auto set = std::make_shared<ClassificationSet>(bar_set(50, 4));
        TrainingBatches in_order(set, {0, 16, true, 9}), alone(set, {0, 16, true, 9}), plain(set, {0, 16, false, 9});
        at::Tensor all;
        for (int step = 0; step < 25; ++step) {   // over the ends of 8 epochs
            const auto batch = in_order(step);
            QCOMPARE(batch.pictures.sizes(), (at::IntArrayRef{16, 1, kSide, kSide}));
            if (step == 17) {
                QVERIFY(at::equal(batch.pictures, alone(17).pictures));
                QVERIFY(at::equal(batch.labels, plain(17).labels));
                QVERIFY(!at::equal(batch.pictures, plain(17).pictures));
            }
        }
    }

    void the_tap_quantizes_any_network() {
        const auto family = delta_cache::make_dit_family();
        const auto dit = family->make({{"input_size", 8}, {"patch_size", 2}, {"in_channels", 1}, {"hidden_size", 32}, {"depth", 2}, {"num_heads", 2}, {"num_classes", 4}}, 3);
        const std::vector<at::Tensor> inputs = family->example(*dit, 2, 5);
        const c10::NoGradGuard no_gradients;
        const at::Tensor exact = dit->forward(inputs, nullptr).clone();
        const TapFactory factory = fake_quant_factory();
        FakeRun run;
        const auto error_with = [&](const Json& given) {
            TapStack taps;
            taps.add(std::shared_ptr<Tap>(factory.make(complete_parameters(factory.info.parameters, given), run)));
            taps.attach(dit->layers());
            const at::Tensor first = dit->forward(inputs, &taps).clone(), again = dit->forward(inputs, &taps);
            if (!at::equal(first, again)) throw Error(ErrorCode::internal, "The second pass differs.");
            return difference(first, exact);
        };
        QVERIFY(error_with({{"weight_bits", 0}, {"activation_bits", 0}}) < 1e-5);
        const double eight = error_with({{"weight_bits", 8}, {"activation_bits", 8}}), four = error_with({{"weight_bits", 4}, {"activation_bits", 4}}), ends = error_with({{"weight_bits", 4}, {"activation_bits", 4}, {"first_last_8", false}});
        QVERIFY2(eight > 1e-4 && eight < 0.05 && four > 2 * eight && ends != four, text_of({eight, four, ends}).c_str());
        const Json told = run.summaries.at("quantization.fake_quant");
        QCOMPARE(told["arithmetic"], Json("simulated"));
        std::int64_t weighted = 0, mlp = 0;
        for (const LayerInfo& layer : dit->layers())
            if (layer.type == "Linear" || layer.type == "Conv2d") {
                ++weighted;
                mlp += layer.name.find("mlp.fc1") != std::string::npos;
            }
        QCOMPARE(told["layers"], Json(weighted));
        QVERIFY(error_with({{"weight_bits", 4}, {"layers", "mlp.fc1, nothing"}}) > 1e-4);
        QCOMPARE(run.summaries.at("quantization.fake_quant")["layers"], Json(mlp));
        QVERIFY(error_with({{"weight_bits", 4}, {"layers", "no such layer"}}) < 1e-5);
        QCOMPARE(run.summaries.at("quantization.fake_quant")["layers"], Json(0));   // nothing is quantised, and it says so
        QVERIFY(has_all(error_of([] { DynamicQuantTap({1, 8, true, true, ""}); }), {"1 bits"}));
    }

    void the_tap_follows_its_weights() {
        const auto net = small_net();
        net->prepare_inference();
        const c10::NoGradGuard no_gradients;
        const auto tap = std::make_shared<DynamicQuantTap>(DynamicQuantOptions{4, 0, true, false, ""});
        TapStack taps;
        taps.add(tap);
        taps.attach(net->layers());
        const at::Tensor x = bar_set(8, 1).batch(0, 8), first = net->forward({x}, &taps).clone();
        net->initialize(2);   // other values in the same tensors
        taps.attach(net->layers());
        QVERIFY(difference(net->forward({x}, &taps), first) > 0.01);
        const auto wide = small_net(1, 4);   // another network behind the same tap
        wide->prepare_inference();
        taps.attach(wide->layers());
        QCOMPARE(wide->forward({x}, &taps).sizes(), (at::IntArrayRef{8, kClasses}));
    }
};

QTEST_GUILESS_MAIN(TestQuantTraining)
#include "test_quant_training.moc"
