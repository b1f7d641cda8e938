#include "core/scene/scene_stage.h"
#include "core/base/error.h"
#include "core/scene/egl_window.h"
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <set>
#include <utility>
#include <vtkActor.h>
#include <vtkCamera.h>
#include <vtkCellArray.h>
#include <vtkCellData.h>
#include <vtkFloatArray.h>
#include <vtkImageData.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkPolyDataMapper.h>
#include <vtkProperty.h>
#include <vtkRenderer.h>
#include <vtkSmartPointer.h>
#include <vtkTexture.h>
#include <vtkTypeInt64Array.h>
#include <vtkUnsignedCharArray.h>

namespace lathe {
namespace {

void need(bool fits, const char* what) {
    if (!fits) throw Error(ErrorCode::invalid_value, "The parts of a scene layer do not fit together.", what, "This is a mistake of the caller.");
}

vtkSmartPointer<vtkPoints> points_of(std::span<const float> places) {
    vtkNew<vtkFloatArray> array;
    array->SetNumberOfComponents(3);
    array->SetNumberOfTuples(static_cast<vtkIdType>(places.size() / 3));
    std::ranges::copy(places, array->GetPointer(0));
    auto out = vtkSmartPointer<vtkPoints>::New();
    out->SetData(array);
    return out;
}

vtkSmartPointer<vtkUnsignedCharArray> colours_of(std::span<const StageColour> colours, std::size_t repeat) {
    auto out = vtkSmartPointer<vtkUnsignedCharArray>::New();
    out->SetNumberOfComponents(3);
    out->SetNumberOfTuples(static_cast<vtkIdType>(colours.size()) * static_cast<vtkIdType>(repeat));
    unsigned char* to = out->GetPointer(0);
    for (const StageColour& colour : colours)
        for (std::size_t i = 0; i < repeat; ++i) to = std::ranges::copy(colour, to).out;
    return out;
}

/// Cells of `corners` points each, one after the other.
vtkSmartPointer<vtkCellArray> cells_of(std::size_t points, int corners) {
    const auto count = static_cast<vtkIdType>(points) / corners;
    vtkNew<vtkTypeInt64Array> offsets, ids;
    offsets->SetNumberOfValues(count + 1);
    ids->SetNumberOfValues(count * corners);
    for (vtkIdType i = 0; i <= count; ++i) offsets->SetValue(i, i * corners);
    for (vtkIdType i = 0; i < count * corners; ++i) ids->SetValue(i, i);
    auto out = vtkSmartPointer<vtkCellArray>::New();
    out->SetData(offsets, ids);
    return out;
}

}

struct SceneStage::Impl {
    struct Layer {
        vtkSmartPointer<vtkActor> actor;
        vtkSmartPointer<vtkPolyData> data;
        std::size_t corners = 0;                           ///< points that share a colour
        float width = 1;                                   ///< of lines and dots
    };

    Impl() {
        const QuietVtk quiet;
        egl.vtk()->SetNumberOfLayers(static_cast<int>(renderers.size()));
        for (std::size_t level = 0; level < renderers.size(); ++level) {
            vtkRenderer* each = renderers[level];
            each->SetLayer(static_cast<int>(level));       // those above 0 keep the colours that are there and begin with a depth of their own
            each->SetDraw(level == 0);
            each->AutomaticLightCreationOff();
            each->SetActiveCamera(camera);
            egl.vtk()->AddRenderer(each);
        }
        egl.vtk()->SetForceMaximumHardwareLineWidth(1);    // a core profile draws wide lines 1 px wide; VTK then makes them of triangles
    }

    vtkRenderer* renderer_of(int number) {
        const auto found = levels.find(number);
        return renderers[found == levels.end() ? 0 : found->second];
    }

    void apply_width(Layer& layer) {
        layer.actor->GetProperty()->SetLineWidth(static_cast<float>(layer.width * pixel_scale));
        layer.actor->GetProperty()->SetPointSize(static_cast<float>(layer.width * pixel_scale));
    }

