#pragma once
// A small ResNet with random weights and a set in CIFAR-10's binary form, both in a temporary folder: what the methods of quantization run on in tests.
#include "core/base/file.h"
#include "core/engine/model_cache.h"
#include "core/engine/registry.h"
#include "core/nn/tensor_index.h"
#include "fake_run.h"
#include "plugins/quantization/engine/cifar_family.h"
#include "plugins/quantization/engine/cifar_resnet.h"
#include <ATen/ATen.h>
#include <QTemporaryDir>
#include <c10/core/GradMode.h>
#include <random>

namespace lathe::quantization {

/// ResNet-8 of 16, 32 and 64 channels, with norms as after training.
inline std::shared_ptr<CifarResNet> made_network(std::uint64_t seed = 1) {
    CifarResNetConfig config;
    config.blocks = 1;
    auto net = std::make_shared<CifarResNet>(config);
    net->initialize(seed);
    const c10::NoGradGuard no_gradients;
    at::manual_seed(5);
    net->visit("", [](const std::string& key, at::Tensor& t) {
        if (t.dim() != 1) return;
        if (key.ends_with("running_var") || key.ends_with("weight")) t.uniform_(0.5, 1.5);
        else t.normal_(0, 0.1);
    });
    net->prepare_inference();
    return net;
}

class MadeClassifier {
public:
    explicit MadeClassifier(int images = 48) : m_cache(m_registry, std::int64_t{1} << 30) {
        m_registry.add(make_cifar_family());
        write_safetensors(model(), made_network()->state());
        std::mt19937 random(3);
        for (const char* name : {"test_batch.bin", "data_batch_1.bin"}) {
            std::string bytes;
            for (int i = 0; i < images; ++i) {
                bytes += static_cast<char>(i % 10);
                for (int k = 0; k < 3072; ++k) bytes += static_cast<char>((random() % 64) + static_cast<unsigned>(16 * (i % 10)));
            }
            write_file(std::filesystem::path(m_folder.path().toStdString()) / name, bytes);
        }
    }
    std::string model() const { return (m_folder.path() + "/model.safetensors").toStdString(); }
    std::string folder() const { return m_folder.path().toStdString(); }
    /// A run of the method with its defaults and these parameters.
    std::unique_ptr<FakeRun> run_of(const Method& method, const Json& params) {
        auto run = std::make_unique<FakeRun>();
        Json all = Json::object();
        for (const Parameter& parameter : method.info.parameters) all[parameter.id] = parameter.default_value;
        all.update(params);
        run->set_params(all);
        run->cache = &m_cache;
        run->inputs = {{"model", "model", "hash-of-the-model", model()}, {"data", "data", "", folder()}};
        return run;
    }
    Registry& registry() { return m_registry; }
private:
    QTemporaryDir m_folder;
    Registry m_registry;
    ModelCache m_cache;
};

}
