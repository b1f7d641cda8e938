#pragma once
// Version texts that travel in handshakes and run records.
#include <string>

#define LATHE_PLUGIN_API 1   // of LatheEnginePlugin and of the panel interface

// What two binaries must share to exchange C++ objects, as literals of whoever includes this. Macros, so that a plugin carries what *it* was built with.
#define LATHE_STR2(x) #x
#define LATHE_STR(x) LATHE_STR2(x)
#if _GLIBCXX_USE_CXX11_ABI
#define LATHE_ABI_HEAD "gcc" LATHE_STR(__GNUC__) ";cxx11"
#else
#define LATHE_ABI_HEAD "gcc" LATHE_STR(__GNUC__) ";cxx98"
#endif
#ifdef _GLIBCXX_DEBUG   // checked containers have another layout: that is what "debug" means here, not the optimisation
#define LATHE_ABI_TAIL "lathe" LATHE_STR(LATHE_PLUGIN_API) ";debug"
#else
#define LATHE_ABI_TAIL "lathe" LATHE_STR(LATHE_PLUGIN_API) ";release"
#endif

namespace lathe {
inline constexpr int kPluginApi = LATHE_PLUGIN_API;
inline constexpr int kProtocol = 1;
std::string version();                     ///< "0.1.0"
std::string compiler_abi();                ///< "gcc14;cxx11;lathe1;release": the part of the plugin ABI without LibTorch
}
