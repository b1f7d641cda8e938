#pragma once
// What was made last for a set is kept: a slider that only changes how it is used need not make it again. On the work thread alone.
#include "plugins/vit_merge/engine/model_set.h"
#include <memory>
#include <string>

namespace lathe::vit_merge {

/// One of a kind: the last one that was asked for.
template <class Parts> class Kept {
public:
    template <class Make> std::shared_ptr<const Parts> get(const std::shared_ptr<const ModelSet>& set, const std::string& key, Make make) {
        if (!m_parts || m_set.lock() != set || m_key != key) {
            m_parts.reset();                               // its memory first
            m_parts = std::make_shared<const Parts>(make());
            m_set = set;
            m_key = key;
        }
        return m_parts;
    }
private:
    std::weak_ptr<const ModelSet> m_set;
    std::string m_key;
    std::shared_ptr<const Parts> m_parts;
};

}
