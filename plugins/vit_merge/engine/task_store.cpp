#include "plugins/vit_merge/engine/task_store.h"
#include "core/base/error.h"
#include "plugins/vit_merge/engine/known_files.h"
#include "plugins/vit_merge/engine/training_form.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <list>

namespace lathe::vit_merge {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostKeptPictures = std::int64_t{1} << 30;   // bytes
constexpr std::int64_t kMostKeptBytes = std::int64_t{128} << 20;     // of each kind of network

struct KeptPictures {
    std::string key;
    bool whole = false;                                    ///< all of the split
    std::shared_ptr<const TaskImages> images;
};

/// What was used last is in front; up to a number of bytes in all, but always the last one.
template <class T> class KeptList {
public:
    explicit KeptList(std::int64_t most_bytes = kMostKeptBytes) : m_most(most_bytes) {}
    std::shared_ptr<T> find(const std::string& key) {
        for (auto it = m_entries.begin(); it != m_entries.end(); ++it)
            if (it->key == key) {
                m_entries.splice(m_entries.begin(), m_entries, it);
                return m_entries.front().value;
            }
        return nullptr;
    }
    /// Before something of about this size is made: a large one is not made beside another.
    void make_room(std::int64_t bytes) {
        std::int64_t sum = bytes;
        for (auto it = m_entries.begin(); it != m_entries.end();) {
            sum += it->bytes;
            it = sum > m_most ? m_entries.erase(it) : std::next(it);
        }
    }
    void keep(const std::string& key, std::shared_ptr<T> value, std::int64_t bytes) {
        make_room(bytes);
        m_entries.push_front({key, std::move(value), bytes});
    }

private:
    struct Entry { std::string key; std::shared_ptr<T> value; std::int64_t bytes = 0; };
    std::list<Entry> m_entries;
    std::int64_t m_most;
};

std::int64_t trunk_bytes(const ModelSet& set) {
    std::int64_t elements = 0;
    for (const SharedKey& key : set.keys) elements += key.elements;
    return 4 * elements;
}

std::list<KeptPictures>& kept_pictures() {
    static std::list<KeptPictures> all;
    return all;
}

void trim_pictures() {
    std::int64_t bytes = 0;
    auto& all = kept_pictures();
    for (auto it = all.begin(); it != all.end();) {
        bytes += it->images->images.numel();
        if (bytes > kMostKeptPictures && it != all.begin()) it = all.erase(it);
        else ++it;
    }
}

std::shared_ptr<const TaskImages> first_pictures(const std::shared_ptr<const TaskImages>& all, std::int64_t count) {
    if (count == 0 || count >= all->size()) return all;
    return std::make_shared<const TaskImages>(TaskImages{all->images.slice(0, 0, count), all->labels.slice(0, 0, count), all->classes});
}

std::string setup_key(const ModelSet& set, const fs::path& gate) {
    std::string key = gate.string() + "|" + file_version(gate);
    const auto add = [&key](const ModelSource& one) { key += "|" + one.name + "|" + one.path.string() + "|" + one.version + "|" + number_text(one.weight) + "|" + one.data; };
    for (const ModelSource& model : set.models) add(model);
    if (set.base) add(*set.base);
    return key;
}

}

std::shared_ptr<const TaskImages> kept_task(RunContext& run, const std::string& data, const fs::path& root, bool train, std::int64_t count) {
    const std::string key = root.string() + "|" + data + (train ? "|train" : "|test");
    auto& all = kept_pictures();
    for (auto it = all.begin(); it != all.end(); ++it)
        if (it->key == key) {
            if (!it->whole && (count == 0 || it->images->size() < count)) {
                all.erase(it);
                break;
            }
            all.splice(all.begin(), all, it);
            return first_pictures(all.front().images, count);
        }
    const auto tick = [&run](std::int64_t) { run.check_cancelled(); };
    TaskImages opened = open_task_at_most(data, root, train, 0, count, tick);
    const bool whole = count == 0 || opened.size() < count;
    all.push_front({key, whole, std::make_shared<const TaskImages>(std::move(opened))});
    trim_pictures();
    return first_pictures(all.front().images, count);
}

