#pragma once
// A scene that is looked at again and again while little of it changes: layers of coloured quads, lines, dots and pictures, seen by a camera that moves.
// Drawn by VTK without a display, unlit and as fast as the driver goes; for interactive views, which show the pixels themselves. Metres.
// One thread, from construction to destruction.
#include "core/scene/mesh.h"
#include <memory>
#include <span>
#include <string>

namespace lathe {

struct StageCamera {
    ScenePoint eye{0, -40, 25}, target{0, 0, 0}, up{0, 0, 1};
    double angle = 40;                                     ///< of the whole height, degrees
    bool parallel = false;                                 ///< lines stay parallel; things at the target are as large as without
    std::array<double, 2> shift{};                         ///< of the picture, in pixels to the right and up: the mean of several shifted by parts of a pixel has smooth edges
};

using StageColour = std::array<std::uint8_t, 3>;

class SceneStage {
public:
    SceneStage();                                          ///< throws Error(unsupported) where there is no OpenGL
    ~SceneStage();
    SceneStage(const SceneStage&) = delete;
    SceneStage& operator=(const SceneStage&) = delete;

    /// A layer is named by its number and replaced as a whole; layers are drawn in the order of their numbers. Nothing in it: it is empty.
    /// corners: 3 floats each, four a quad; one colour a quad. Throws Error(invalid_value) where the sizes do not fit together.
    void set_quads(int layer, std::span<const float> corners, std::span<const StageColour> colours, double opacity = 1);
    void set_quad_colours(int layer, std::span<const StageColour> colours);   ///< of the quads that are there
    /// ends: 6 floats each line; one colour a line; width in pixels.
    void set_lines(int layer, std::span<const float> ends, std::span<const StageColour> colours, double width = 1, double opacity = 1);
    void set_dots(int layer, std::span<const float> places, std::span<const StageColour> colours, double size = 2);
    /// A picture on a quad (lower left, lower right, upper right, upper left), seen from both sides. Several pictures: several layers.
    void set_picture(int layer, const std::array<ScenePoint, 4>& corners, const SceneTexture& texture, double opacity = 1);
    void clear(int layer);
    void set_visible(int layer, bool visible);
    /// From now on it is drawn over all layers of a lower level, however near those are. Level: 0 (at first) to 2.
    void set_level(int layer, int level);
    void set_pixel_scale(double scale);                    ///< of widths of lines and sizes of dots; 1 at first
    void set_background(StageColour colour);

    /// height x width x 4 (red, green, blue, 255), the bottom row first; valid until the next call. Throws Error(invalid_value) for a size outside 1 to 8192.
    const std::uint8_t* draw(const StageCamera& camera, int width, int height);
    std::string driver();
private:
    struct Impl;
    std::unique_ptr<Impl> m_impl;
};

}
