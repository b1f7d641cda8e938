// Vision Transformers: reference files, every layout opened and written, all options of the network, gradients, training, and what is refused.
#include "core/base/file.h"
#include "core/engine/registry.h"
#include "core/nn/optim.h"
#include "errors.h"
#include "fake_run.h"
#include "plugins/vit_merge/engine/cases.h"
#include "plugins/vit_merge/engine/resample.h"
#include "plugins/vit_merge/engine/vit.h"
#include "plugins/vit_merge/engine/vit_family.h"
#include "test_data.h"
#include "verify_text.h"
#include <ATen/ATen.h>
#include <QProcess>
#include <QTemporaryDir>
#include <QtTest>
#include <c10/core/GradMode.h>

using namespace lathe;
using namespace lathe::vit_merge;
namespace fs = std::filesystem;

namespace {

constexpr const char* kShipped[] = {"timm_vit_avg", "timm_deit_distilled", "hf_clip_visual", "pos_embed_interp", "per_sample_linear", "wemoe_mlp"};
constexpr const char* kShared[] = {"timm_vit_token", "timm_vit_avg", "torchvision_vit_token", "hf_vit_token", "timm_deit_distilled", "openai_clip_visual", "hf_clip_visual", "pos_embed_interp",
    "gate_mobilenetv2", "per_sample_linear", "wemoe_mlp"};

Registry vit_cases() {
    Registry registry;
    for (auto make : {timm_case, torchvision_case, hf_case, deit_case, clip_case, pos_embed_case, mobilenet_case, per_sample_linear_case, we_moe_case}) registry.add(make());
    return registry;
}

VitConfig small_vit() {
    VitConfig c;
    c.height = c.width = 16;
    c.patch = 4;
    c.dim = 24;
    c.depth = 2;
    c.heads = 3;
    c.mlp = 40;
    c.classes = 5;
    return c;
}

/// Random weights, norms and scales included, so that nothing cancels.
std::unique_ptr<Vit> random_vit(const VitConfig& config, std::int64_t seed = 1) {
    auto vit = std::make_unique<Vit>(config);
    at::manual_seed(std::uint64_t(seed));
    vit->visit("", [](const std::string& key, at::Tensor& tensor) {
        tensor.copy_(at::randn(tensor.sizes()) * 0.3);
        if (key.ends_with("norm1.weight") || key.ends_with("norm2.weight") || key == "norm.weight" || key.ends_with(".gamma")) tensor.add_(1);
    });
    vit->prepare_inference();
    return vit;
}

double furthest(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

struct Option { const char* name; std::function<void(VitConfig&)> set; };
const std::vector<Option>& options() {
    static const std::vector<Option> all{
        {"plain", [](VitConfig&) {}},
        {"registers", [](VitConfig& c) { c.registers = 4; }},
        {"layer scale", [](VitConfig& c) { c.layer_scale = true; }},
        {"qk norm", [](VitConfig& c) { c.qk_norm = true; }},
        {"no class token", [](VitConfig& c) { c.class_token = false; c.pool_average = c.fc_norm = true; }},
        {"position on patches only", [](VitConfig& c) { c.embed_prefix = false; c.registers = 2; }},
        {"norm before the blocks", [](VitConfig& c) { c.norm_pre = true; }},
        {"norm, then mean", [](VitConfig& c) { c.pool_average = true; }},
        {"mean, then norm", [](VitConfig& c) { c.pool_average = c.fc_norm = true; }},
        {"no bias", [](VitConfig& c) { c.qkv_bias = c.patch_bias = false; }},
        {"not square", [](VitConfig& c) { c.height = 8; c.width = 24; }},
        {"distilled", [](VitConfig& c) { c.dist_token = true; }},
        {"headless", [](VitConfig& c) { c.classes = 0; }},
        {"QuickGELU", [](VitConfig& c) { c.quick_gelu = true; }},
        {"projection", [](VitConfig& c) { c.projection = 7; c.classes = 0; c.norm_pre = true; }},
        {"one channel", [](VitConfig& c) { c.channels = 1; }},
    };
    return all;
}

/// Written out once more, with nothing but products: what the specification says.
at::Tensor expected_features(const TensorMap& w, const VitConfig& c, const at::Tensor& images) {
    const auto norm = [&](const at::Tensor& x, const std::string& key) {
        const at::Tensor centred = x - x.mean(-1, true);
        return centred / at::sqrt(centred.square().mean(-1, true) + c.eps) * w.at(key + ".weight") + w.at(key + ".bias");
    };
    const auto linear = [&](const at::Tensor& x, const std::string& key) {
        const at::Tensor y = at::matmul(x, w.at(key + ".weight").t());
        return w.contains(key + ".bias") ? y + w.at(key + ".bias") : y;
    };
    std::vector<at::Tensor> patches;
    for (std::int64_t r = 0; r < c.grid_rows(); ++r)
        for (std::int64_t k = 0; k < c.grid_columns(); ++k) {
            const at::Tensor patch = images.narrow(2, r * c.patch, c.patch).narrow(3, k * c.patch, c.patch).flatten(1);
            at::Tensor token = at::matmul(patch, w.at("patch_embed.proj.weight").flatten(1).t());
            if (c.patch_bias) token = token + w.at("patch_embed.proj.bias");
            patches.push_back(token);
        }
    at::Tensor x = at::stack(patches, 1);
    if (!c.embed_prefix) x = x + w.at("pos_embed");
    for (const char* token : {"reg_token", "dist_token", "cls_token"})
        if (w.contains(token)) x = at::cat({w.at(token).expand({images.size(0), -1, -1}), x}, 1);
    if (c.embed_prefix) x = x + w.at("pos_embed");
    if (c.norm_pre) x = norm(x, "norm_pre");
    const std::int64_t size = c.dim / c.heads;
    for (std::int64_t l = 0; l < c.depth; ++l) {
        const std::string b = "blocks." + std::to_string(l) + ".";
        const at::Tensor qkv = linear(norm(x, b + "norm1"), b + "attn.qkv");
        std::vector<at::Tensor> heads;
        for (std::int64_t h = 0; h < c.heads; ++h) {
            at::Tensor q = qkv.narrow(2, h * size, size), k = qkv.narrow(2, c.dim + h * size, size);
            if (c.qk_norm) {
                q = norm(q, b + "attn.q_norm");
                k = norm(k, b + "attn.k_norm");
            }
            heads.push_back(at::matmul(at::softmax(at::matmul(q, k.transpose(1, 2)) / std::sqrt(double(size)), -1), qkv.narrow(2, 2 * c.dim + h * size, size)));
        }
        at::Tensor y = linear(at::cat(heads, 2), b + "attn.proj");
        x = x + (c.layer_scale ? y * w.at(b + "ls1.gamma") : y);
        y = linear(norm(x, b + "norm2"), b + "mlp.fc1");
        y = c.quick_gelu ? y * at::sigmoid(1.702 * y) : 0.5 * y * (1 + at::erf(y / std::sqrt(2.0)));
        y = linear(y, b + "mlp.fc2");
        x = x + (c.layer_scale ? y * w.at(b + "ls2.gamma") : y);
    }
    if (!c.fc_norm) x = norm(x, "norm");
    at::Tensor y = c.pool_average ? x.narrow(1, c.prefix_tokens(), x.size(1) - c.prefix_tokens()).mean(1) : c.dist_token ? x.narrow(1, 0, 2) : x.select(1, 0);
    if (c.fc_norm) y = norm(y, "fc_norm");
    return c.projection ? at::matmul(y, w.at("proj")) : y;
}

}

class TestVitNetworks : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    fs::path path(const char* name) const { return fs::path(m_folder.path().toStdString()) / name; }
    /// A file of these canonical tensors in a layout, without a word about itself but `said`.
    std::shared_ptr<TensorIndex> written(Vit& vit, VitLayout layout, const std::string& prefix, const Json& said) const {
        const fs::path file = path("model.safetensors");
        write_safetensors(file, checkpoint_tensors(vit.state(), vit.vit(), layout, prefix), {{"config", said.dump()}});
        return open_tensors(file);
    }

