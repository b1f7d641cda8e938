# Compiler, options and the third-party packages that several folders use.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_AUTOMOC OFF)   # on only where Qt is used: see LatheTargets.cmake

option(LATHE_TESTS "Build the tests" ON)
option(LATHE_WERROR "Treat warnings as errors" ON)
option(LATHE_UNITY "Compile several files of a folder as one" ON)
option(LATHE_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)

include(GNUInstallDirs)
set(LATHE_LIBDIR "${CMAKE_INSTALL_LIBDIR}/lathe")
set(LATHE_PLUGINDIR "${LATHE_LIBDIR}/plugins")
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/${LATHE_LIBDIR}")
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${LATHE_LIBDIR};$ORIGIN;$ORIGIN/..")
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)

# One precompiled header serves libraries and programs alike, so all of them are compiled with -fPIC.
add_compile_options(-fPIC -Wall -Wextra -Wpedantic -Wnon-virtual-dtor -Woverloaded-virtual=1 -Wno-missing-field-initializers)
if(LATHE_WERROR)
  add_compile_options(-Werror)
endif()
# Reproducible paths in debug info and assertions, whatever the folder of the checkout.
add_compile_options("-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
add_compile_definitions(QT_NO_KEYWORDS QT_NO_FOREACH QT_DISABLE_DEPRECATED_UP_TO=0x060400)
if(LATHE_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1 -g1)   # -g1: lines for the reports, without the size of all types
  add_compile_options(-Wno-maybe-uninitialized)   # GCC takes instrumented std::regex and std::function for uninitialised
  add_link_options(-fsanitize=address,undefined)
endif()
include_directories("${CMAKE_SOURCE_DIR}")
include_directories("${CMAKE_BINARY_DIR}/generated")

if(NOT CMAKE_JOB_POOLS)
  cmake_host_system_information(RESULT lathe_memory QUERY TOTAL_PHYSICAL_MEMORY)
  math(EXPR lathe_jobs "${lathe_memory} / 2000")
  if(lathe_jobs LESS 1)
    set(lathe_jobs 1)
  endif()
  set_property(GLOBAL PROPERTY JOB_POOLS compile=${lathe_jobs})
  set(CMAKE_JOB_POOL_COMPILE compile)
endif()

find_package(nlohmann_json REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
find_package(Qt6 6.4 REQUIRED COMPONENTS Core Gui Widgets DBus PrintSupport Svg SvgWidgets Test Concurrent Network)
get_target_property(LATHE_MOC Qt6::moc IMPORTED_LOCATION)
configure_file("${CMAKE_SOURCE_DIR}/cmake/moc.sh.in" "${CMAKE_BINARY_DIR}/generated/moc" @ONLY FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CMAKE_AUTOMOC_EXECUTABLE "${CMAKE_BINARY_DIR}/generated/moc")
find_package(QCustomPlotQt6 REQUIRED)
set(kineto_LIBRARY torch_cpu CACHE STRING "" FORCE)   # Debian ships no kineto: else a warning at each configure
find_package(Torch REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)   # at::parallel_for is a header: without it our own loops would run on one thread
find_package(OpenCV 4 REQUIRED COMPONENTS core imgproc imgcodecs)
# Parts of VTK by name: Debian builds GUISupportQt, ViewsQt and RenderingQt with Qt 5, which must never come into our programs.
find_package(VTK 9.1 REQUIRED COMPONENTS CommonCore CommonDataModel RenderingCore RenderingOpenGL2)
find_package(OpenGL REQUIRED COMPONENTS EGL)

configure_file("${CMAKE_SOURCE_DIR}/cmake/version.h.in" "${CMAKE_BINARY_DIR}/generated/lathe_version.h" @ONLY)

# The build tree looks like an installed one, so programs find resources and plugins by the same rule.
file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/share/lathe" "${CMAKE_BINARY_DIR}/${LATHE_PLUGINDIR}")
foreach(folder resources projects)
  file(CREATE_LINK "${CMAKE_SOURCE_DIR}/${folder}" "${CMAKE_BINARY_DIR}/share/lathe/${folder}" SYMBOLIC)
endforeach()
