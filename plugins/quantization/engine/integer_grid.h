#pragma once
// The even grid of a calibrated quantiser in whole numbers, as integer engines and ONNX files take it: real value = (code - zero) scale. Any thread.
#include "plugins/quantization/engine/quantizer.h"

namespace lathe::quantization {

struct IntegerGrid {
    at::Tensor scale, zero;                    ///< float32 and int64, [1] or one per channel [C]
    std::int64_t low = -128, high = 127;       ///< codes that are used
    int bits = 8, axis = 0;                    ///< as configured; axis of the channels
    bool is_signed() const { return low < 0; }
    bool is_byte() const { return bits <= 8 && high <= (is_signed() ? 127 : 255) && low >= -128; }   ///< its codes fit int8 or uint8
    bool is_whole() const { return low == (is_signed() ? -128 : 0) && high == (is_signed() ? 127 : 255); }   ///< it uses all of them
    bool has_zero() const;                     ///< a zero point is not 0
    float scale_value() const;                 ///< of a tensor as a whole
    std::int64_t zero_value() const;
};

/// Throws Error(unsupported) naming `place` where the steps are not even (APoT, QIL, NNIE, or a learnt shape that is none).
IntegerGrid integer_grid(Quantizer& quantizer, const std::string& place);

/// What the deployed network holds of a weight or bias, in codes (int64, as `value`). Throws Error(unsupported) where that is not on the grid.
at::Tensor integer_codes(Quantizer& quantizer, const IntegerGrid& grid, const at::Tensor& value, const std::string& place);

}