    /// The tensors, written by Python under this name, make the same network.
    void opens_as_python_wrote_it(Vit& vit, const std::map<std::string, at::Tensor>& tensors, const char* name, std::string_view layout) const {
        write_safetensors(path("given.safetensors"), tensors);
        QProcess python;
        python.start(QStringLiteral("python3"), {QString::fromStdString(test_data("convert_checkpoint.py").string()), QString::fromStdString(path("given.safetensors").string()), QString::fromStdString(path(name).string())});
        QVERIFY2(python.waitForStarted() && python.waitForFinished(120'000) && python.exitCode() == 0, python.readAllStandardError().constData());
        const auto index = open_tensors(path(name));
        std::string why;
        const auto found = recognise_vit(*index, &why);
        QVERIFY2(found.has_value(), why.c_str());
        QCOMPARE(to_text(found->layout), layout);
        QVERIFY2(differences(vit.vit(), *found).empty(), json_text(to_json(*found)).c_str());
        Vit again(*found);
        again.load_canonical(canonical_tensors(*index, *found));
        again.prepare_inference();
        const at::Tensor images = at::randn({2, 3, 16, 16});
        QVERIFY(at::equal(again.forward({images}, nullptr), vit.forward({images}, nullptr)));
    }

private Q_SLOTS:
    void references_data() {
        QTest::addColumn<QString>("file");
        for (const char* name : kShipped) QTest::newRow(name) << QString::fromStdString(test_data((std::string("vit_merge/") + name + ".safetensors").c_str()).string());
        if (const QString shared = qEnvironmentVariable("LATHE_SHARED"); !shared.isEmpty())
            for (const char* name : kShared) QTest::newRow((std::string("shared ") + name).c_str()) << shared + "/golden/vit_merge/" + name + ".safetensors";
    }
    void references() {
        QFETCH(QString, file);
        const Registry registry = vit_cases();
        FakeRun run;
        const c10::NoGradGuard as_in_the_engine;
        const VerifyReport report = verify_file(registry, file.toStdString(), {}, run);
        QVERIFY2(report.ok, wrong_outputs(report).c_str());
        QVERIFY(!report.outputs.empty());
        double worst = 0;
        for (const auto& out : report.outputs) worst = std::max(worst, out.error / out.tolerance);
        qInfo("%s: %zu outputs, worst at %.3f of its tolerance", report.case_id.c_str(), report.outputs.size(), worst);
    }

    void every_option_agrees_with_the_formula_data() {
        QTest::addColumn<int>("option");
        for (std::size_t i = 0; i < options().size(); ++i) QTest::newRow(options()[i].name) << int(i);
    }
    void every_option_agrees_with_the_formula() {
        QFETCH(int, option);
        const c10::NoGradGuard as_in_the_engine;
        VitConfig c = small_vit();
        options()[std::size_t(option)].set(c);
        const auto vit = random_vit(c);
        const at::Tensor images = at::randn({3, c.channels, c.height, c.width});
        const at::Tensor expected = expected_features(vit->state(), c, images);
        QVERIFY2(furthest(vit->features(images), expected) < 2e-5, std::to_string(furthest(vit->features(images), expected)).c_str());
        const VitTrace trace = vit->trace(images);
        QCOMPARE(std::int64_t(trace.attention.size()), c.depth);
        QVERIFY(furthest(trace.attention[0].sum(-1), at::ones({3, c.heads, c.tokens()})) < 1e-5);
        if (c.classes) QVERIFY(furthest(trace.logits, vit->forward({images}, nullptr)) < 1e-5);
        QCOMPARE(vit->forward({images}, nullptr).size(1), c.classes ? c.classes : c.projection ? c.projection : c.dim);
        // The same is read back from a file of timm's names, and of its shapes alone.
        Json said = Json::object();
        said["num_heads"] = c.heads;
        said["height"] = c.height;
        said["width"] = c.width;
        if (c.quick_gelu) said["hidden_act"] = "quick_gelu";
        if (c.pool_average && !c.fc_norm) said["global_pool"] = "avg";
        std::string why;
        const auto file = written(*vit, VitLayout::timm, "model.", said);
        const auto found = recognise_vit(*file, &why);
        QVERIFY2(found.has_value(), why.c_str());
        QVERIFY2(differences(c, *found).empty(), json_text(to_json(*found)).c_str());
        QCOMPARE(found->prefix, std::string("model."));
        QCOMPARE(found->classes, c.classes);
        Vit again(*found);
        again.load_canonical(canonical_tensors(*file, *found));
        again.prepare_inference();
        QVERIFY(at::equal(again.features(images), vit->features(images)));
        // and from its own description
        QVERIFY(differences(c, vit_config_from(to_json(c))).empty());
    }

    void every_layout_is_written_and_read_data() {
        QTest::addColumn<QString>("layout");
        QTest::addColumn<QString>("prefix");
        for (const auto& [layout, prefix] : {std::pair{"timm", ""}, {"timm", "module."}, {"torchvision", ""}, {"hf_vit", ""}, {"hf_vit", "model."}, {"openai_clip", "model.visual."}, {"hf_clip", ""}})
            QTest::newRow((std::string(layout) + " " + prefix).c_str()) << layout << prefix;
    }
    void every_layout_is_written_and_read() {
        QFETCH(QString, layout);
        QFETCH(QString, prefix);
        const c10::NoGradGuard as_in_the_engine;
        const VitLayout to = vit_layout_from(layout.toStdString());
        const bool clip = to == VitLayout::openai_clip || to == VitLayout::hf_clip;
        VitConfig c = small_vit();
        c.eps = clip ? 1e-5 : to == VitLayout::hf_vit ? 1e-12 : 1e-6;   // what the layout means where nothing is said
        if (clip) {
            c.classes = 0;
            c.projection = 6;
            c.norm_pre = c.quick_gelu = true;
            c.patch_bias = false;
        }
        const auto vit = random_vit(c);
        const at::Tensor images = at::randn({2, 3, 16, 16});
        const auto file = written(*vit, to, prefix.toStdString(), {{"num_attention_heads", 3}});
        std::string why;
        const auto found = recognise_vit(*file, &why);
        QVERIFY2(found.has_value(), why.c_str());
        QCOMPARE(to_text(found->layout), to_text(to));
        QCOMPARE(QString::fromStdString(found->prefix), prefix);
        QVERIFY2(differences(c, *found).empty(), json_text(to_json(*found)).c_str());
        Vit again(*found);
        again.load_canonical(canonical_tensors(*file, *found));
        again.prepare_inference();
        QVERIFY(at::equal(again.features(images), vit->features(images)));
        for (const TensorEntry& entry : file->entries()) {   // every key has a group, the same as its canonical one, with and without its prefix
            const VitKey key = parse_vit_key(entry.name);
            QVERIFY2(key.group != KeyGroup::other && !key.canonical.empty(), entry.name.c_str());
            QCOMPARE(parse_vit_key(entry.name, *found).canonical, key.canonical);
            QCOMPARE(parse_vit_key(std::string_view(entry.name).substr(prefix.size())).canonical, key.canonical);
        }
    }

    void groups_of_keys() {
        const auto group = [](const char* key) { return std::string(to_text(parse_vit_key(key).group)) + " " + std::to_string(parse_vit_key(key).block); };
        QCOMPARE(group("blocks.3.attn.qkv.weight"), std::string("attn 3"));
        QCOMPARE(group("blocks.11.ls1.gamma"), std::string("attn 11"));
        QCOMPARE(group("blocks.0.ls2.gamma"), std::string("mlp 0"));
        QCOMPARE(group("blocks.0.attn.q_norm.weight"), std::string("attn 0"));
        QCOMPARE(group("vit.encoder.layer.7.attention.output.dense.bias"), std::string("attn 7"));
        QCOMPARE(group("vit.encoder.layer.7.output.dense.bias"), std::string("mlp 7"));
        QCOMPARE(group("vit.encoder.layer.7.layernorm_after.bias"), std::string("norm 7"));
        QCOMPARE(group("encoder.layers.encoder_layer_2.mlp.linear_2.weight"), std::string("mlp 2"));
        QCOMPARE(group("model.visual.transformer.resblocks.5.ln_2.weight"), std::string("norm 5"));
        QCOMPARE(group("vision_model.pre_layrnorm.weight"), std::string("norm -1"));
        QCOMPARE(group("visual.proj"), std::string("projection -1"));
        QCOMPARE(group("fc_norm.weight"), std::string("norm -1"));
        QCOMPARE(group("cls_token"), std::string("embed -1"));
        QCOMPARE(group("head_dist.weight"), std::string("head -1"));
        QCOMPARE(group("Transformer/encoderblock_4/MlpBlock_3/Dense_1/kernel"), std::string("mlp 4"));
        for (const char* other : {"logit_scale", "text_model.encoder.layers.3.mlp.fc1.weight", "vision_model.embeddings.position_ids", "blocks.0.attn.extra.norm.weight", "", "."})
            QCOMPARE(group(other), std::string("other -1"));
        QCOMPARE(parse_vit_key("vit.encoder.layer.1.attention.attention.key.weight").canonical, std::string("blocks.1.attn.k.weight"));
    }

    /// As numpy wrote it, with kernels transposed as JAX has them.
    void an_augreg_file_opens() {
        const c10::NoGradGuard as_in_the_engine;
        VitConfig c = small_vit();
        const auto vit = random_vit(c);
        std::map<std::string, at::Tensor> jax;
        const std::int64_t size = c.dim / c.heads;
        for (const auto& [key, t] : vit->state()) {
            const auto dense = [&](const std::string& name, const at::Tensor& value, bool weight) { jax[name + (weight ? "/kernel" : "/bias")] = (weight ? value.t() : value).contiguous(); };
            const bool weight = key.ends_with(".weight");
            if (key == "cls_token") jax["cls"] = t.clone();
            else if (key == "pos_embed") jax["Transformer/posembed_input/pos_embedding"] = t.clone();
            else if (key.starts_with("patch_embed")) jax[weight ? "embedding/kernel" : "embedding/bias"] = weight ? t.permute({2, 3, 1, 0}).contiguous() : t.clone();
            else if (key.starts_with("norm.")) jax[std::string("Transformer/encoder_norm/") + (weight ? "scale" : "bias")] = t.clone();
            else if (key.starts_with("head.")) dense("head", t, weight);
            else {
                const std::string block = std::string("Transformer/encoderblock_") + key[7] + "/", rest = key.substr(9);
                if (rest.starts_with("norm")) jax[block + (rest[4] == '1' ? "LayerNorm_0/" : "LayerNorm_2/") + (weight ? "scale" : "bias")] = t.clone();
                else if (rest.starts_with("mlp.fc")) dense(block + "MlpBlock_3/Dense_" + (rest[6] == '1' ? "0" : "1"), t, weight);
                else if (rest.starts_with("attn.proj"))
                    jax[block + "MultiHeadDotProductAttention_1/out/" + (weight ? "kernel" : "bias")] = weight ? t.t().contiguous().view({c.heads, size, c.dim}) : t.clone();
                else {
                    const auto parts = t.chunk(3);
                    for (int i = 0; i < 3; ++i) {
                        const std::string name = block + "MultiHeadDotProductAttention_1/" + std::array{"query", "key", "value"}[std::size_t(i)];
                        const at::Tensor part = parts[std::size_t(i)];
                        jax[name + (weight ? "/kernel" : "/bias")] = weight ? part.t().contiguous().view({c.dim, c.heads, size}) : part.reshape({c.heads, size});
                    }
                }
            }
        }
        opens_as_python_wrote_it(*vit, jax, "augreg.npz", "augreg");
    }

    /// The original DeiT files have the weights under "model", and nothing that tells the number of heads: they are 64 wide.
    void a_wrapped_deit_file_opens() {
        const c10::NoGradGuard as_in_the_engine;
        VitConfig c = small_vit();
        c.dim = 128;
        c.heads = 2;
        c.dist_token = true;
        const auto vit = random_vit(c);
        opens_as_python_wrote_it(*vit, vit->state(), "deit.pth", "timm");
    }

    void a_description_beside_the_file_is_read() {
        const c10::NoGradGuard as_in_the_engine;
        QTemporaryDir folder;
        const fs::path root = folder.path().toStdString();
        VitConfig c = small_vit();
        const auto vit = random_vit(c);
        write_safetensors(root / "model.safetensors", checkpoint_tensors(vit->state(), c, VitLayout::hf_vit, ""));
        write_file(root / "config.json", R"({"num_attention_heads": 4, "layer_norm_eps": 1e-5, "hidden_act": "gelu", "id2label": {"0": "a", "1": "b", "2": "c", "3": "d", "4": "e"}})");
        write_file(root / "preprocessor_config.json", R"({"image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]})");
        const auto found = recognise_vit(*open_tensors(root / "model.safetensors"));
        QVERIFY(found.has_value());
        QCOMPARE(found->heads, std::int64_t(4));
        QCOMPARE(found->eps, 1e-5);
        QVERIFY(found->normalisation && found->normalisation->deviation == std::vector<double>({0.25, 0.25, 0.25}));
        QCOMPARE(found->classes_names.at(4), std::string("e"));
        write_file(root / "config.json", R"({"hidden_act": "gelu_new"})");
        std::string why;
        QVERIFY(!recognise_vit(*open_tensors(root / "model.safetensors"), &why));
        QVERIFY2(has_all(why, {"activation", "gelu_new"}), why.c_str());
        write_file(root / "config.json", "{");
        QVERIFY(!recognise_vit(*open_tensors(root / "model.safetensors"), &why));
        QVERIFY2(has_all(why, {"config.json"}), why.c_str());
    }

