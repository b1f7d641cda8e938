#pragma once
// bev.street: makes the street data set.
#include "core/engine/registry.h"

namespace lathe::bev {

Method street_method();

}
