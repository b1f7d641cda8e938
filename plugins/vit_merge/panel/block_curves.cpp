#include "plugins/vit_merge/panel/block_curves.h"
#include <QCoreApplication>
#include <cmath>
#include <map>

namespace lathe::vit_merge {

QVector<Curve> block_curves(const Table& layers, const char* column, bool stale) {
    const std::pair<const char*, const char*> groups[] = {{"attn", "attention"}, {"mlp", "MLP"}, {"norm", "norms"}};
    QVector<Curve> curves;
    int series = 0;
    for (const auto& [group, title] : groups) {
        std::map<int, std::pair<double, int>> sums;
        for (int r = 0; r < layers.rows(); ++r) {
            const double block = layers.number(r, "block"), value = layers.number(r, column);
            if (layers.text(r, "group") != QLatin1String(group) || !(block >= 0) || std::isnan(value)) continue;
            sums[int(block)].first += value;
            ++sums[int(block)].second;
        }
        Curve curve{QString::fromLatin1(group), QCoreApplication::translate("BlockCurves", title), {}, {}, series++, false, true, stale, {}};
        for (const auto& [block, sum] : sums) curve.x << block, curve.y << sum.first / sum.second;
        if (!curve.x.isEmpty()) curves << curve;
    }
    return curves;
}

}