    void bad_files_are_named() {
        const c10::NoGradGuard as_in_the_engine;
        const auto vit = random_vit(small_vit());
        const auto recognised = [&](const std::map<std::string, at::Tensor>& tensors, std::string* why) {
            write_safetensors(path("bad.safetensors"), tensors, {{"config", R"({"num_heads": 3})"}});
            return recognise_vit(*open_tensors(path("bad.safetensors")), why);
        };
        std::string why;
        auto tensors = vit->state();
        tensors.erase("blocks.1.mlp.fc2.weight");
        tensors["norm.weight"] = at::zeros({7});
        const auto found = recognised(tensors, &why);
        QVERIFY2(found.has_value(), why.c_str());
        const std::string error = error_of([&] { canonical_tensors(*open_tensors(path("bad.safetensors")), *found); });
        QVERIFY2(has_all(error, {"bad.safetensors", "missing: blocks.1.mlp.fc2.weight", "norm.weight [7] instead of [24]"}), error.c_str());
        tensors = vit->state();
        tensors["blocks.0.attn.relative_position_bias_table"] = at::zeros({3, 3});
        QVERIFY(!recognised(tensors, &why));
        QVERIFY2(has_all(why, {"not known", "relative_position_bias_table"}), why.c_str());
        tensors = vit->state();
        tensors["patch_embed.proj.weight"] = at::zeros({24, 3, 4, 5});
        QVERIFY(!recognised(tensors, &why));
        QVERIFY2(has_all(why, {"not square"}), why.c_str());
        QVERIFY(!recognised({{"conv.weight", at::zeros({2, 2, 3, 3})}}, &why));
        QVERIFY2(has_all(why, {"no patch projection"}), why.c_str());
        tensors = vit->state();
        tensors["pos_embed"] = at::full({1, 17, 24}, std::nan(""));
        QVERIFY(recognised(tensors, &why).has_value());
        const std::string nan = error_of([&] { make_vit_family()->load(*open_tensors(path("bad.safetensors")), Json::object()); });
        QVERIFY2(has_all(nan, {"NaN", "pos_embed", "bad.safetensors"}), nan.c_str());
        const std::string shape = error_of([&] { random_vit(small_vit())->forward({at::zeros({1, 3, 16, 20})}, nullptr); });
        QVERIFY2(has_all(shape, {"do not fit", "[1, 3, 16, 20]", "[batch, 3, 16, 16]"}), shape.c_str());
        const std::string heads = error_of([] { vit_config_from({{"dim", 24}, {"heads", 5}, {"height", 32}, {"width", 32}}); });
        QVERIFY2(has_all(heads, {"multiple of the number of heads", "24 and 5"}), heads.c_str());
        const std::string size = error_of([] { vit_size("Q/16"); });
        QVERIFY2(has_all(size, {"Q/16", "Ti, S, B"}), size.c_str());
        QVERIFY(!error_of([] { vit_config_from({{"depth", "x"}}); }).empty());
    }

