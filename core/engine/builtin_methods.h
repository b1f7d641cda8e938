#pragma once
// Methods that every engine has: engine.selftest, engine.measure, engine.verify, engine.inspect.
#include "core/engine/registry.h"
#include "core/protocol/messages.h"

namespace lathe {

/// `publish` sends freshly measured rates to the client. `registry` must outlive its methods.
void register_builtin_methods(Registry& registry, std::function<void(const Rates&)> publish);

Method selftest_method();
Method measure_method(std::function<void(const Rates&)> publish);
Method verify_method(const Registry& registry);
Method inspect_method(const Registry& registry);

}
