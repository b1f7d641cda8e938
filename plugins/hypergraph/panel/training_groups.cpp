#include "plugins/hypergraph/panel/training_groups.h"
#include <algorithm>
#include <cmath>
#include <set>

namespace lathe::hypergraph {
namespace {

const char* const kSeed = "seed";

Json without_seed(const Json& params) {
    Json out = params.is_object() ? params : Json::object();
    out.erase(kSeed);
    return out;
}

QString value_text(const Json& value) { return value.is_string() ? QString::fromStdString(value.get<std::string>()) : QString::fromStdString(value.dump()); }

QStringList differences(const Json& params, const Json& shown) {
    QStringList out;
    for (const auto& [id, value] : params.items())
        if (!shown.contains(id) || shown[id] != value) out << QStringLiteral("%1 %2").arg(QString::fromStdString(id), value_text(value));
    return out;
}

struct Entry {
    QString uuid;
    Json params, summary;
};

}

QList<TrainingGroup> group_trainings(const QList<PanelRun>& runs, const Training* shown, bool regression) {
    std::vector<Entry> entries;
    if (shown && shown->finished) entries.push_back({shown->uuid, shown->params, shown->summary});
    for (const PanelRun& run : runs)
        if (!shown || run.uuid != shown->uuid) entries.push_back({run.uuid, run.params, run.summary});
    QList<TrainingGroup> groups;
    std::vector<Json> keys;
    std::vector<std::set<std::string>> seeds;
    const Json shown_key = shown ? without_seed(shown->params) : Json();
    for (const Entry& entry : entries) {
        const char* unit = regression ? "_mae" : "_accuracy";
        const auto score = [&](const char* part) { return fact(entry.summary, (std::string(part) + unit).c_str()); };
        if (std::isnan(score("test")) && std::isnan(score("val"))) continue;   // of another kind of data, or from before there were figures
        const Json key = without_seed(entry.params);
        auto found = std::size_t(std::ranges::find(keys, key) - keys.begin());
        if (found == keys.size()) {
            TrainingGroup group;
            const QString network = text_fact(entry.summary, "network"), behaviour = text_fact(entry.summary, "behaviour");
            group.network = network.isEmpty() ? text_fact(key, "network") : network;
            if (!behaviour.isEmpty()) group.network += QStringLiteral(", ") + behaviour;
            group.hyperedges = text_fact(key, "hyperedges.source");
            group.is_shown = shown && key == shown_key;
            if (shown && !group.is_shown) group.differs = differences(key, shown_key);
            groups << group;
            keys.push_back(key);
            seeds.emplace_back();
        }
        const Json seed = entry.params.is_object() && entry.params.contains(kSeed) ? entry.params[kSeed] : Json();
        if (!seeds[found].insert(seed.dump()).second) continue;   // an older run of the same seed
        TrainingGroup& group = groups[qsizetype(found)];
        group.train.push_back(score("train"));
        group.validation.push_back(score("val"));
        group.test.push_back(score("test"));
    }
    std::ranges::stable_partition(groups, &TrainingGroup::is_shown);
    return groups;
}

QString mean_text(const std::vector<double>& values, bool regression) {
    double mean = 0, square = 0;
    std::size_t count = 0;
    for (const double value : values)
        if (!std::isnan(value)) mean += value, ++count;
    if (count == 0) return QStringLiteral("–");
    mean /= double(count);
    for (const double value : values)
        if (!std::isnan(value)) square += (value - mean) * (value - mean);
    const auto text = [&](double value, int figures) { return regression ? QString::number(value, 'g', figures) : QString::number(100 * value, 'f', 2); };
    return count < 2 ? text(mean, 4) : text(mean, 4) + QStringLiteral(" ± ") + text(std::sqrt(square / double(count - 1)), 2);
}

}