    void published_sizes() {
        const auto family = make_vit_family();
        const auto parameters = [&](const char* name) { return Vit(vit_size(name)).parameter_count(); };
        QCOMPARE(parameters("Ti/16"), std::int64_t(5'717'416));
        QCOMPARE(parameters("S/16"), std::int64_t(22'050'664));
        QCOMPARE(parameters("B/16"), std::int64_t(86'567'656));
        VitConfig deit = vit_size("Ti/16");
        deit.dist_token = true;
        QCOMPARE(Vit(deit).parameter_count(), std::int64_t(5'910'800));
        const auto network = family->make(to_json(small_vit()), 1);
        QCOMPARE(family->facts(*network).at("tokens").get<int>(), 17);
        const c10::NoGradGuard as_in_the_engine;
        QCOMPARE(network->forward(family->example(*network, 2, 0), nullptr).size(0), std::int64_t(2));
    }

    void other_sizes_of_pictures() {
        const c10::NoGradGuard as_in_the_engine;
        VitConfig c = small_vit();
        const auto vit = random_vit(c);
        VitConfig larger = c;
        const TensorMap tensors = resized(vit->state(), larger, 24, 32);
        QCOMPARE(tensors.at("pos_embed").size(1), std::int64_t(6 * 8 + 1));
        QVERIFY(at::equal(tensors.at("pos_embed").narrow(1, 0, 1), vit->state().at("pos_embed").narrow(1, 0, 1)));
        Vit again(larger);
        again.load_canonical(tensors);
        QCOMPARE(again.forward({at::randn({1, 3, 24, 32})}, nullptr).size(1), c.classes);
        QVERIFY(at::equal(resample_position(at::ones({1, 17, 3}), 1, {4, 4}, {4, 4}), at::ones({1, 17, 3})));
        QVERIFY(!error_of([] { resample_position(at::ones({1, 17, 3}), 1, {4, 5}, {4, 4}); }).empty());
        // A flat kernel gives every patch the same token at either size.
        const at::Tensor small = resample_patches(at::randn({2, 3, 8, 8}), 6, 6);
        QCOMPARE(small.sizes(), at::IntArrayRef({2, 3, 6, 6}));
        VitConfig spoilt = c;
        QVERIFY(!error_of([&] { resized(vit->state(), spoilt, 25, 32); }).empty());
    }

