#pragma once
// What the detector has already made of the pictures of one moment, kept from run to run: rules and calibration change where features go, never the features
// themselves, and the history of a sample is what earlier samples were made of.
#include "plugins/bev/engine/picture_file.h"
#include <ATen/core/Tensor.h>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace lathe::bev {

/// All cameras at one moment. Either part may still be missing.
struct FrameImages {
    std::vector<Picture> pictures;                  ///< as the network takes them, before normalisation
    std::vector<at::Tensor> features;               ///< for each level [cameras, C, h, w], channels last
    std::size_t bytes() const;
};

/// By key, up to a number of bytes; those not asked for longest go first. Work thread only.
class FrameCache {
public:
    explicit FrameCache(std::size_t budget_bytes) : m_budget(budget_bytes) {}
    std::shared_ptr<FrameImages> at(const std::string& key);     ///< an empty one where there was none; stays valid when it is dropped
    void trim();                                                 ///< after frames have been filled
    std::size_t size() const { return m_order.size(); }
private:
    using Entry = std::pair<std::string, std::shared_ptr<FrameImages>>;
    std::list<Entry> m_order;                                    ///< most recently used first
    std::unordered_map<std::string, std::list<Entry>::iterator> m_places;
    std::size_t m_budget;
};

}
