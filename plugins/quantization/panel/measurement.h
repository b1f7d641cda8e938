#pragma once
// What one run of quantization.evaluate has given so far. Filled from events, or from a project.
#include "plugins/quantization/panel/network.h"
#include <QImage>

namespace lathe::quantization {

/// A picture that the quantized network gets wrong, or nearly so.
struct WorstPicture {
    QImage picture;
    int index = -1;                                        ///< in the test split
    QString truth, predicted;
    double loss = std::nan("");
};

struct Measurement {
    QString uuid, sources;                                 ///< sources: the assets it was asked of, as one text
    Json params, summary;                                  ///< summary: null until it finished
    bool live = false, finished = false, stopped = false, has_layers = false;
    Network network;
    CsvTable confusion, arithmetic;
    QList<WorstPicture> worst;

    /// True where something to be seen came. Throws Error(wrong_format).
    bool take(const RunEvent& event);
    bool take(const Artifact& artifact);
    double top1() const { return summary.is_object() ? summary.value("top1", std::nan("")) * 100 : std::nan(""); }
    double float_top1() const { return summary.is_object() ? summary.value("top1_float", std::nan("")) * 100 : std::nan(""); }
};

}
