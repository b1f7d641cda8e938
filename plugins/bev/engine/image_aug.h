#pragma once
// What Fast-BEV does with every camera picture before the network: resize as Pillow does (bicubic, antialiased, fixed point), crop, flip, rotate,
// normalise; and the matrix that goes with it. Stateless; one picture a thread.
#include "plugins/bev/engine/alignment.h"
#include "plugins/bev/engine/draws.h"
#include "plugins/bev/engine/picture_file.h"
#include <cstdint>

namespace lathe::bev {

/// Resize to width x height, take the window of out_width x out_height at (left, top), black beyond the border, flip it, turn it about its centre.
struct ImageAugmentation {
    double resize = 1;                              ///< the factor that the matrix uses
    int width = 0, height = 0;                      ///< after the resize
    int left = 0, top = 0, out_width = 0, out_height = 0;
    bool flip = false;
    double degrees = 0;                             ///< counter-clockwise as displayed
};
struct ImageRanges { double resize_low = -0.06, resize_high = 0.11, crop = 0.05, flip = 0.5, degrees = 5.4; };

/// Without chance: resized to the input's width, centre crop. For the v1.0 size of 1600 x 900 and 704 x 256: rows 70 to 325 of 704 x 396.
ImageAugmentation test_augmentation(int width, int height, int out_width, int out_height, bool flip = false);
ImageAugmentation draw_image_augmentation(Draws& draws, int width, int height, int out_width, int out_height, const ImageRanges& ranges = {});
ImageMatrix matrix_of(const ImageAugmentation& augmentation);

/// Throws Error(invalid_value) for sizes that are not positive.
Picture augmented(const Picture& picture, const ImageAugmentation& augmentation);
/// The window (left, top, out_width, out_height) of the picture resized to width x height.
Picture resized(const Picture& picture, int width, int height, int left, int top, int out_width, int out_height);
/// About the centre, nearest neighbour, black beyond the border.
Picture rotated(const Picture& picture, double degrees);

/// (x - mean) / std with Fast-BEV's constants for R, G, B. `swap`: the picture holds B, G, R. out: 3 x height x width, or height x width x 3 if channels_last.
void normalise(const Picture& picture, float* out, bool channels_last = false, bool swap = false);

}
