// hypergraph.compare: several networks over seeds, and whether hyperedges help.
#include "core/base/error.h"
#include "core/base/time.h"
#include "core/nn/tensor_index.h"
#include "plugins/hypergraph/engine/graph_source.h"
#include "plugins/hypergraph/engine/learning_methods.h"
#include "plugins/hypergraph/engine/paired_test.h"
#include "plugins/hypergraph/engine/train_settings.h"
#include <algorithm>
#include <ATen/ATen.h>
#include <cstdio>

namespace lathe::hypergraph {
namespace {

constexpr const char *kCells = "lathe.hypergraph.comparison", *kPlace = "checkpoint", *kUnderWay = "under_way";

struct Cell { double test = 0, validation = 0, seconds = 0; std::int64_t epoch = 0, parameters = 0; };

/// A run that is not finished: which one, and how to go on.
struct UnderWay {
    std::string network;
    std::int64_t seed = 0;
    double seconds = 0;
    Bytes checkpoint;   // of the trainer; null: there is none
};

[[noreturn]] void refuse_state(const std::string& what, const std::string& value) { throw Error(ErrorCode::wrong_format, what, std::string(kPlace) + ": " + value, "Start the comparison anew."); }

class NetworkComparison {
public:
    explicit NetworkComparison(RunContext& run) : m_run(run), m_params(run.params()), m_graph(open_graph(run).graph), m_first_seed(run.request().seed), m_seeds(m_params.value("seeds", std::int64_t{5})) {
        for (const Json& one : m_params.at("networks")) {
            if (!one.is_string()) throw Error(ErrorCode::invalid_value, "A list of networks holds something else.", "parameter networks: " + brief(one), "Give names of networks.");
            const std::string kind = network_kind(one.get<std::string>()).id;
            if (std::ranges::find(m_networks, kind) == m_networks.end()) m_networks.push_back(kind);
        }
        if (m_networks.empty()) throw Error(ErrorCode::invalid_value, "There is no network to compare.", "parameter networks", "Give at least one.");
    }

    void operator()() {
        if (const Bytes checkpoint = m_run.resume_checkpoint()) resume(checkpoint);
        std::size_t number = 0;
        const std::size_t total = m_networks.size() * static_cast<std::size_t>(m_seeds);
        // Seeds outside, networks inside: after each seed every network has as many runs, and pairs can be told at once.
        for (std::int64_t seed = 0; seed < m_seeds; ++seed)
            for (const std::string& network : m_networks) {
                if (!has_cell(network, seed)) {
                    m_cells[{network, seed}] = trained(network, seed, static_cast<double>(number), static_cast<double>(total));
                    m_under_way = {};
                    give_tables(true);
                    save();
                }
                ++number;
            }
        give_tables(false);
    }

private:
    bool has_cell(const std::string& network, std::int64_t seed) const { return m_cells.contains({network, seed}); }
    std::uint64_t seed_of(std::int64_t number) const { return static_cast<std::uint64_t>(m_first_seed + number); }

    Cell trained(const std::string& network, std::int64_t number, double done, double total) {
        Json params = m_params;
        params["network"] = network;
        TrainSettings settings = train_settings_from(params, seed_of(number));
        if (settings.split == "file" && settings.split_name.empty() && !m_graph->splits.empty()) settings.split_name = m_graph->splits[static_cast<std::size_t>(number) % m_graph->splits.size()].name;   // the published splits in turn
        m_varied = settings.split == "file" && m_graph->splits.size() > 1 ? "published split, initial weights and dropout differ between the runs" : settings.varied();
        const TrainingData data = data_for(m_graph, settings, seed_of(number));
        m_is_regression = data.classes == 0;
        GraphTrainer trainer(settings.training, data, make_network(network_for(settings, data)), [this] { m_run.check_cancelled(); });
        const std::string note = network_kind(network).title + ", seed " + std::to_string(seed_of(number));
        double before = 0;   // seconds of the part that another process has done
        if (m_under_way.checkpoint && m_under_way.network == network && m_under_way.seed == number) {
            trainer.resume(m_under_way.checkpoint);
            before = m_under_way.seconds;
        }
        const auto keep = [&] {
            m_under_way = {network, number, before + trainer.seconds(), std::make_shared<const std::string>(trainer.checkpoint())};
            save();
            m_saved = monotonic_seconds();
        };
        m_saved = monotonic_seconds();
        while (trainer.steps_done() < trainer.steps_total()) {
            m_run.check_cancelled();
            if (trainer.step().skipped && trainer.skipped() >= 20)
                throw Error(ErrorCode::invalid_value, "The training has diverged: 20 steps were not finite.", note, "Choose a smaller learning rate.");
            if (trainer.ended_epoch() && data.validation.size(0) > 0) m_run.metric("val_" + network + "_" + std::to_string(seed_of(number)), trainer.epochs_done(), trainer.ended_epoch()->validation);
            m_run.progress((done + static_cast<double>(trainer.steps_done()) / static_cast<double>(trainer.steps_total())) / total, 1, note);
            if (m_run.pause_asked() || monotonic_seconds() - m_saved > 60 * settings.checkpoint_minutes) keep();
        }
        return {trainer.best().test, trainer.best().validation, before + trainer.seconds(), trainer.best_epoch(), trainer.network().parameter_count()};
    }

