#include "plugins/vit_merge/panel/block_curves.h"
#include <QCoreApplication>
#include <cmath>
#include <map>

namespace lathe::vit_merge {

QVector<Curve> block_curves(const CsvTable& layers, const char* column, bool stale) {
    const std::pair<const char*, const char*> groups[] = {{"attn", "attention"}, {"mlp", "MLP"}, {"norm", "norms"}};
    QVector<Curve> curves;
    int series = 0;
    for (const auto& [group, title] : groups) {
        std::map<int, std::pair<double, int>> sums;
        for (std::size_t r = 0; r < layers.rows.size(); ++r) {
            const double block = number_or_nan(layers, r, "block"), value = number_or_nan(layers, r, column);
            if (text_in(layers, r, "group") != QLatin1String(group) || !(block >= 0) || std::isnan(value)) continue;
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
