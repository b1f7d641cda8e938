#include "core/base/version.h"

#include "lathe_version.h"

namespace lathe {

std::string version() { return LATHE_VERSION; }

std::string compiler_abi() { return LATHE_ABI_HEAD ";" LATHE_ABI_TAIL; }

}
