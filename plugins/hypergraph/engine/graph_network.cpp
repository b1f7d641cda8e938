#include "plugins/hypergraph/engine/graph_network.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <ATen/CPUGeneratorImpl.h>
#include <algorithm>
#include <set>

namespace lathe::hypergraph {
namespace {

[[noreturn]] void refuse_name(const char* what, const std::string& name, const std::vector<std::string>& known) {
    const std::string near = nearest_name(name, known);
    throw Error(ErrorCode::unknown_name, std::string("There is no ") + what + " of this name.", name, near.empty() ? "See the list of networks." : "Did you mean " + near + "?");
}

Json edhnn_json(const EdhnnOptions& o) {
    return {{"MLP_hidden", o.hidden}, {"Classifier_hidden", o.classifier_hidden}, {"All_num_layers", o.layers}, {"MLP_num_layers", o.depth1}, {"MLP2_num_layers", o.depth2}, {"MLP3_num_layers", o.depth3},
        {"Classifier_num_layers", o.classifier_depth}, {"normalization", o.layer_norm ? "ln" : "None"}, {"AllSet_input_norm", o.input_norm}, {"aggregate", o.mean ? "mean" : "add"}, {"restart_alpha", o.alpha}, {"dropout", o.dropout}};
}

/// Other names of a weight of GATConv.
std::vector<std::string> names_of(const std::string& key) {
    std::vector<std::string> names{key};
    for (const char* own_name : {"lin_src.weight", "lin.weight", "lin_dst.weight"})
        if (key == own_name || key.ends_with(std::string(".") + own_name))
            for (const char* other : {"lin_src.weight", "lin.weight", "lin_dst.weight"}) names.push_back(key.substr(0, key.size() - std::string_view(own_name).size()) + other);
    return names;
}

}

const std::vector<NetworkKind>& network_kinds() {
    static const std::vector<NetworkKind> kinds{
        {"gcn", "GCN", true, false, false, {}},
        {"sage", "GraphSAGE", true, false, false, {}},
        {"gat", "GAT", true, false, false, {}},
        {"gatv2", "GATv2", true, false, false, {}},
        {"hyper-gcn", "HypergraphConv", false, true, false, {"gcn"}},
        {"hyper-gat", "HypergraphConv with attention", false, true, false, {"gat"}},
        {"hypergcn", "HyperGCN (Yadati et al.)", false, true, false, {"gcn"}},
        {"edhnn", "ED-HNN", false, true, false, {}},
        {"lp-gcn-hyper-gcn", "GCN + HypergraphConv", true, true, false, {"lp-gcn-gcn", "gcn"}},
        {"lp-gat-hyper-gcn", "GAT + HypergraphConv", true, true, true, {"lp-gat-gat", "gat"}},
        {"lp-gat-gcn", "GAT + GCN", true, false, false, {}},
        {"lp-gcn-gcn", "GCN + GCN", true, false, false, {}},
        {"lp-gat-gat", "GAT + GAT", true, false, false, {}},
        {"lp-hyper-hyper", "HypergraphConv + HypergraphConv", false, true, false, {}},
        {"diff", "DiffPool", true, false, true, {}},
        {"ensemble", "Mean of two networks", true, true, false, {}},
        {"ta-gcn-hyperconv", "HyperAug: GCN + HypergraphConv", true, true, false, {"ta-gcn-gcn", "gcn"}},
        {"ta-gat-hyperconv", "HyperAug: GAT + HypergraphConv", true, true, false, {"ta-gat-gat", "gat"}},
        {"ta-sage-hyperconv", "HyperAug: GraphSAGE + HypergraphConv", true, true, false, {"ta-sage-sage", "sage"}},
        {"ta-gcn-edhnn", "HyperAug: GCN + ED-HNN", true, true, false, {"ta-gcn-gcn", "gcn"}},
        {"ta-gat-edhnn", "HyperAug: GAT + ED-HNN", true, true, false, {"ta-gat-gat", "gat"}},
        {"ta-sage-edhnn", "HyperAug: GraphSAGE + ED-HNN", true, true, false, {"ta-sage-sage", "sage"}},
        {"ta-gcn-hyperconv-ablation", "HyperAug's ablation: GCN on HypergraphConv's features", true, true, false, {"gcn"}},
        {"ta-gcn-edhnn-ablation", "HyperAug's ablation: GCN on ED-HNN's features", true, true, false, {"gcn"}},
        {"ta-sage-gcn", "Control: GraphSAGE + GCN", true, false, false, {}},
        {"ta-sage-gat", "Control: GraphSAGE + GAT", true, false, false, {}},
        {"ta-sage-sage", "Control: GraphSAGE + GraphSAGE", true, false, false, {}},
        {"ta-gat-gcn", "Control: GAT + GCN", true, false, false, {}},
        {"ta-gat-gat", "Control: GAT + GAT", true, false, false, {}},
        {"ta-gcn-gcn", "Control: GCN + GCN", true, false, false, {}},
        {"ta-hyperconv-hyperconv", "Control: HypergraphConv + HypergraphConv", false, true, false, {}},
        {"ta-edhnn-hyperconv", "Control: ED-HNN + HypergraphConv", true, true, true, {}},
        {"ta-edhnn-edhnn", "Control: ED-HNN + ED-HNN", false, true, false, {}},
    };
    return kinds;
}

const NetworkKind& network_kind(const std::string& id) {
    std::vector<std::string> known;
    for (const NetworkKind& kind : network_kinds()) {
        if (kind.id == id) return kind;
        known.push_back(kind.id);
    }
    refuse_name("network", id, known);
}

std::string kind_of_class(const std::string& name) {
    static const std::map<std::string, std::string> kinds{{"GCNNet", "gcn"}, {"SAGENet", "sage"}, {"GATNet", "gat"}, {"GATV2Net", "gatv2"}, {"GATv2Net", "gatv2"}, {"HyperGCN", "hyper-gcn"}, {"HyperConv", "hyper-gcn"},
        {"HyperGAT", "hyper-gat"}, {"HyperAtten", "hyper-gat"}, {"LPGCNHyperGCN", "lp-gcn-hyper-gcn"}, {"LPGATHyperGCN", "lp-gat-hyper-gcn"}, {"LPGGATGCN", "lp-gat-gcn"}, {"LPGCNGCN", "lp-gcn-gcn"},
        {"LPGGATGAT", "lp-gat-gat"}, {"LPHYPERHYPER", "lp-hyper-hyper"}, {"DiffPool", "diff"}, {"Average_Ensemble", "ensemble"}, {"AverageEnsemble", "ensemble"}, {"EquivSetGNN", "edhnn"}};
    if (const auto found = kinds.find(name); found != kinds.end()) return found->second;
    // TopoAug: TA (earlier LP), the base network, the auxiliary one, perhaps Ablation.
    static const std::vector<std::pair<std::string, std::string>> parts{{"GCN", "gcn"}, {"GAT", "gat"}, {"SAGE", "sage"}, {"HyperConv", "hyperconv"}, {"EDGNN", "edhnn"}};
    if (name.starts_with("TA") || name.starts_with("LP")) {
        std::string rest = name.substr(2), kind = "ta";
        const bool is_ablation = rest.ends_with("Ablation");
        if (is_ablation) rest.resize(rest.size() - 8);
        while (!rest.empty()) {
            bool matched = false;
            for (const auto& [part, id] : parts)
                if (rest.starts_with(part)) {
                    kind += "-" + id;
                    rest.erase(0, part.size());
                    matched = true;
                    break;
                }
            if (!matched) break;
        }
        if (is_ablation) kind += "-ablation";
        if (rest.empty()) return network_kind(kind).id;
    }
    std::vector<std::string> known;
    for (const auto& [one, kind] : kinds) known.push_back(one);
    refuse_name("class of the reference", name, known);
}

Json to_json(const NetworkOptions& o) {
    Json json = {{"kind", o.kind}, {"behaviour", o.released ? "released" : "fixed"}, {"regression", o.is_regression}, {"features", o.features}, {"classes", o.classes}, {"hidden", o.hidden}, {"log_softmax", o.log_softmax}};
    if (o.kind.find("edhnn") != std::string::npos) json["edhnn"] = edhnn_json(o.edhnn);
    if (o.kind == "diff") json["nodes"] = o.nodes;
    if (o.kind == "hypergcn") json.update({{"depth", o.depth}, {"mediators", o.mediators}, {"fast", o.fast}});
    if (o.kind == "ensemble") json.update({{"first", o.first}, {"second", o.second}});
    return json;
}

NetworkOptions network_options_from(const Json& json) {
    try {
        NetworkOptions o;
        o.kind = network_kind(json.at("kind").get<std::string>()).id;
        o.released = json.value("behaviour", "released") == "released";
        o.is_regression = json.value("regression", false);
        o.features = json.at("features").get<std::int64_t>();
        o.classes = json.value("classes", std::int64_t{0});
        o.hidden = json.value("hidden", std::int64_t{0});
        o.nodes = json.value("nodes", std::int64_t{0});
        o.log_softmax = json.value("log_softmax", true);
        o.depth = json.value("depth", o.depth);
        o.mediators = json.value("mediators", o.mediators);
        o.fast = json.value("fast", o.fast);
        o.first = json.value("first", o.first);
        o.second = json.value("second", o.second);
        if (json.contains("edhnn")) o.edhnn = edhnn_options_from(json.at("edhnn"));
        return o;
    } catch (const Json::exception& error) {
        throw Error(ErrorCode::wrong_format, "The description of a network cannot be read.", error.what(), "Use a model file that this plugin has written.");
    }
}

GraphNetwork::GraphNetwork(NetworkOptions options) : m_options(std::move(options)) { m_config = to_json(m_options); }

void GraphNetwork::initialize(std::uint64_t seed) {
    const c10::NoGradGuard no_gradients;
    at::Generator draws = at::make_generator<at::CPUGeneratorImpl>(seed);
    draw(draws);
}

at::Tensor GraphNetwork::forward(std::vector<at::Tensor> inputs, TapStack* taps) {
    if (!inputs.empty() || !m_graph) throw Error(ErrorCode::internal, "A graph network looks at a graph, not at tensors.", m_options.kind);
    Pass pass;
    pass.taps = taps;
    return compute(*m_graph, pass);
}

void GraphNetwork::load_named(const std::map<std::string, at::Tensor>& given) {
    std::map<std::string, at::Tensor> tensors;
    for (const auto& [key, tensor] : given) tensors.emplace(key.starts_with("model.") ? key.substr(6) : key, tensor);
    std::set<std::string> used;
    const auto find = [&](const std::string& key) {
        at::Tensor found;
        for (const std::string& name : names_of(key))
            if (const auto it = tensors.find(name); it != tensors.end()) {
                used.insert(name);
                if (!found.defined()) found = it->second;
            }
        return found;
    };
    std::vector<std::string> known, unexpected;
    visit("", [&](const std::string& key, at::Tensor&) {
        for (const std::string& name : names_of(key)) known.push_back(name);
    });
    for (const auto& [key, tensor] : tensors)
        if (std::ranges::find(known, key) == known.end()) unexpected.push_back(key);
    load(find, unexpected, true);
}

std::map<std::string, at::Tensor> reference_state(GraphNetwork& network) {
    std::map<std::string, at::Tensor> state = network.state();
    std::map<std::string, at::Tensor> twins;
    for (const auto& [key, tensor] : state)
        if (key.ends_with("lin_src.weight")) twins.emplace(key.substr(0, key.size() - 14) + "lin_dst.weight", tensor);
    state.merge(twins);
    return state;
}

at::Tensor finished(const at::Tensor& y, const NetworkOptions& options) { return options.log_softmax && !options.is_regression ? at::log_softmax(y, 1) : y; }

std::unique_ptr<GraphConv> make_conv(const std::string& kind, std::int64_t in, std::int64_t out, const AddLayer& add_layer, const std::string& name) {
    if (kind == "gcn") return std::make_unique<GcnConv>(in, out, GcnOptions{}, add_layer, name);
    if (kind == "sage") return std::make_unique<SageConv>(in, out, SageOptions{}, add_layer, name);
    if (kind == "gat") return std::make_unique<WrappedConv>("convs.0", std::make_unique<GatConv>(in, out, GatOptions{}, add_layer, name + ".convs.0"));
    if (kind == "gatv2") return std::make_unique<WrappedConv>("convs.0", std::make_unique<Gatv2Conv>(in, out, Gatv2Options{}, add_layer, name + ".convs.0"));
    if (kind == "hyperconv") return std::make_unique<HypergraphConv>(in, out, HypergraphOptions{}, add_layer, name);
    throw Error(ErrorCode::internal, "There is no convolution of this kind.", kind);
}

std::shared_ptr<GraphNetwork> make_network(const NetworkOptions& options) {
    const std::string& kind = network_kind(options.kind).id;
    if (options.features < 1) throw Error(ErrorCode::invalid_value, "The nodes have no features for the network to begin with.", kind, "Choose a data set with features, or structural features.");
    if (!options.is_regression && options.classes < 1) throw Error(ErrorCode::invalid_value, "There is no class to learn.", kind, "Give the nodes labels.");
    if (kind == "diff") return make_diff_pool(options);
    if (kind == "ensemble") return make_ensemble(options);
    if (kind == "edhnn") return make_edhnn(options);
    if (kind == "hypergcn") return make_hypergcn(options);
    return kind.starts_with("lp-") || kind.starts_with("ta-") ? make_two_branches(options) : make_two_layers(options);
}

}
