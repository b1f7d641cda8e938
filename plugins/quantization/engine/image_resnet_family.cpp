#include "plugins/quantization/engine/image_resnet_family.h"
#include "core/base/error.h"
#include "plugins/quantization/engine/image_resnet.h"
#include <algorithm>

namespace lathe::quantization {
namespace {

struct ImageKeys {
    bool ok = false;
    std::string prefix, why;
    ImageResNetConfig config;
};

/// 0: none of this number of blocks.
int depth_of(const std::array<int, 4>& blocks, bool bottleneck) {
    if (blocks == std::array{2, 2, 2, 2} && !bottleneck) return 18;
    if (blocks == std::array{3, 4, 6, 3}) return bottleneck ? 50 : 34;
    return blocks == std::array{3, 4, 23, 3} && bottleneck ? 101 : 0;
}

/// By the shapes of a few tensors: a 7 x 7 stem, four stages, no groups, no wider blocks.
ImageKeys find_image_keys(const TensorIndex& file) {
    ImageKeys found;
    found.why = "it has no conv1.weight of 7 x 7, layer4.0.conv1.weight and fc.weight.";
    for (const std::string_view prefix : kKeyPrefixes) {
        const std::string p(prefix);
        const auto shape = [&](const char* key) {
            const TensorEntry* entry = file.find(p + key);
            return entry ? entry->shape : std::vector<std::int64_t>{};
        };
        const auto stem = shape("conv1.weight"), first = shape("layer1.0.conv1.weight"), second = shape("layer1.0.conv2.weight"), head = shape("fc.weight");
        if (stem.size() != 4 || stem[2] != 7 || stem[3] != 7 || head.size() != 2 || shape("layer4.0.conv1.weight").size() != 4) continue;
        const std::int64_t width = stem[0];
        const bool bottleneck = shape("layer1.0.conv3.weight").size() == 4;
        if (stem[1] != 3 || first.size() != 4 || first[0] != width || second != std::vector<std::int64_t>{width, width, 3, 3} || head[1] != ResNetBlock::out_channels(8 * width, bottleneck)) {
            found.why = "its blocks are grouped or wider than those of ResNet, or it takes other than 3 channels.";
            continue;
        }
        std::array<int, 4> blocks{};
        std::string counts;
        for (std::size_t stage = 0; stage < blocks.size(); ++stage) {
            while (blocks[stage] < 200 && file.find(p + "layer" + std::to_string(stage + 1) + "." + std::to_string(blocks[stage]) + ".conv1.weight")) ++blocks[stage];
            counts += (counts.empty() ? "" : ", ") + std::to_string(blocks[stage]);
        }
        const int depth = depth_of(blocks, bottleneck);
        if (depth == 0) {
            found.why = "its stages have " + counts + (bottleneck ? " bottlenecks" : " blocks") + ", which no ResNet-18, 34, 50 or 101 has.";
            continue;
        }
        const auto size = [](std::int64_t n) { return static_cast<int>(std::min<std::int64_t>(n, 1'000'000)); };
        return {true, p, "four stages of " + counts + (bottleneck ? " bottlenecks" : " blocks") + " and a linear layer.", {depth, size(width), size(head[0])}};
    }
    return found;
}

class ImageResNetFamily : public ModelFamily {
public:
    std::string id() const override { return "resnet"; }
    std::string title() const override { return "ResNet"; }
    std::vector<std::string> key_layouts() const override { return {"torchvision"}; }

    Recognition recognise(const TensorIndex& file) const override {
        const ImageKeys found = find_image_keys(file);
        Recognition r;
        r.why = found.why;
        if (!found.ok) return r;
        r.confidence = 1;
        r.layout = "torchvision";
        r.config = to_json(found.config);
        return r;
    }

    std::shared_ptr<Network> load(const TensorIndex& file, const Json&) const override {
        const ImageKeys found = find_image_keys(file);
        if (!found.ok) throw Error(ErrorCode::wrong_format, "This is no ResNet for pictures: " + found.why, file.path().string(), "Choose a checkpoint such as resnet18 or resnet50 of torchvision.");
        auto net = std::make_shared<ImageResNet>(image_resnet_config(to_json(found.config)));
        load_below(*net, file, found.prefix);
        return net;
    }

    std::shared_ptr<Network> make(const Json& config, std::uint64_t seed) const override {
        auto net = std::make_shared<ImageResNet>(image_resnet_config(config.is_object() ? config : Json::object()));
        net->initialize(seed);
        net->prepare_inference();
        return net;
    }

    Json facts(const Network& network) const override {
        Json facts = classifier_facts(network);
        facts["depth"] = network.config().at("depth");
        return facts;
    }

    std::vector<at::Tensor> example(const Network& network, std::int64_t batch, std::uint64_t seed) const override { return classifier_example(network, batch, seed); }
};

}

std::unique_ptr<ModelFamily> make_image_resnet_family() { return std::make_unique<ImageResNetFamily>(); }

}
