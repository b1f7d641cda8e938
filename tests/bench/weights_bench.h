#pragma once
// Bars of merging weights from mapped files.

namespace lathe::bench {

/// merge.bandwidth_share and merge.peak_share: 8 ViT-B/16 of random weights, averaged from files whose pages are in memory. To be called first: what the process holds counts.
void measure_weight_merging(int threads);

}
