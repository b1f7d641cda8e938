#pragma once
// Stored artifacts back to what viewers show: PNG and float images to raw pixels. Any thread; sizes are checked before anything is made.
#include "core/project/project.h"

namespace lathe {
/// The artifact with its bytes; an image as raw pixels (media raw/u8, raw/u16 or raw/f32, shape and dtype set). Throws Error(wrong_format, not_found).
Artifact load_artifact(const ProjectReader& reader, const ArtifactRow& row);
Artifact to_raw(Artifact stored);
}
