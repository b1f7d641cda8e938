#include "plugins/vit_merge/engine/vit_family.h"
#include "core/base/error.h"
#include "plugins/vit_merge/engine/resample.h"
#include "plugins/vit_merge/engine/vit.h"
#include "plugins/vit_merge/engine/vit_layouts.h"
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

namespace lathe::vit_merge {
namespace {

class VitFamily : public ModelFamily {
public:
    std::string id() const override { return "vit"; }
    std::string title() const override { return "Vision Transformer"; }
    std::vector<std::string> key_layouts() const override {
        std::vector<std::string> names;
        for (const VitLayout layout : kVitLayouts) names.emplace_back(to_text(layout));
        return names;
    }

    Recognition recognise(const TensorIndex& file) const override {
        Recognition r;
        if (const auto config = recognise_vit(file, &r.why)) {
            r.confidence = 1;
            r.layout = to_text(config->layout);
            r.config = to_json(*config);
        }
        return r;
    }

    std::shared_ptr<Network> load(const TensorIndex& file, const Json& options) const override {
        std::string why;
        const auto found = recognise_vit(file, &why);
        if (!found) throw Error(ErrorCode::wrong_format, "This is not a Vision Transformer: " + why, file.path().string(), "Choose a file of timm, DeiT, torchvision, Hugging Face, CLIP or augreg.");
        VitConfig config = *found;
        TensorMap tensors;
        if (options.is_object() && !options.empty()) {
            Json json = to_json(config);
            for (const char* key : {"heads", "eps", "quick_gelu"})   // what no shape tells
                if (const auto it = options.find(key); it != options.end()) json[key] = *it;
            config = vit_config_from(json);
        }
        tensors = canonical_tensors(file, config);
        if (options.is_object() && options.contains("height") && options.contains("width"))
            tensors = resized(tensors, config, int_member(options, "height", "options"), int_member(options, "width", "options"));
        auto vit = std::make_shared<Vit>(config);
        try {
            vit->load_canonical(tensors);
        } catch (const Error& e) {
            throw Error(e.code(), e.summary(), file.path().string() + ": " + e.where(), e.hint());
        }
        vit->prepare_inference();
        return vit;
    }

    std::shared_ptr<Network> make(const Json& config, std::uint64_t seed) const override {
        auto vit = std::make_shared<Vit>(config.is_string() ? vit_size(config.get<std::string>()) : vit_config_from(config));
        vit->initialize(seed);
        vit->prepare_inference();
        return vit;
    }

    Json facts(const Network& network) const override {
        const auto& vit = dynamic_cast<const Vit&>(network);
        const VitConfig& c = vit.vit();
        Json classes = Json::array();
        for (std::int64_t i = 0; i < c.classes && c.classes <= 10'000; ++i) classes.push_back(c.classes_names.empty() ? std::to_string(i) : c.classes_names[std::size_t(i)]);
        Json facts = Json::object();
        facts["depth"] = c.depth;
        facts["tokens"] = c.tokens();
        facts["grid"] = c.grid_rows();
        facts["grid_rows"] = c.grid_rows();
        facts["grid_columns"] = c.grid_columns();
        facts["prefix_tokens"] = c.prefix_tokens();
        facts["hidden"] = c.dim;
        facts["heads"] = c.heads;
        facts["mlp"] = c.mlp;
        facts["patch"] = c.patch;
        facts["channels"] = c.channels;
        facts["input_size"] = c.height;
        facts["height"] = c.height;
        facts["width"] = c.width;
        facts["num_classes"] = c.classes;
        facts["classes"] = std::move(classes);
        facts["parameters"] = const_cast<Vit&>(vit).parameter_count();
        facts["config"] = to_json(c);
        return facts;
    }

    std::vector<at::Tensor> example(const Network& network, std::int64_t batch, std::uint64_t seed) const override {
        const VitConfig& c = dynamic_cast<const Vit&>(network).vit();
        auto random = at::make_generator<at::CPUGeneratorImpl>(seed);
        return {at::randn({batch, c.channels, c.height, c.width}, random)};
    }
};

}

std::unique_ptr<ModelFamily> make_vit_family() { return std::make_unique<VitFamily>(); }

}
