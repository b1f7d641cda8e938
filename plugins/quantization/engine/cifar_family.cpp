#include "plugins/quantization/engine/cifar_family.h"
#include "core/base/error.h"
#include "plugins/quantization/engine/cifar_resnet.h"
#include <algorithm>

namespace lathe::quantization {
namespace {

/// The weights fit pictures of every size; a file that Lathe wrote says which it was trained on.
int picture_size(const TensorIndex& file, std::int64_t channels) {
    const auto written = file.metadata().find("lathe.config");
    const int usual = usual_picture_size(channels);
    if (written == file.metadata().end()) return usual;
    const Json config = parse_json(written->second, "lathe.config");
    return config.is_object() && config.contains("size") ? cifar_resnet_config({{"size", config["size"]}}).size : usual;
}

struct CifarKeys { bool ok = false; std::string prefix, why; CifarResNetConfig config; };

/// By the shapes of a few tensors. Shortcuts without weights tell it from the ResNets for large pictures.
CifarKeys find_keys(const TensorIndex& file) {
    CifarKeys found;
    found.why = "it has no conv1.weight of 3 x 3, layer3.0.conv2.weight and linear.weight.";
    for (const std::string_view prefix : kKeyPrefixes) {
        const std::string p(prefix);
        const TensorEntry *stem = file.find(p + "conv1.weight"), *last = file.find(p + "layer3.0.conv2.weight"), *head = file.find(p + "linear.weight");
        if (!stem || !last || !head || stem->shape.size() != 4 || last->shape.size() != 4 || head->shape.size() != 2) continue;
        if (stem->shape[2] != 3 || stem->shape[3] != 3 || last->shape[0] != 4 * stem->shape[0] || head->shape[1] != last->shape[0]) continue;
        if (file.find(p + "layer4.0.conv1.weight") || file.find(p + "layer1.0.conv3.weight") || file.find(p + "layer2.0.downsample.0.weight")) {
            found.why = "it has four stages, bottlenecks or shortcuts with weights.";
            continue;
        }
        int blocks = 0;
        while (blocks < 200 && file.find(p + "layer1." + std::to_string(blocks) + ".conv1.weight")) ++blocks;
        const auto size = [](std::int64_t n) { return static_cast<int>(std::min<std::int64_t>(n, 1'000'000)); };
        found.config = {blocks, size(stem->shape[0]), size(stem->shape[1]), size(head->shape[0]), picture_size(file, stem->shape[1])};
        found.ok = true;
        found.prefix = p;
        found.why = "three stages of basic blocks and a linear layer.";
        return found;
    }
    return found;
}

class CifarFamily : public ModelFamily {
public:
    std::string id() const override { return "cifar_resnet"; }
    std::string title() const override { return "ResNet for small pictures"; }
    std::vector<std::string> key_layouts() const override { return {"akamaster"}; }

    Recognition recognise(const TensorIndex& file) const override {
        const CifarKeys found = find_keys(file);
        Recognition r;
        r.why = found.why;
        if (!found.ok) return r;
        r.confidence = 1;
        r.layout = "akamaster";
        r.config = to_json(found.config);
        return r;
    }

    std::shared_ptr<Network> load(const TensorIndex& file, const Json&) const override {
        const CifarKeys found = find_keys(file);
        if (!found.ok) throw Error(ErrorCode::wrong_format, "This is no ResNet for small pictures: " + found.why, file.path().string(), "Choose a checkpoint such as resnet20 of pytorch_resnet_cifar10.");
        auto net = std::make_shared<CifarResNet>(cifar_resnet_config(to_json(found.config)));
        load_below(*net, file, found.prefix);
        return net;
    }

    std::shared_ptr<Network> make(const Json& config, std::uint64_t seed) const override {
        auto net = std::make_shared<CifarResNet>(cifar_resnet_config(config.is_object() ? config : Json::object()));
        net->initialize(seed);
        net->prepare_inference();
        return net;
    }

    Json facts(const Network& network) const override {
        const CifarResNetConfig& c = dynamic_cast<const CifarResNet&>(network).shape();
        Json facts = classifier_facts(network);
        facts["depth"] = 6 * c.blocks + 2;
        facts["width"] = c.width;
        return facts;
    }

    std::vector<at::Tensor> example(const Network& network, std::int64_t batch, std::uint64_t seed) const override { return classifier_example(network, batch, seed); }
};

}

std::unique_ptr<ModelFamily> make_cifar_family() { return std::make_unique<CifarFamily>(); }

}