std::vector<InputSlot> setup_slots() {
    return {set_slot(), data_slot(), {"gate", "model", "Gate", "The network that says which model a picture is for. Empty: the set's.", false}};
}

namespace {

/// Throws what open_gate and fit_gate throw.
std::shared_ptr<Gate> fitted_gate(const fs::path& file, const std::vector<std::string>& names) {
    static KeptList<Gate> gates;
    const std::string key = file.string() + "|" + file_version(file) + "|" + Json(names).dump();
    if (auto known = gates.find(key)) return known;
    std::shared_ptr<Gate> gate = open_gate(file);
    fit_gate(*gate, names);
    gates.keep(key, gate, 4 * gate->parameter_count());
    return gate;
}

/// Null where it does not fit models that were added: methods without a gate go on.
std::shared_ptr<Gate> gate_of_set(RunContext& run, const fs::path& file, const std::vector<std::string>& names) {
    try {
        return fitted_gate(file, names);
    } catch (const Error& error) {
        if (error.code() != ErrorCode::invalid_value) throw;
        run.log("warning", "The set's gate is left out. " + error.summary() + " (" + error.where() + ") " + error.hint());
        return nullptr;
    }
}

}

TaskSetup open_setup(RunContext& run) {
    TaskSetup setup;
    setup.set = open_model_set(run);
    setup.root = data_root(run);
    setup.form = picture_form(setup.set->reference());
    const InputAsset* given = run.input("gate");
    const fs::path gate = given ? fs::path(given->path) : setup.set->gate;
    if (!gate.empty()) setup.gate = given ? fitted_gate(gate, setup.set->names()) : gate_of_set(run, gate, setup.set->names());
    setup.key = setup_key(*setup.set, gate);
    return setup;
}

std::shared_ptr<const TaskImages> kept_task(RunContext& run, const TaskSetup& setup, int index, bool train, std::int64_t count) {
    const ModelSource& model = setup.model(index);
    if (model.data.empty())
        throw Error(ErrorCode::invalid_value, "It is not known which pictures a model is for.", model.name, "Name them in the column \"data\" of the table of models, or in set.json.");
    std::shared_ptr<const TaskImages> images = kept_task(run, model.data, setup.root, train, count);
    if (model.config.classes > 0 && images->size() > 0)
        if (const std::int64_t highest = images->labels.max().item<std::int64_t>(); highest >= model.config.classes)
            throw Error(ErrorCode::invalid_value, "The pictures have classes that the model's head does not know.",
                model.name + " with " + model.data + ": label " + std::to_string(highest) + ", head of " + std::to_string(model.config.classes) + " classes", "Choose the pictures that the model was made for.");
    return images;
}

TaskPictures task_pictures(RunContext& run, const TaskSetup& setup) {
    return [&run, setup](int model, std::int64_t first, std::int64_t count, bool train) {
        const std::shared_ptr<const TaskImages> images = kept_task(run, setup, model, train, first + count);
        const std::int64_t size = images->size();
        // A small set is gone through again.
        const at::Tensor places = (at::arange(count, at::kLong) + first).remainder(size);
        return std::pair(for_models(setup, images->images.index_select(0, places)), images->labels.index_select(0, places));
    };
}

std::shared_ptr<MergedModel> kept_merged(RunContext& run, const TaskSetup& setup, const MergeSettings& settings, double begin, double end) {
    static KeptList<MergedModel> merged;
    const std::string key = setup.key + "|" + setup.root.string() + "|" + to_json(settings).dump();
    if (std::shared_ptr<MergedModel> had = merged.find(key)) return had;
    const std::int64_t bytes = 2 * trunk_bytes(*setup.set);
    merged.make_room(bytes);
    std::shared_ptr<MergedModel> made = make_merged(setup.set, settings, setup.gate, task_pictures(run, setup), [&](double done, double total, std::string_view note) {
        run.check_cancelled();
        run.progress(begin + (end - begin) * (total > 0 ? done / total : 0), 1, note);
    });
    merged.keep(key, made, bytes);
    return made;
}

