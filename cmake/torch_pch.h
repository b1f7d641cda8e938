#pragma once
// Precompiled once for every target that uses LibTorch (6 s a file otherwise).
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <nlohmann/json.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>
#ifndef _OPENMP
#error "at::parallel_for needs OpenMP: without it our loops run on one thread"
#endif
