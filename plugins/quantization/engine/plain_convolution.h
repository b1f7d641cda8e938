#pragma once
// Convolutions whose first and second derivatives are right for every shape.

namespace lathe::quantization {

/// While it lives, LibTorch convolves with its own code in place of oneDNN: some processors get oneDNN's gradients wrong for channel counts that are no
/// multiple of 16 (core/nn/conv.cpp), and a second derivative convolves with the batch as channels. Slower by a factor; all threads of the process.
class PlainConvolution {
public:
    PlainConvolution();
    ~PlainConvolution();
    PlainConvolution(const PlainConvolution&) = delete;
    PlainConvolution& operator=(const PlainConvolution&) = delete;

private:
    bool m_before;
};

}
