#pragma once
// A measure of single weights as curves over the blocks. Stateless; GUI thread only.
#include "plugins/vit_merge/panel/answers.h"
#include "viewers/plot_viewer.h"

namespace lathe::vit_merge {

/// `column` of the table layers of vit_merge.compare: the mean over the weights of each block, attention, MLP and norms apart.
QVector<Curve> block_curves(const CsvTable& layers, const char* column, bool stale);

}
