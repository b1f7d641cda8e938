#include "plugins/bev/engine/frame_cache.h"

namespace lathe::bev {

std::size_t FrameImages::bytes() const {
    std::size_t sum = 0;
    for (const Picture& picture : pictures) sum += picture.rgb.size();
    for (const at::Tensor& maps : features) sum += maps.nbytes();
    return sum;
}

std::shared_ptr<FrameImages> FrameCache::at(const std::string& key) {
    if (const auto known = m_places.find(key); known != m_places.end()) m_order.splice(m_order.begin(), m_order, known->second);
    else {
        m_order.emplace_front(key, std::make_shared<FrameImages>());
        m_places.emplace(key, m_order.begin());
    }
    return m_order.front().second;
}

void FrameCache::trim() {
    std::size_t sum = 0;
    for (auto it = m_order.begin(); it != m_order.end();) {
        sum += it->second->bytes();
        if (sum <= m_budget) {
            ++it;
            continue;
        }
        m_places.erase(it->first);
        it = m_order.erase(it);
    }
}

}