    Layer& fresh(int number, const vtkSmartPointer<vtkPolyData>& data, std::size_t corners, double width = 1) {
        remove(number);
        Layer layer;
        layer.data = data;
        layer.corners = corners;
        layer.actor = vtkSmartPointer<vtkActor>::New();
        vtkNew<vtkPolyDataMapper> mapper;
        mapper->SetInputData(layer.data);
        mapper->SetColorModeToDirectScalars();
        layer.actor->SetMapper(mapper);
        layer.actor->GetProperty()->LightingOff();
        layer.actor->SetVisibility(!hidden.contains(number));
        layer.width = static_cast<float>(width);
        apply_width(layer);
        ordered = false;
        return layers[number] = std::move(layer);
    }

    void remove(int number) {
        const auto found = layers.find(number);
        if (found == layers.end()) return;
        egl.make_current();
        renderer_of(number)->RemoveActor(found->second.actor);
        found->second.actor->ReleaseGraphicsResources(egl.vtk());
        layers.erase(found);
        ordered = false;
    }

    std::array<vtkNew<vtkRenderer>, 3> renderers;          ///< one for each level
    vtkNew<vtkCamera> camera;
    vtkNew<vtkUnsignedCharArray> pixels;
    std::map<int, Layer> layers;
    std::set<int> hidden;                                  ///< also layers that are not there yet
    std::map<int, std::size_t> levels;                     ///< of the layers above level 0
    double pixel_scale = 1;
    bool ordered = false;
    EglWindow egl;                                         // last: goes before what it uses
};

SceneStage::SceneStage() : m_impl(std::make_unique<Impl>()) {}
SceneStage::~SceneStage() = default;

void SceneStage::set_quads(int layer, std::span<const float> corners, std::span<const StageColour> colours, double opacity) {
    need(corners.size() == colours.size() * 12, "corners and colours of quads");
    if (colours.empty()) return clear(layer);
    const QuietVtk quiet;
    auto data = vtkSmartPointer<vtkPolyData>::New();
    data->SetPoints(points_of(corners));
    data->SetPolys(cells_of(corners.size() / 3, 4));
    data->GetPointData()->SetScalars(colours_of(colours, 4));   // by point: VTK fetches colours of cells from a texture, which a software driver does slowly
    Impl::Layer& made = m_impl->fresh(layer, data, 4);
    made.actor->GetProperty()->SetOpacity(opacity);
    made.actor->GetProperty()->SetInterpolationToFlat();
    if (opacity < 1) made.actor->ForceOpaqueOn();          // VTK's pass for such things is slow, and blending is on anyhow
}

void SceneStage::set_quad_colours(int number, std::span<const StageColour> colours) {
    const auto found = m_impl->layers.find(number);
    if (found == m_impl->layers.end()) return need(colours.empty(), "colours of an empty layer");
    Impl::Layer& layer = found->second;
    need(static_cast<std::size_t>(layer.data->GetNumberOfPoints()) == colours.size() * layer.corners, "colours of quads");
    layer.data->GetPointData()->SetScalars(colours_of(colours, layer.corners));
    layer.data->Modified();
}

void SceneStage::set_lines(int layer, std::span<const float> ends, std::span<const StageColour> colours, double width, double opacity) {
    need(ends.size() == colours.size() * 6, "ends and colours of lines");
    if (colours.empty()) return clear(layer);
    const QuietVtk quiet;
    auto data = vtkSmartPointer<vtkPolyData>::New();
    data->SetPoints(points_of(ends));
    data->SetLines(cells_of(ends.size() / 3, 2));
    data->GetPointData()->SetScalars(colours_of(colours, 2));
    Impl::Layer& made = m_impl->fresh(layer, data, 2, width);
    made.actor->GetProperty()->SetOpacity(opacity);
    if (opacity < 1) made.actor->ForceOpaqueOn();
}

void SceneStage::set_dots(int layer, std::span<const float> places, std::span<const StageColour> colours, double size) {
    need(places.size() == colours.size() * 3, "places and colours of dots");
    if (colours.empty()) return clear(layer);
    const QuietVtk quiet;
    auto data = vtkSmartPointer<vtkPolyData>::New();
    data->SetPoints(points_of(places));
    data->SetVerts(cells_of(places.size() / 3, 1));
    data->GetPointData()->SetScalars(colours_of(colours, 1));
    m_impl->fresh(layer, data, 1, size);
}

void SceneStage::set_picture(int layer, const std::array<ScenePoint, 4>& corners, const SceneTexture& texture, double opacity) {
    need(texture.width > 0 && texture.height > 0 && texture.rgb.size() == static_cast<std::size_t>(texture.width) * static_cast<std::size_t>(texture.height) * 3, "size of a picture");
    const QuietVtk quiet;
    std::array<float, 12> places{};
    for (std::size_t i = 0; i < 4; ++i)
        for (std::size_t k = 0; k < 3; ++k) places[i * 3 + k] = static_cast<float>(corners[i][k]);
    auto data = vtkSmartPointer<vtkPolyData>::New();
    data->SetPoints(points_of(places));
    data->SetPolys(cells_of(4, 4));
    vtkNew<vtkFloatArray> where;
    where->SetNumberOfComponents(2);
    for (const auto& [u, v] : {std::pair(0, 0), std::pair(1, 0), std::pair(1, 1), std::pair(0, 1)}) where->InsertNextTuple2(u, v);
    data->GetPointData()->SetTCoords(where);
    Impl::Layer& made = m_impl->fresh(layer, data, 4);
    vtkNew<vtkImageData> image;
    image->SetDimensions(texture.width, texture.height, 1);
    image->AllocateScalars(VTK_UNSIGNED_CHAR, 3);
    std::ranges::copy(texture.rgb, static_cast<unsigned char*>(image->GetScalarPointer()));
    vtkNew<vtkTexture> shown;
    shown->SetInputData(image);
    shown->SetColorModeToDirectScalars();
    shown->InterpolateOn();
    made.actor->SetTexture(shown);
    made.actor->GetProperty()->SetOpacity(opacity);
    if (opacity < 1) made.actor->ForceOpaqueOn();
}

void SceneStage::clear(int layer) { m_impl->remove(layer); }

void SceneStage::set_visible(int number, bool visible) {
    if (visible) m_impl->hidden.erase(number);
    else m_impl->hidden.insert(number);
    if (const auto found = m_impl->layers.find(number); found != m_impl->layers.end()) found->second.actor->SetVisibility(visible);
}

void SceneStage::set_level(int layer, int level) {
    need(level >= 0 && level < static_cast<int>(m_impl->renderers.size()), "level of a layer");
    m_impl->remove(layer);
    m_impl->levels[layer] = static_cast<std::size_t>(level);
}

void SceneStage::set_pixel_scale(double scale) {
    if (std::exchange(m_impl->pixel_scale, scale) == scale) return;
    for (auto& [number, layer] : m_impl->layers) m_impl->apply_width(layer);
}

void SceneStage::set_background(StageColour colour) {
    m_impl->renderers[0]->SetBackground(colour[0] / 255.0, colour[1] / 255.0, colour[2] / 255.0);
    m_impl->renderers[0]->SetBackgroundAlpha(1);
}

const std::uint8_t* SceneStage::draw(const StageCamera& camera, int width, int height) {
    need(width >= 1 && height >= 1 && width <= 8192 && height <= 8192, "size of the view");
    const QuietVtk quiet;
    Impl& m = *m_impl;
    m.egl.make_current();
    if (!std::exchange(m.ordered, true)) {
        for (const auto& renderer : m.renderers) renderer->RemoveAllViewProps();
        for (const auto& [number, layer] : m.layers) m.renderer_of(number)->AddActor(layer.actor);
    }
    vtkGenericOpenGLRenderWindow* window = m.egl.vtk();
    if (window->GetSize()[0] != width || window->GetSize()[1] != height) window->SetSize(width, height);
    m.camera->SetPosition(camera.eye.data());
    m.camera->SetFocalPoint(camera.target.data());
    m.camera->SetViewUp(camera.up.data());
    m.camera->SetViewAngle(camera.angle);
    m.camera->SetParallelProjection(camera.parallel);
    m.camera->SetParallelScale(m.camera->GetDistance() * std::tan(camera.angle * std::numbers::pi / 360));
    m.camera->SetWindowCenter(-2 * camera.shift[0] / width, -2 * camera.shift[1] / height);
    m.renderers[0]->ResetCameraClippingRange();
    for (std::size_t level = 1; level < m.renderers.size(); ++level) m.renderers[level]->SetDraw(m.renderers[level]->GetViewProps()->GetNumberOfItems() > 0);
    window->Render();
    window->GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, m.pixels.Get(), 0);
    return m.pixels->GetPointer(0);
}

std::string SceneStage::driver() { return m_impl->egl.driver(); }

}
