#pragma once
// What the tests of bev's methods run on: the small data set with pictures, a detector of random weights beside it, and one call that runs a method.
#include "core/engine/model_cache.h"
#include "core/engine/registry.h"
#include "core/nn/tensor_index.h"
#include "fake_run.h"
#include "mini_nuscenes.h"
#include "plugins/bev/engine/family.h"
#include "plugins/bev/engine/methods.h"
#include <QTemporaryDir>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <random>

namespace lathe {

class BevFixture {
public:
    BevFixture() : m_root(m_folder.path().toStdString()) {
        registry.add(bev::make_family());
        m_cache = std::make_unique<ModelCache>(registry, std::int64_t{1} << 30);
        data.write(m_root / "data");
        std::mt19937 random(5);
        for (const Json& row : data.tables["sample_data"]) {
            const std::string file = row.at("filename").get<std::string>();
            if (!file.ends_with(".jpg")) continue;
            cv::Mat coarse(9, 16, CV_8UC3), picture;   // blobs: features that differ from place to place and survive a JPEG
            for (std::size_t i = 0; i < coarse.total() * 3; ++i) coarse.data[i] = static_cast<std::uint8_t>(random());
            cv::resize(coarse, picture, {400, 225}, 0, 0, cv::INTER_LINEAR);
            std::filesystem::create_directories((m_root / "data" / file).parent_path());
            cv::imwrite(m_root / "data" / file, picture);
        }
    }

    static bev::DetectorConfig config() {
        bev::DetectorConfig c;
        c.base_channels = c.fpn_channels = 8;
        c.height = 32;
        c.width = 64;
        c.frames = 3;
        c.grids = {bev::VoxelGrid{{20, 18, 3}, {2, 2, 1.5f}, {0, 0, -1}}};
        c.neck_in = c.neck_out = 16;
        c.neck_layers = 1;
        c.range = 20;
        return c;
    }
    std::filesystem::path folder() const { return m_root / "data"; }

    /// Random weights of this seed, under a file of their own.
    std::string model(std::uint64_t seed, const bev::DetectorConfig& c = config()) {
        bev::Detector net(c);
        net.initialize(seed);
        net.visit("", [](const std::string& key, at::Tensor& t) {   // louder than fresh ones, or every place looks alike
            if (key == "bbox_head.conv_cls.weight") t.mul_(40);
            if (key == "bbox_head.conv_cls.bias") t.fill_(-2);
        });
        return keep(std::to_string(seed), net);
    }
    std::string keep(const std::string& name, bev::Detector& net) {
        const std::filesystem::path file = m_root / (name + ".safetensors");
        write_safetensors(file, net.state(), {{"lathe.config", bev::to_json(net.detector_config()).dump()}});
        return file.string();
    }

    void prepare(FakeRun& run, const Method& method, const Json& given, const std::string& model) {
        run.cache = m_cache.get();
        run.set_params(complete_parameters(method.info.parameters, given));
        run.inputs = {{"data", "data", "mini", folder().string()}};
        if (!model.empty()) run.inputs.push_back({"model", "model", model, model});   // the file's name stands for its hash: its content never changes
    }
    FakeRun run(const Method& method, const Json& given, const std::string& model) {
        FakeRun run;
        prepare(run, method, given, model);
        method.run(run);
        return run;
    }

    MiniNuscenes data;
    Registry registry;
private:
    QTemporaryDir m_folder;
    std::filesystem::path m_root;
    std::unique_ptr<ModelCache> m_cache;
};

/// The cells of a CSV artifact, without its header.
inline std::vector<std::vector<std::string>> rows_of_table(const Artifact& table) {
    std::vector<std::vector<std::string>> rows;
    std::istringstream text(*table.bytes);
    for (std::string line; std::getline(text, line);) {
        if (line.ends_with('\r')) line.pop_back();
        std::vector<std::string> cells(1);
        for (const char c : line) c == ',' ? cells.emplace_back() : cells.back() += c, void();
        rows.push_back(cells);
    }
    if (!rows.empty()) rows.erase(rows.begin());
    return rows;
}

}