    /// Values of the seeds that all `networks` have.
    std::vector<std::vector<double>> scores(const std::vector<std::string>& networks) const {
        std::vector<std::vector<double>> all(networks.size());
        for (std::int64_t seed = 0; seed < m_seeds; ++seed)
            if (std::ranges::all_of(networks, [&](const std::string& network) { return has_cell(network, seed); }))
                for (std::size_t k = 0; k < networks.size(); ++k) all[k].push_back(m_cells.at({networks[k], seed}).test);
        return all;
    }

    std::string hgb_form(const Spread& s) const {
        char text[64];
        if (std::isnan(s.deviation)) std::snprintf(text, sizeof text, m_is_regression ? "%.4g" : "%.2f", m_is_regression ? s.mean : 100 * s.mean);
        else std::snprintf(text, sizeof text, m_is_regression ? "%.4g ± %.2g" : "%.2f ± %.2f", m_is_regression ? s.mean : 100 * s.mean, m_is_regression ? s.deviation : 100 * s.deviation);
        return text;
    }

    void give_tables(bool preview) {
        std::vector<std::vector<Json>> results, runs, pairs;
        std::vector<std::string> sentences;
        for (const std::string& network : m_networks) {
            const std::vector<double> values = scores({network})[0];
            if (values.empty()) continue;
            double seconds = 0;
            std::int64_t parameters = 0;
            for (std::int64_t seed = 0; seed < m_seeds; ++seed)
                if (has_cell(network, seed)) {
                    const Cell& cell = m_cells.at({network, seed});
                    seconds += cell.seconds / static_cast<double>(values.size());
                    parameters = cell.parameters;
                    runs.push_back({network, seed_of(seed), number_json(cell.test), number_json(cell.validation), cell.epoch});
                }
            const Spread s = spread(values);
            results.push_back({network, network_kind(network).differs ? m_params.value("behaviour", "fixed") : "", parameters, values.size(), number_json(s.mean), number_json(s.deviation), seconds, hgb_form(s)});
        }
        for (const std::string& with : m_networks)
            for (const std::string& without : network_kind(with).without) {
                if (std::ranges::find(m_networks, without) == m_networks.end()) continue;
                const auto both = scores({with, without});
                const PairedResult r = paired_test(both[0], both[1], !m_is_regression);
                if (r.count == 0) continue;
                sentences.push_back(paired_sentence(r, network_kind(with).title, network_kind(without).title, m_varied, !m_is_regression));
                pairs.push_back({without, with, number_json(r.difference), number_json(r.deviation), number_json(r.t), number_json(r.p), r.wins, sentences.back()});
            }
        m_run.table("results", {"net", "behaviour", "parameters", "seeds", "mean", "std", "seconds", "as in HGB"}, results, Json::object(), preview);
        m_run.table("runs", {"net", "seed", "test", "val", "epoch"}, runs, Json::object(), preview);
        m_run.table("pairs", {"without", "with", "difference", "std", "t", "p", "wins", "sentence"}, pairs, Json::object(), preview);
        if (preview) return;
        if (sentences.empty()) sentences.push_back("No pair of networks with and without hyperedges was compared.");
        m_run.summary("sentences", sentences);
        m_run.summary("varied", m_varied);
    }

    Json identity() const {
        return {{"networks", m_networks}, {"params", m_params}, {"first_seed", m_first_seed}, {"nodes", m_graph->nodes}, {"edges", m_graph->out.size()}, {"memberships", m_graph->members.size()}};
    }

    void save() {
        Json cells = Json::array();
        for (const auto& [key, cell] : m_cells) cells.push_back({key.first, key.second, number_json(cell.test), number_json(cell.validation), cell.seconds, cell.epoch, cell.parameters});
        Json state = {{"identity", identity()}, {"cells", cells}, {"regression", m_is_regression}, {"varied", m_varied}};
        std::map<std::string, at::Tensor> tensors{{"seeds", at::full({1}, m_seeds, at::kLong)}};
        if (m_under_way.checkpoint) {
            state[kUnderWay] = {m_under_way.network, m_under_way.seed, m_under_way.seconds};
            const std::string& bytes = *m_under_way.checkpoint;
            tensors[kUnderWay] = at::from_blob(const_cast<char*>(bytes.data()), {static_cast<std::int64_t>(bytes.size())}, at::kByte);   // only read
        }
        m_run.checkpoint(std::make_shared<const std::string>(safetensors_bytes(tensors, {{kCells, state.dump()}})));
        if (m_run.pause_asked()) throw Paused{};
    }

