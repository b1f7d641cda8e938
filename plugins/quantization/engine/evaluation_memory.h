#pragma once
// What the last evaluation left behind, so that the next one starts at the first layer that has changed. On the engine's work thread.
#include "plugins/quantization/engine/classification.h"
#include "plugins/quantization/engine/part_run.h"
#include "plugins/quantization/engine/quant_tap.h"
#include <optional>
#include <string>

namespace lathe::quantization {

class EvaluationMemory {
public:
    struct Answer {
        ClassificationResult result;
        std::string from;                                ///< node from which it was computed anew; empty: all of it
        bool is_whole = false;                           ///< nothing was computed: nothing has changed
    };
    /// Classifies the first `images` of the set with the tap's quantisers. `key` says of which network and set; another one forgets everything.
    /// Values at up to 12 places are kept, of at most 512 MiB in all.
    Answer classify(const std::string& key, const PartRunner& runner, const std::shared_ptr<QuantTap>& tap, const ClassificationSet& set, std::int64_t images, std::int64_t batch, const std::function<void()>& tick,
        const std::function<void(std::int64_t done, std::int64_t total)>& done);

private:
    struct Place { QuantSpec spec; int position = 0; std::map<std::string, at::Tensor> state; };
    using Places = std::map<std::string, Place>;
    static Places places_of(QuantTap& tap, const PartRunner& runner);
    static int first_change(const Places& before, const Places& now, int none);
    std::set<int> kept_nodes(const PartRunner& runner, std::int64_t images) const;

    std::string m_key;
    Places m_places;
    std::vector<NodeValues> m_values;                    // for each batch: what the node before each cut gave
    std::set<int> m_cuts;
    std::optional<ClassificationResult> m_result;
};

}
