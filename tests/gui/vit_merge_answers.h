#pragma once
// What the engine would answer for four small Vision Transformers of six blocks, made up but consistent, in the form of vit_merge.describe, .strip, .inspect, …
#include "core/method/method_info.h"
#include "tests/gui/made_artifacts.h"
#include <algorithm>
#include <cmath>

namespace lathe::gui_test {

inline constexpr int kMergeDepth = 6, kMergePictures = 32, kMergeSide = 28;
inline const std::vector<std::string>& merge_tasks() {
    static const std::vector<std::string> names{"digits", "fashion", "letters", "shapes"};
    return names;
}
inline const std::vector<std::string>& merge_classes(std::size_t task) {
    static const std::vector<std::vector<std::string>> classes{{"zero", "one", "two", "three"}, {"T-shirt", "trouser", "sneaker", "ankle boot"}, {"A", "B", "C", "D"}, {"circle", "square", "triangle", "star"}};
    return classes[task];
}

inline std::vector<MethodInfo> vit_merge_methods() {
    const auto table = Parameter::table("models", {"name", "path", "data", "weight", "use"}).with_label("Models").with_group("Models").is_live();
    const std::vector<Parameter> set{table};
    const std::vector<Parameter> merge{
        Parameter::choice("method", "gated", {{"gated", "Gated merging", ""}, {"average", "Weight average", ""}, {"task_arithmetic", "Task arithmetic", ""}, {"ties", "TIES", ""}, {"hard_routing", "Hard routing", "the baseline to beat"}, {"individual", "Individual models", ""}})
            .with_label("Method").with_group("Method").is_live(),
        Parameter::integer("m", 3).range(0, 64).with_label("Gated blocks m").with_unit("blocks").with_group("Gate").when("method", {"gated"}).is_live(),
        Parameter::number("tau", -1).range(-1, 1).with_step(0.0001).with_label("Gated below τ").with_group("Gate").when("method", {"gated"}).is_advanced().is_live(),
        Parameter::choice("scope", "all_embed_norm", {{"all_embed_norm", "All embeddings and norms", ""}, {"mow_official", "As the official code", ""}}).with_label("Always gated").with_group("Gate").is_advanced().is_live(),
        Parameter::choice("granularity", "per_sample", {{"per_sample", "Each picture", ""}, {"per_batch", "Each batch", "wrong heads where a batch mixes tasks"}, {"per_group", "Each group", ""}}).with_label("Merged for").with_group("Gate").is_live(),
        Parameter::choice("similarity", "cosine", {{"cosine", "Cosine", ""}, {"l1", "1 - mean |a - b|", ""}}).with_label("Similarity").with_group("Gate").is_live(),
        Parameter::boolean("task_vectors", false).with_label("Of task vectors").with_group("Gate").is_advanced().is_live(),
        Parameter::number("temperature", 1).range(0.05, 20).with_step(0.05).is_log().with_label("Temperature").with_group("Gate").is_live(),
        Parameter::number("lambda", 0.3).range(-2, 3).with_step(0.01).with_label("λ").with_group("Task vectors").when("method", {"task_arithmetic", "ties", "gated"}).is_live(),
        Parameter::number("learning_rate", 1e-3).range(1e-6, 1).is_log().with_label("Learning rate").with_group("Data").when("method", {"adamerging_task"}), Parameter::integer("examples", 256).range(1, 50'000).is_log().with_label("Pictures").with_group("Data").when("method", {"fisher"})};
    const auto method = [&](const char* id, const char* title, bool merges, std::vector<Parameter> own) {
        MethodInfo info;
        info.id = id;
        info.title = title;
        info.parameters = set;
        if (merges) info.parameters.insert(info.parameters.end(), merge.begin(), merge.end());
        for (Parameter& parameter : own) info.parameters.push_back(std::move(parameter));
        return info;
    };
    MethodInfo gate;
    gate.id = "vit_merge.train_gate";
    gate.title = "Train a gate";
    gate.parameters = {Parameter::choice("kind", "small", {{"small", "Small", ""}, {"mobilenet_v2", "MobileNetV2", ""}}).with_label("Gate").with_group("Gate"), Parameter::number("epochs", 13).range(0.01, 10'000).with_label("Epochs").with_group("Training")};
    MethodInfo train = gate;
    train.id = "vit_merge.train";
    train.title = "Train a model";
    train.parameters = {table, Parameter::table("tasks", {"name", "data"}).with_label("Tasks").with_group("Pictures"), Parameter::number("learning_rate", 1e-3).range(1e-7, 1).is_log().with_label("Learning rate").with_group("Training")};
    MethodInfo benchmark;
    benchmark.id = "vit_merge.benchmark";
    benchmark.title = "Run a benchmark";
    benchmark.parameters = {Parameter::choice("preset", "tasks", {{"tasks", "Four tasks", ""}, {"domains", "Four domains", ""}}).with_label("Benchmark").with_group("Benchmark")};
    return {method("vit_merge.describe", "Compare models", true, {}),
        method("vit_merge.strip", "Pictures through the merged model", true, {Parameter::list("tasks", Json::array()).with_label("Tasks").with_group("Pictures").is_live(), Parameter::integer("pictures", 32).range(1, 512).with_label("Pictures").with_group("Pictures").is_live(),
                                                                                Parameter::integer("first", 0).range(0, 100'000).with_label("From").with_group("Pictures").is_live(), Parameter::list("files", Json::array()).with_label("Files").with_group("Pictures").is_live()}),
        method("vit_merge.inspect", "One picture through every model", true, {Parameter::text("task", ""), Parameter::integer("index", 0).range(0, 1'000'000), Parameter::path("file"), Parameter::text("model", ""), Parameter::integer("block", -1).range(-1, 1000)}),
        method("vit_merge.evaluate", "Evaluate merges", true, {Parameter::list("methods", Json::array({"gated", "average", "hard_routing"})).with_label("Methods"), Parameter::integer("images", 500).range(0, 100'000).with_label("Pictures of each task")}),
        method("vit_merge.sweep", "Sweep a parameter", true, {Parameter::choice("axis", "m", {{"m", "m", ""}, {"lambda", "λ", ""}, {"tau", "τ", ""}, {"temperature", "Temperature", ""}, {"path", "Path", ""}, {"plane", "Plane", ""}}).with_label("Axis"),
                                                                 Parameter::integer("points", 7).range(2, 100).with_label("Points")}),
        method("vit_merge.compare", "Compare models", false, {Parameter::text("first", ""), Parameter::text("second", ""), Parameter::list("what", Json::array({"layers", "cka"})).with_label("What")}),
        method("vit_merge.merge", "Merge and save", true, {Parameter::choice("precision", "fp32", {{"fp32", "float32", ""}, {"fp16", "float16", ""}}).with_label("Stored as")}), gate, train, benchmark};
}

inline double made_similarity(int block, bool is_attention) { return 0.9 - 0.02 * ((block * 5 + (is_attention ? 2 : 0)) % kMergeDepth) + (is_attention ? 0.004 : 0); }

inline Json described_summary() { return {{"depth", kMergeDepth}, {"names", merge_tasks()}, {"has_base", true}, {"gate", "small"}, {"tokens", 17}, {"grid_rows", 4}, {"grid_columns", 4}, {"heads", 4}, {"parameters", 211'584}}; }

inline double made_storage(int m) { return 4.0 * (211'584 + 3.0 * (12'000 + m * 33'000) + 4 * 650 + 24'000); }

inline std::vector<Artifact> described_models(bool with_error = false) {
    std::vector<std::vector<Json>> models, blocks, storage, findings{{"note", "fashion and letters share 3 of 10 class names.", ""}, {"warning", "shapes was normalised otherwise: mean 0.449 instead of 0.5.", "Prepare its pictures alike, or leave it out."}};
    if (with_error) findings.push_back({"error", "letters has 24 classes less than its head says.", "Leave it out, or merge the backbone only."});
    for (const std::string& task : merge_tasks()) models.push_back({task, "timm", "ViT 28/7, 6 blocks of 64", 211'584, 846'336, 10, "0.5 / 0.5", "drawn:" + task, "/models/" + task + ".safetensors"});
    models.push_back({"base", "timm", "ViT 28/7, 6 blocks of 64", 211'584, 846'336, 0, "0.5 / 0.5", "", "/models/base.safetensors"});
    for (int block = 0; block < kMergeDepth; ++block)
        for (const bool is_attention : {true, false}) blocks.push_back({block, is_attention ? "attn" : "mlp", made_similarity(block, is_attention), 0.1 + 0.03 * block - (is_attention ? 0.05 : 0), 0});
    for (int m = 0; m <= kMergeDepth; ++m) storage.push_back({m, made_storage(m), made_storage(m) / 2});
    storage.push_back({"separate", 3'500'000, 1'750'000});
    std::vector<float> cosine, distance;
    for (int a = 0; a < 4; ++a)
        for (int b = 0; b < 4; ++b) cosine.push_back(a == b ? 1.0F : 0.1F + 0.05F * float(a + b)), distance.push_back(a == b ? 0.0F : 0.3F + 0.02F * float(a + b));
    return {table_artifact("models", {"name", "layout", "architecture", "parameters", "bytes", "classes", "normalisation", "data", "path"}, models), table_artifact("findings", {"level", "what", "hint"}, findings),
        table_artifact("similarity", {"block", "kind", "similarity", "task_cosine", "gated"}, blocks), table_artifact("storage", {"m", "bytes", "bytes_fp16"}, storage),
        table_artifact("keys", {"key", "group", "block", "shape", "elements", "gated"}, {{"blocks.0.attn.qkv.weight", "attn", 0, "192 x 64", 12'288, 1}}), f32_artifact("cosine", {4, 4}, cosine), f32_artifact("relative_l2", {4, 4}, distance)};
}

/// A small picture of a task: rings, stripes, bars or blobs, so that they look apart.
inline Artifact made_task_picture(std::size_t task, int index, std::int64_t step) {
    std::string bytes;
    for (int y = 0; y < kMergeSide; ++y)
        for (int x = 0; x < kMergeSide; ++x) {
            const double dx = x - 13.5, dy = y - 13.5, r = std::hypot(dx, dy);
            double value = 0;
            if (task == 0) value = std::abs(r - 6 - index % 4) < 2 ? 255 : 0;
            else if (task == 1) value = std::abs(dx) < 8 && std::abs(dy) < 10 ? 120 + 8 * ((x * (index + 2)) % 12) : 0;
            else if (task == 2) value = (x + y * (index % 3)) % 9 < 3 && r < 12 ? 255 : 30;
            else value = std::abs(dx) + std::abs(dy) < 7 + index % 6 ? 210 : 20;
            for (int c = 0; c < 3; ++c) bytes.push_back(char(std::uint8_t(std::clamp(value * (task == 3 && c == 2 ? 0.4 : 1), 0.0, 255.0))));
        }
    Artifact out = text_artifact("picture", "image", bytes);
    out.media = "raw/u8";
    out.dtype = "u8";
    out.shape = {kMergeSide, kMergeSide, 3};
    out.step = step;
    return out;
}

/// Pictures of the tasks in turn, then those of `files`. Every seventh is wrong; of those every second has the wrong head.
inline std::vector<Artifact> strip_answer(const std::vector<std::string>& files = {}, bool with_gate = true, int count = kMergePictures) {
    const std::size_t tasks = merge_tasks().size();
    std::vector<Artifact> out;
    std::vector<std::vector<Json>> rows;
    std::vector<float> gate;
    for (int i = 0; i < count; ++i) {
        const auto task = std::size_t(i) * tasks / std::size_t(count);
        const int index = i % 8, wrong = i % 7 == 6 ? i / 7 % 2 + 1 : 0;
        const std::size_t head = wrong == 2 ? (task + 1) % tasks : task;
        const std::string label = merge_classes(task)[std::size_t(index) % 4], predicted = wrong == 0 ? label : merge_classes(head)[std::size_t(index + 1) % 4];
        out.push_back(made_task_picture(task, index, i));
        rows.push_back({index, merge_tasks()[task], label, merge_tasks()[head], predicted, 0.97 - 0.4 * (wrong != 0), wrong == 0 ? 1 : 0, wrong == 1 ? predicted : label, wrong == 1 ? 0 : 1, ""});
        for (std::size_t k = 0; k < tasks; ++k) gate.push_back(k == head ? (i % 5 == 4 ? 0.7F : 0.97F) : (i % 5 == 4 ? 0.1F : 0.01F));
    }
    for (std::size_t f = 0; f < files.size(); ++f) {
        out.push_back(made_task_picture(3, int(f), std::int64_t(rows.size())));
        rows.push_back({"", "", "", merge_tasks()[3], "star", 0.61, "", "", "", files[f]});
        for (std::size_t k = 0; k < tasks; ++k) gate.push_back(k == 3 ? 0.55F : 0.15F);
    }
    out.push_back(table_artifact("strip", {"index", "task", "label", "head", "predicted", "confidence", "joint", "oracle", "oracle_right", "file"}, rows));
    if (with_gate) out.push_back(f32_artifact("gate", {std::int64_t(rows.size()), std::int64_t(tasks)}, gate));
    return out;
}

inline Json strip_summary(bool mixed_batch = false) {
    return {{"path", mixed_batch ? "naive" : "grouped"}, {"groups", 7}, {"bytes", made_storage(3)}, {"mixed_batch", mixed_batch}, {"joint", 0.875}, {"oracle", 0.9375}, {"gate_accuracy", 0.9375}};
}

inline std::vector<Artifact> inspected_picture() {
    std::vector<std::vector<Json>> top, gate;
    std::vector<std::string> models = merge_tasks();
    models.emplace_back("merged");
    for (std::size_t m = 0; m < models.size(); ++m)
        for (int rank = 1; rank <= 3; ++rank) top.push_back({models[m], rank, merge_classes(m % 4)[std::size_t(rank)], (0.9 - 0.1 * double(m)) / (rank * rank)});
    for (std::size_t m = 0; m < merge_tasks().size(); ++m) gate.push_back({merge_tasks()[m], m == 0 ? 0.97 : 0.01});
    std::vector<float> attention, rollout;
    for (int block = 0; block < kMergeDepth; ++block)
        for (int head = 0; head < 4; ++head)
            for (int patch = 0; patch < 16; ++patch) attention.push_back(patch == (block + head) % 16 ? 0.5F : 0.5F / 15);
    for (int patch = 0; patch < 16; ++patch) rollout.push_back(patch == 5 ? 0.4F : 0.04F);
    return {made_task_picture(0, 1, 0), table_artifact("top", {"model", "rank", "class", "probability"}, top), table_artifact("gate", {"model", "probability"}, gate), f32_artifact("attention", {kMergeDepth, 4, 4, 4}, attention), f32_artifact("rollout", {4, 4}, rollout)};
}

inline std::vector<Artifact> evaluated_methods() {
    const std::vector<std::string> methods{"gated", "average", "task_arithmetic", "hard_routing", "individual"};
    const double joint[] = {0.93, 0.61, 0.58, 0.945, 0.95}, oracle[] = {0.942, 0.655, 0.64, 0.958, 0.958};
    std::vector<std::vector<Json>> accuracy, summary;
    std::vector<Artifact> out;
    for (std::size_t m = 0; m < methods.size(); ++m) {
        for (std::size_t t = 0; t < merge_tasks().size(); ++t) {
            accuracy.push_back({methods[m], merge_tasks()[t], 500, joint[m] - 0.01 * double(t), oracle[m] - 0.01 * double(t), 0.99 - 0.002 * double(t), 0.96, joint[m] / 0.96});
            std::vector<float> confusion(16);
            for (std::size_t k = 0; k < 16; ++k) confusion[k] = k / 4 == k % 4 ? 100.0F + float(m) : float((k + m) % 4);
            Artifact one = f32_artifact("confusion", {4, 4}, confusion);
            one.step = std::int64_t(m);
            one.meta = {{"method", methods[m]}, {"task", merge_tasks()[t]}};
            out.push_back(one);
        }
        summary.push_back({methods[m], joint[m] - 0.015, oracle[m] - 0.015, m == 4 ? Json("") : Json(0.987), joint[m] / 0.96, oracle[m] / 0.96, 300'000, m < 3 ? made_storage(3) : 3'500'000.0, (m < 3 ? made_storage(3) : 3'500'000.0) / 2, m < 3 ? Json(1.9) : Json(""), 0.34 + 0.01 * double(m), m == 0 ? "grouped" : m == 3 ? "routed" : "static"});
    }
    std::vector<float> gate(16);
    for (std::size_t k = 0; k < 16; ++k) gate[k] = k / 4 == k % 4 ? 494.0F : 2.0F;
    out.push_back(table_artifact("accuracy", {"method", "task", "images", "joint", "oracle", "gate", "individual", "normalised"}, accuracy));
    out.push_back(table_artifact("methods", {"method", "joint", "oracle", "gate", "normalised_joint", "normalised_oracle", "parameters", "bytes", "bytes_fp16", "merge_ms", "forward_ms_per_image", "path"}, summary));
    out.push_back(f32_artifact("gate_confusion", {4, 4}, gate));
    out.push_back(table_artifact("gate_entropy", {"from", "to", "count"}, {{0, 0.1, 1500}, {0.1, 0.2, 300}, {0.2, 0.4, 120}, {0.4, 0.8, 60}, {0.8, 1.4, 20}}));
    return out;
}

inline Artifact swept_m() {
    std::vector<std::vector<Json>> rows;
    for (int m = 0; m <= kMergeDepth; ++m) rows.push_back({m, 0.6 + 0.055 * m, 0.65 + 0.05 * m, 0.987, made_storage(m), 0.62 + 0.05 * m, 0.58 + 0.06 * m});
    return table_artifact("sweep", {"value", "joint", "oracle", "gate", "bytes", "task digits", "task fashion"}, rows);
}

inline Artifact swept_plane() {
    std::vector<std::vector<Json>> rows;
    for (int y = 0; y < 5; ++y)
        for (int x = 0; x < 5; ++x) rows.push_back({0.25 * x, 0.25 * y, 0.2 + 0.1 * std::abs(x - y), 0.9 - 0.05 * std::abs(x - y), 0.85 - 0.04 * std::abs(x - y)});
    return table_artifact("sweep", {"value", "y", "loss", "task digits", "task fashion"}, rows);
}

inline std::vector<Artifact> compared_models() {
    std::vector<std::vector<Json>> layers, spectra, points;
    for (int block = 0; block < kMergeDepth; ++block)
        for (const auto& [key, group] : {std::pair("attn.qkv.weight", "attn"), std::pair("attn.proj.weight", "attn"), std::pair("mlp.fc1.weight", "mlp"), std::pair("norm1.weight", "norm")})
            layers.push_back({"blocks." + std::to_string(block) + "." + key, group, block, 0.99 - 0.01 * block, 0.1 + 0.05 * block, 0.2, 0.31, 12.5, 12.9});
    for (int i = 0; i < 32; ++i) spectra.push_back({"blocks.0.mlp.fc1.weight", i, 4 * std::exp(-i / 9.0), 3 * std::exp(-i / 11.0)});
    for (int i = 0; i < 80; ++i) points.push_back({"digits", merge_tasks()[std::size_t(i) % 4], i % 4, std::cos(i) + 3 * (i % 4), std::sin(i * 1.7) + (i % 4 == 2 ? 3 : 0)});
    std::vector<float> cka;
    for (int a = 0; a <= kMergeDepth; ++a)
        for (int b = 0; b <= kMergeDepth; ++b) cka.push_back(float(std::exp(-std::abs(a - b) / 3.0)));
    return {table_artifact("layers", {"key", "group", "block", "cosine", "relative_l2", "task_cosine", "sign_conflict", "norm_first", "norm_second"}, layers), f32_artifact("cka", {kMergeDepth + 1, kMergeDepth + 1}, cka),
        table_artifact("spectra", {"key", "index", "first", "second"}, spectra), table_artifact("keys", {"key", "first", "second", "note"}, {{"head.weight", "10 x 64", "26 x 64", "other class counts"}}),
        table_artifact("pairs", {"first", "second", "cosine", "relative_l2", "task_cosine", "sign_conflict"}, {{"digits", "fashion", 0.98, 0.31, 0.15, 0.33}, {"digits", "letters", 0.97, 0.35, 0.2, 0.31}}),
        table_artifact("embedding", {"model", "task", "label", "x", "y"}, points)};
}

}
