#pragma once
// What the classes and functions named in PyTorch checkpoints mean as data. Not part of the interface of core/nn.
#include "core/nn/pickle.h"

namespace lathe::pickle {

/// The value of calling `function` with `args`: PyTorch's rebuild helpers, OrderedDict, Size and NumPy scalars as data, anything else as an inert object.
Value call_global(Pickle& pickle, Id function, Id args, const std::string& where);

/// ("storage", class, key, location, elements)
Value storage_from(Pickle& pickle, Id persistent_id, const std::string& where);

}