std::shared_ptr<Vit> kept_vit(const TaskSetup& setup, int index) {
    static KeptList<Vit> vits;
    const ModelSource& model = setup.model(index);
    const std::string key = model.path.string() + "|" + model.version;
    if (std::shared_ptr<Vit> had = vits.find(key)) return had;
    vits.make_room(trunk_bytes(*setup.set));
    auto made = std::make_shared<Vit>(model.config);
    made->load_canonical(canonical_tensors(*model.file, model.config));
    made->prepare_inference();
    vits.keep(key, made, trunk_bytes(*setup.set));
    return made;
}

TensorMap merged_trunk(RunContext& run, const TaskSetup& setup, const MergeSettings& settings, const std::vector<double>& shares) {
    if (settings.method != MergeMethod::gated && !gives_one_model(settings.method))
        throw Error(ErrorCode::unsupported, "This method has no single set of weights to look into.", std::string(title(settings.method)), "Look into one of the models, or choose gated merging or a static method.");
    MergeSettings once = settings;
    if (settings.method == MergeMethod::gated) once.method = settings.static_part;
    static KeptList<const TensorMap> trunks;
    const std::string key = setup.key + "|" + to_json(once).dump();
    std::shared_ptr<const TensorMap> fixed = trunks.find(key);
    if (!fixed) {
        trunks.make_room(trunk_bytes(*setup.set));
        fixed = std::make_shared<const TensorMap>(merge_static(*setup.set, once, task_pictures(run, setup), [&run](double, double, std::string_view) { run.check_cancelled(); }).trunk);
        trunks.keep(key, fixed, trunk_bytes(*setup.set));
    }
    TensorMap trunk = *fixed;
    for (const auto& [name, tensor] : setup.set->rest()) trunk.emplace(name, tensor);
    if (settings.method == MergeMethod::gated) {
        const GatePlan plan = plan_gate(*setup.set, block_similarity(*setup.set, settings.similarity, settings.task_vectors), settings);
        for (std::size_t k = 0; k < setup.set->keys.size(); ++k) {
            if (!plan.gated[k]) continue;
            const SharedKey& shared = setup.set->keys[k];
            std::vector<at::Tensor> sources;
            for (int i = 0; i < setup.models(); ++i) sources.push_back(setup.set->tensor(i, shared).contiguous());
            at::Tensor out = at::empty(shared.shape, at::kFloat);
            weighted_sum(sources, shares, out);
            trunk[shared.key] = out;
        }
    }
    VitConfig config = setup.set->reference();
    config.classes = 0;
    if (!setup.set->mixed_layouts) return canonical_tensors(trunk, config);
    return trunk;
}

std::unique_ptr<Vit> vit_of(const TaskSetup& setup, const TensorMap& trunk, int head_of) {
    VitConfig config = setup.model(head_of).config;
    auto vit = std::make_unique<Vit>(config);
    TensorMap all;
    for (const auto& [key, tensor] : trunk)
        if (parse_vit_key(key).group != KeyGroup::head) all.emplace(key, tensor);
    if (config.classes > 0)
        for (const auto& [key, tensor] : setup.set->head(head_of)) all.emplace(key, tensor);
    vit->load_canonical(all);
    vit->prepare_inference();
    return vit;
}

at::Tensor for_models(const TaskSetup& setup, const at::Tensor& bytes) {
    const PictureForm& form = setup.form;
    return model_pictures(bytes, form.channels, form.height, form.width, form.mean, form.deviation);
}

}