    void it_learns_and_gradients_agree_with_differences() {
        const c10::AutoGradMode gradients(true);
        for (const char* name : {"plain", "layer scale", "qk norm", "distilled", "mean, then norm"}) {
            VitConfig c = small_vit();
            for (const Option& option : options())
                if (std::string_view(option.name) == name) option.set(c);
            const auto vit = random_vit(c);
            vit->set_training(true);
            at::manual_seed(3);
            const at::Tensor images = at::randn({4, 3, 16, 16}), labels = at::tensor({0, 1, 2, 3}, at::kLong);
            const auto loss = [&] { return at::cross_entropy_loss(vit->forward({images}, nullptr), labels); };
            loss().backward();
            vit->visit_parameters("", [&](const std::string& key, at::Tensor& tensor) {
                QVERIFY2(tensor.grad().defined() && at::isfinite(tensor.grad()).all().item<bool>(), key.c_str());
                const c10::NoGradGuard no_grad;
                const at::Tensor direction = tensor.grad() / (tensor.grad().norm() + 1e-12);
                const double slope = tensor.grad().norm().item<double>(), step = 2e-3;
                tensor.add_(direction, step);
                const double up = loss().item<double>();
                tensor.add_(direction, -2 * step);
                const double down = loss().item<double>();
                tensor.add_(direction, step);
                QVERIFY2(std::abs((up - down) / (2 * step) - slope) < 0.03 * slope + 2e-3,
                    (std::string(name) + " " + key + ": " + std::to_string((up - down) / (2 * step)) + " " + std::to_string(slope)).c_str());
            });
        }
        VitConfig c = small_vit();
        Vit vit(c);
        vit.initialize(1);
        vit.set_training(true);
        const at::Tensor images = at::randn({16, 3, 16, 16}), labels = at::arange(16, at::kLong).remainder(5);
        double first = 0, last = 0;
        for (int step = 0; step < 40; ++step) {
            const at::Tensor loss = at::cross_entropy_loss(vit.forward({images}, nullptr), labels);
            last = loss.item<double>();
            if (step == 0) first = last;
            loss.backward();
            const c10::NoGradGuard no_grad;
            vit.visit_parameters("", [](const std::string&, at::Tensor& tensor) {
                tensor.sub_(tensor.grad() / (tensor.grad().abs() + 1e-4), 3e-3);   // nearly the sign
                tensor.mutable_grad().reset();
            });
        }
        QVERIFY2(last < 0.5 * first, (std::to_string(first) + " -> " + std::to_string(last)).c_str());
        vit.prepare_inference();
        const c10::NoGradGuard no_grad;
        QVERIFY(std::abs(at::cross_entropy_loss(vit.forward({images}, nullptr), labels).item<double>() - last) < 0.5);
    }

    void rollout_of_even_attention_is_even() {
        const at::Tensor even = at::full({1, 2, 4, 4}, 0.25);
        const at::Tensor rollout = attention_rollout({even, even});
        QVERIFY(furthest(rollout.sum(-1), at::ones({1, 4})) < 1e-6);
        const at::Tensor one = at::full({4, 4}, 0.125) + at::eye(4) * 0.5;
        QVERIFY(furthest(rollout[0], at::matmul(one, one)) < 1e-6);
    }
};

QTEST_GUILESS_MAIN(TestVitNetworks)
#include "test_vit_networks.moc"
