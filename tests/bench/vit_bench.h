#pragma once
// Bars of merged Vision Transformers that need nothing but random weights.
#include <string>

namespace lathe::bench {

/// merge.vit_vs_python: ViT-B/16 against PyTorch, taking turns; batch 8 reported in what is said of it.
void measure_vit_forward(const std::string& script, int threads);
/// merge.per_sample_speedup: 8 x ViT-S/16, 32 pictures of 8 tasks, 26 gates that choose one model and 6 of two, against one picture at a time.
void measure_per_sample(int threads);

}
