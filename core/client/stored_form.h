#pragma once
// From the wire form of an artifact to the one that is kept (contracts.md, artifacts): raw images of u8 and u16 become PNG, float ones (and those that
// PNG cannot hold) a safetensors file with one tensor "image" of [H, W, C]. Everything else is stored as it came. For RunWriter::Encode; any thread.
#include "core/method/run.h"

namespace lathe {
void to_stored_form(Artifact& artifact);      ///< throws Error(wrong_format) for an image whose bytes do not fit its shape
}
