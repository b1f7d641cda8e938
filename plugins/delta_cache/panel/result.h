#pragma once
// What one run of delta_cache.sample has given so far: pictures of each step, curves, the summary. Filled from events, or from a project.
#include "core/method/run.h"
#include "viewers/image_data.h"
#include <QString>
#include <QVector>
#include <map>
#include <optional>

namespace lathe::delta_cache {

QString times_text(double factor);   ///< "1.58 ×", "∞"; nothing for NaN

struct SampleResult {
    QString uuid, title;
    Json params;                                       ///< that it was asked with
    bool live = false, finished = false, stopped = false;   ///< stopped: it ended without being finished
    int newest = -1;                                   ///< step of the newest picture
    double seconds = 0;
    std::map<int, ImageData> variant, reference;       ///< by step
    ImageData final_variant, final_reference;
    QVector<double> steps, deviation;                  ///< relative L2, in percent
    Json summary = Json::object();

    /// Takes over what the event says. Throws Error(wrong_format) for a picture that is none.
    void take(const RunEvent& event);
    void take(const Artifact& artifact);
    std::optional<double> number(const char* key) const;   ///< of the summary
    /// The pictures to show for a step; the last one (or -1 when finished) is the image itself. A step that was not sent: the one before it.
    ImageData variant_at(int step, int step_count) const;
    ImageData reference_at(int step, int step_count) const;
};

}
