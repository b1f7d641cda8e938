#pragma once
// Reads all of a project that a window would read: for tests and fuzz targets that open damaged or hostile files.
#include "core/base/error.h"
#include "core/project/project.h"

namespace lathe {

inline void read_everything(const ProjectReader& reader) {
    for (const bool bin : {false, true}) {
        RunQuery query;
        query.bin = bin;
        for (const auto& row : reader.runs(query, 50)) {
            row.request();
            for (const auto& metric : reader.metrics(row.id))
                reader.series(row.id, metric.key, 100);
            for (const auto& made : reader.artifacts(row.id))
                try {
                    reader.artifact_bytes(made.id);
                } catch (const Error&) {   // damaged bytes are told by their hash
                }
            reader.log(row.id);
            reader.assets_of(row.id);
        }
    }
    reader.assets();
    reader.tags();
    reader.metric_keys();
    reader.parameter_paths();
    reader.sweeps();
    reader.snapshots();
    reader.panel_state("delta_cache");
    reader.live_beyond(0);
}

}