    void resume(const Bytes& checkpoint) {
        const auto file = open_safetensors_bytes(checkpoint, kPlace);
        const auto found = file->metadata().find(kCells);
        if (found == file->metadata().end()) throw Error(ErrorCode::wrong_format, "The saved state is not that of a comparison of networks.", kPlace, "Start it anew.");
        const Json state = parse_json(found->second, kPlace, {32, 1'000'000, 64u << 20});
        if (!state.is_object() || !state.contains("identity") || state.at("identity") != identity())
            throw Error(ErrorCode::invalid_value, "The saved state is that of another comparison.", kPlace, "Resume with what it was made with, or start anew.");
        const Json& cells = member(state, "cells", kPlace);
        if (!cells.is_array()) refuse_state("The field \"cells\" is no list.", brief(cells));
        for (const Json& row : cells) {
            const std::string where = std::string(kPlace) + ", field \"cells\"";
            if (!row.is_array() || row.size() != 7) refuse_state("A row of the field \"cells\" has not seven columns.", brief(row));
            if (!row[5].is_number_integer() || !row[6].is_number_integer() || !row[4].is_number()) refuse_state("A row of the field \"cells\" holds something else than its numbers.", brief(row));
            m_cells[run_of(row, "cells")] = {number_from(row[2], where), number_from(row[3], where), row[4].get<double>(), row[5].get<std::int64_t>(), row[6].get<std::int64_t>()};
        }
        m_is_regression = bool_member(state, "regression", kPlace);
        m_varied = string_member(state, "varied", kPlace);
        if (state.contains(kUnderWay)) resume_under_way(state.at(kUnderWay), *file);
        m_run.log("info", "Resumed with " + std::to_string(m_cells.size()) + " finished runs" + (m_under_way.checkpoint ? " and one under way." : "."));
    }

    /// Network and seed at the beginning of a row.
    std::pair<std::string, std::int64_t> run_of(const Json& row, const char* field) const {
        const bool known = row[0].is_string() && row[1].is_number_integer() && std::ranges::find(m_networks, row[0].get<std::string>()) != m_networks.end() && row[1].get<std::int64_t>() >= 0 && row[1].get<std::int64_t>() < m_seeds;
        if (!known) refuse_state(std::string("The field \"") + field + "\" names no network and seed of this comparison.", brief(row));
        return {row[0].get<std::string>(), row[1].get<std::int64_t>()};
    }

    void resume_under_way(const Json& row, const TensorIndex& file) {
        if (!row.is_array() || row.size() != 3 || !row[2].is_number()) refuse_state(std::string("The field \"") + kUnderWay + "\" is no list of network, seed and seconds.", brief(row));
        const auto [network, seed] = run_of(row, kUnderWay);
        const TensorEntry* entry = file.find(kUnderWay);
        if (!entry || entry->dtype != at::kByte || entry->shape.size() != 1) refuse_state(std::string("The tensor \"") + kUnderWay + "\" is missing or no row of bytes.", network);
        const at::Tensor bytes = file.get(kUnderWay);
        m_under_way = {network, seed, row[2].get<double>(), std::make_shared<const std::string>(reinterpret_cast<const char*>(bytes.const_data_ptr<std::uint8_t>()), static_cast<std::size_t>(bytes.numel()))};
    }

    RunContext& m_run;
    const Json& m_params;
    const std::shared_ptr<const HybridGraph> m_graph;
    const std::int64_t m_first_seed, m_seeds;
    std::vector<std::string> m_networks;
    std::map<std::pair<std::string, std::int64_t>, Cell> m_cells;
    UnderWay m_under_way;
    double m_saved = 0;        // when, by the steady clock
    bool m_is_regression = false;
    std::string m_varied;
};

}

Method compare_graph_method() {
    Method method;
    MethodInfo& info = method.info;
    info.id = "hypergraph.compare";
    info.title = "Compare networks: do hyperedges help?";
    info.help = "Trains several networks with several seeds, gives mean and deviation, and compares pairs with and without hyperedges by a paired t-test.";
    info.source = "HGB (arXiv 2306.05108), HyperAug (arXiv 2402.13033)";
    info.parameters = {Parameter::list("networks", Json::array({"gcn", "hyper-gcn", "lp-gcn-gcn", "lp-gcn-hyper-gcn"})).with_label("Networks").with_group("Compare"),
        Parameter::integer("seeds", 5).range(1, 1000).with_label("Seeds").with_group("Compare").with_help("From the run's seed on.")};
    for (Parameter& parameter : network_parameters(false)) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : training_parameters()) info.parameters.push_back(std::move(parameter));
    for (Parameter& parameter : graph_parameters()) info.parameters.push_back(std::move(parameter));
    info.inputs = {graph_input()};
    info.outputs = {{"results", "table", "Results", "", ""}, {"runs", "table", "Runs", "", ""}, {"pairs", "table", "With and without hyperedges", "", ""}};
    info.is_long = true;
    method.run = [](RunContext& run) { NetworkComparison{run}(); };
    return method;
}

}
