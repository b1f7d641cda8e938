#include "core/scene/scene_renderer.h"
#include "core/base/error.h"
#include "core/scene/egl_window.h"
#include <algorithm>
#include <cmath>
#include <vtkActor.h>
#include <vtkCamera.h>
#include <vtkCellArray.h>
#include <vtkFloatArray.h>
#include <vtkImageData.h>
#include <vtkLight.h>
#include <vtkMatrix4x4.h>
#include <vtkPointData.h>
#include <vtkPoints.h>
#include <vtkPolyData.h>
#include <vtkPolyDataMapper.h>
#include <vtkProperty.h>
#include <vtkRenderer.h>
#include <vtkSmartPointer.h>
#include <vtkTexture.h>
#include <vtkUnsignedCharArray.h>

namespace lathe {
namespace {

[[noreturn]] void refuse(const char* what, const std::string& where) { throw Error(ErrorCode::invalid_value, what, where, "This is a mistake of the caller."); }

void check(const SceneMesh& mesh, const SceneLook& look, const SceneTexture* texture) {
    const std::size_t count = mesh.vertices();
    if (count == 0 || mesh.points.size() != count * 3 || mesh.colours.size() != count || (!mesh.normals.empty() && mesh.normals.size() != count * 3) || mesh.triangles.size() % 3 != 0)
        refuse("The parts of a mesh do not fit together.", "points, normals, colours");
    if (std::ranges::any_of(mesh.triangles, [count](std::uint32_t i) { return i >= count; })) refuse("A triangle names a vertex that its mesh does not have.", "triangles");
    if (!std::ranges::all_of(mesh.points, [](float v) { return std::isfinite(v); })) refuse("A vertex of a mesh is not finite.", "points");
    if (look.id >= 1u << 24) refuse("The id of a scene item is too large.", std::to_string(look.id));
    if (!texture) return;
    if (mesh.texture_coordinates.size() != count * 2) refuse("A mesh with a texture has no place in it for each vertex.", "texture_coordinates");
    if (texture->width < 1 || texture->height < 1 || texture->rgb.size() != static_cast<std::size_t>(texture->width) * static_cast<std::size_t>(texture->height) * 3) refuse("The size of a texture is wrong.", "texture");
}

vtkSmartPointer<vtkPolyData> poly_data(const SceneMesh& mesh, bool opaque) {
    const auto count = static_cast<vtkIdType>(mesh.vertices());
    vtkNew<vtkFloatArray> places;
    places->SetNumberOfComponents(3);
    places->SetNumberOfTuples(count);
    std::ranges::copy(mesh.points, places->GetPointer(0));
    vtkNew<vtkPoints> points;
    points->SetData(places);
    vtkNew<vtkUnsignedCharArray> colours;   // three channels where it is opaque: VTK then need not look for transparent ones at each frame
    colours->SetNumberOfComponents(opaque ? 3 : 4);
    colours->SetNumberOfTuples(count);
    for (vtkIdType i = 0; i < count; ++i)
        for (int c = 0; c < (opaque ? 3 : 4); ++c) colours->SetTypedComponent(i, c, mesh.colours[static_cast<std::size_t>(i)][static_cast<std::size_t>(c)]);
    vtkNew<vtkCellArray> faces;
    for (std::size_t i = 0; i < mesh.triangles.size(); i += 3) {
        const vtkIdType corners[] = {mesh.triangles[i], mesh.triangles[i + 1], mesh.triangles[i + 2]};
        faces->InsertNextCell(3, corners);
    }
    auto out = vtkSmartPointer<vtkPolyData>::New();
    out->SetPoints(points);
    out->SetPolys(faces);
    out->GetPointData()->SetScalars(colours);
    if (!mesh.normals.empty()) {
        vtkNew<vtkFloatArray> normals;
        normals->SetNumberOfComponents(3);
        normals->SetNumberOfTuples(count);
        std::ranges::copy(mesh.normals, normals->GetPointer(0));
        out->GetPointData()->SetNormals(normals);
    }
    if (!mesh.texture_coordinates.empty()) {
        vtkNew<vtkFloatArray> texture;
        texture->SetNumberOfComponents(2);
        texture->SetNumberOfTuples(count);
        std::ranges::copy(mesh.texture_coordinates, texture->GetPointer(0));
        out->GetPointData()->SetTCoords(texture);
    }
    return out;
}

vtkSmartPointer<vtkTexture> vtk_texture(const SceneTexture& texture) {
    vtkNew<vtkImageData> image;
    image->SetDimensions(texture.width, texture.height, 1);
    image->AllocateScalars(VTK_UNSIGNED_CHAR, 3);
    std::ranges::copy(texture.rgb, static_cast<unsigned char*>(image->GetScalarPointer()));
    auto out = vtkSmartPointer<vtkTexture>::New();
    out->SetInputData(image);
    out->SetColorModeToDirectScalars();
    out->InterpolateOn();
    out->MipmapOn();
    out->RepeatOn();
    return out;
}

void set_matrix(vtkMatrix4x4* matrix, const SceneMatrix& values) { matrix->DeepCopy(values.data()); }

/// Clip coordinates of OpenGL from camera coordinates of OpenGL (x right, y up, looking along -z), for K about centres of pixels.
SceneMatrix projection(const PinholeCamera& c) {
    const double w = c.width, h = c.height, n = c.near, f = c.far;
    return {2 * c.fx / w, 0, 1 - 2 * (c.cx + 0.5) / w, 0, 0, 2 * c.fy / h, 2 * (c.cy + 0.5) / h - 1, 0, 0, 0, -(f + n) / (f - n), -2 * f * n / (f - n), 0, 0, -1, 0};
}

std::vector<std::uint8_t> averaged(const std::uint8_t* rgb, int width, int height, int n) {   // from rows upwards to rows downwards
    std::vector<std::uint8_t> out(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3);
    const std::size_t stride = static_cast<std::size_t>(width) * static_cast<std::size_t>(n) * 3;
    const unsigned all = static_cast<unsigned>(n * n);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (std::size_t c = 0; c < 3; ++c) {
                unsigned sum = all / 2;
                const std::uint8_t* from = rgb + static_cast<std::size_t>((height - 1 - y) * n) * stride + static_cast<std::size_t>(x * n) * 3 + c;
                for (int i = 0; i < n; ++i)
                    for (int j = 0; j < n; ++j) sum += from[static_cast<std::size_t>(i) * stride + static_cast<std::size_t>(j) * 3];
                out[(static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) * 3 + c] = static_cast<std::uint8_t>(sum / all);
            }
    return out;
}

}

struct SceneRenderer::Impl {
    struct Item {
        vtkSmartPointer<vtkActor> shown, numbered;          ///< numbered: null where it is not solid
        vtkSmartPointer<vtkMatrix4x4> pose;
        bool visible = true, follows_camera = false, lit = true;
    };

    Impl() {
        const QuietVtk quiet;
        for (vtkRenderer* renderer : {colour.Get(), number.Get()}) {
            renderer->AutomaticLightCreationOff();
            renderer->LightFollowCameraOff();
            renderer->SetActiveCamera(camera);
            window->AddRenderer(renderer);
        }
        number->SetBackground(0, 0, 0);
        for (vtkLight* light : {sun.Get(), above.Get()}) {
            light->SetLightTypeToSceneLight();
            light->PositionalOff();
            light->SetFocalPoint(0, 0, 0);
            colour->AddLight(light);
        }
        camera->UseExplicitProjectionTransformMatrixOn();
        camera->SetExplicitProjectionTransformMatrix(lens);
    }
    Item& item(int i) {
        if (i < 0 || i >= static_cast<int>(items.size())) refuse("There is no such item in the scene.", std::to_string(i));
        return items[static_cast<std::size_t>(i)];
    }

    void aim(const PinholeCamera& c) {
        if (c.width < 1 || c.height < 1 || c.width > 8192 || c.height > 8192 || !(c.fx > 0) || !(c.fy > 0) || !(c.near > 0) || !(c.far > c.near)) refuse("A camera has no size or no focal length.", "pinhole camera");
        egl.make_current();
        window->SetSize(c.width * samples, c.height * samples);
        const SceneMatrix& m = c.to_world;
        camera->SetPosition(m[3], m[7], m[11]);
        camera->SetFocalPoint(m[3] + m[2], m[7] + m[6], m[11] + m[10]);
        camera->SetViewUp(-m[1], -m[5], -m[9]);
        camera->SetClippingRange(c.near, c.far);
        set_matrix(lens, projection(c));
        for (Item& i : items) {
            if (!i.follows_camera) continue;
            for (std::size_t row = 0; row < 3; ++row) i.pose->SetElement(static_cast<int>(row), 3, m[row * 4 + 3]);
        }
    }

    void draw(vtkRenderer* which) {
        const QuietVtk quiet;
        colour->SetDraw(which == colour);
        number->SetDraw(which == number);
        number->SetViewport(0, 0, 1.0 / samples, 1.0 / samples);   // in a corner of the larger picture: changing the window's size is slow
        window->Render();
    }

    std::vector<std::uint32_t> read_ids(const PinholeCamera& c) {
        window->GetRGBACharPixelData(0, 0, c.width - 1, c.height - 1, 0, bytes.Get(), 0);
        std::vector<std::uint32_t> out(static_cast<std::size_t>(c.width) * static_cast<std::size_t>(c.height));
        const unsigned char* from = bytes->GetPointer(0);
        for (int y = c.height - 1; y >= 0; --y) {
            std::uint32_t* row = out.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(c.width);
            for (int x = 0; x < c.width; ++x, from += 4) row[x] = from[0] | static_cast<std::uint32_t>(from[1]) << 8 | static_cast<std::uint32_t>(from[2]) << 16;
        }
        return out;
    }

    void apply_ambient(Item& i) {
        vtkProperty* property = i.shown->GetProperty();
        property->SetAmbient(i.lit ? ambient : 1.0);
        property->SetDiffuse(i.lit ? 1.0 : 0.0);
    }

    vtkNew<vtkRenderer> colour, number;
    vtkNew<vtkCamera> camera;
    vtkNew<vtkMatrix4x4> lens;
    vtkNew<vtkLight> sun, above;
    vtkNew<vtkUnsignedCharArray> bytes;
    vtkNew<vtkFloatArray> z_values;
    std::vector<Item> items;
    int samples = 2;
    double ambient = 0.35;
    EglWindow egl;                                          // last: goes before what it uses
    vtkGenericOpenGLRenderWindow* const window = egl.vtk();
};

SceneRenderer::SceneRenderer() : m_impl(std::make_unique<Impl>()) { set_light({}); }
SceneRenderer::~SceneRenderer() = default;

int SceneRenderer::add(const SceneMesh& mesh, const SceneLook& look, const SceneTexture* texture) {
    check(mesh, look, texture);
    const bool opaque = std::ranges::all_of(mesh.colours, [](const SceneColour& c) { return c[3] == 255; });
    const vtkSmartPointer<vtkPolyData> data = poly_data(mesh, opaque);
    Impl::Item item;
    item.pose = vtkSmartPointer<vtkMatrix4x4>::New();
    item.follows_camera = look.follows_camera;
    item.lit = !mesh.normals.empty();
    const auto actor = [&] {
        vtkNew<vtkPolyDataMapper> mapper;
        mapper->SetInputData(data);
        mapper->SetColorModeToDirectScalars();
        auto out = vtkSmartPointer<vtkActor>::New();
        out->SetMapper(mapper);
        out->SetUserMatrix(item.pose);
        out->GetProperty()->SetInterpolationToPhong();
        return out;
    };
    item.shown = actor();
    item.shown->ForceOpaqueOn();   // also where it is transparent: VTK's pass for such things is slow, and blending is on anyhow
    item.shown->GetProperty()->SetBackfaceCulling(look.one_sided);
    item.shown->GetProperty()->SetLighting(item.lit);
    item.shown->GetProperty()->SetSpecular(item.lit ? look.gloss : 0);
    item.shown->GetProperty()->SetSpecularPower(30);
    if (texture) item.shown->SetTexture(vtk_texture(*texture));
    m_impl->apply_ambient(item);
    m_impl->colour->AddActor(item.shown);
    if (look.solid) {
        item.numbered = actor();
        item.numbered->GetMapper()->ScalarVisibilityOff();
        vtkProperty* property = item.numbered->GetProperty();
        property->LightingOff();
        property->SetBackfaceCulling(look.one_sided);
        property->SetAmbient(1);
        property->SetDiffuse(0);
        property->SetColor((look.id & 255) / 255.0, (look.id >> 8 & 255) / 255.0, (look.id >> 16) / 255.0);
        item.numbered->ForceOpaqueOn();
        m_impl->number->AddActor(item.numbered);
    }
    m_impl->items.push_back(std::move(item));
    return static_cast<int>(m_impl->items.size()) - 1;
}

void SceneRenderer::clear() {
    const QuietVtk quiet;
    m_impl->egl.make_current();
    for (vtkRenderer* renderer : {m_impl->colour.Get(), m_impl->number.Get()}) renderer->RemoveAllViewProps();
    for (const Impl::Item& item : m_impl->items) {
        item.shown->ReleaseGraphicsResources(m_impl->window);
        if (item.numbered) item.numbered->ReleaseGraphicsResources(m_impl->window);
    }
    m_impl->items.clear();
}

void SceneRenderer::set_pose(int item, const SceneMatrix& to_world) { set_matrix(m_impl->item(item).pose, to_world); }

void SceneRenderer::set_visible(int number, bool visible) {
    Impl::Item& item = m_impl->item(number);
    item.visible = visible;
    item.shown->SetVisibility(visible);
    if (item.numbered) item.numbered->SetVisibility(visible);
}

void SceneRenderer::set_light(const SceneLight& light) {
    m_impl->sun->SetPosition(light.to_sun.data());
    m_impl->sun->SetColor(light.sun.data());
    m_impl->above->SetPosition(0, 0, 1);
    m_impl->above->SetColor(light.sky.data());
    m_impl->ambient = light.ambient;
    for (Impl::Item& item : m_impl->items) m_impl->apply_ambient(item);
}

void SceneRenderer::set_background(std::array<double, 3> rgb) { m_impl->colour->SetBackground(rgb.data()); }

void SceneRenderer::set_samples(int per_side) {
    if (per_side < 1 || per_side > 4) refuse("The number of samples per pixel is out of range.", std::to_string(per_side));
    m_impl->samples = per_side;
}

std::vector<std::uint8_t> SceneRenderer::colours(const PinholeCamera& camera) {
    m_impl->aim(camera);
    m_impl->draw(m_impl->colour);
    const int n = m_impl->samples;
    m_impl->window->GetPixelData(0, 0, camera.width * n - 1, camera.height * n - 1, 0, m_impl->bytes.Get(), 0);
    return averaged(m_impl->bytes->GetPointer(0), camera.width, camera.height, n);
}

std::vector<std::uint32_t> SceneRenderer::ids(const PinholeCamera& camera) {
    m_impl->aim(camera);
    m_impl->draw(m_impl->number);
    return m_impl->read_ids(camera);
}

std::vector<float> SceneRenderer::depths(const PinholeCamera& camera) {
    m_impl->aim(camera);
    m_impl->draw(m_impl->number);
    m_impl->window->GetZbufferData(0, 0, camera.width - 1, camera.height - 1, m_impl->z_values.Get());
    std::vector<float> out(static_cast<std::size_t>(camera.width) * static_cast<std::size_t>(camera.height));
    const float* from = m_impl->z_values->GetPointer(0);
    const double n = camera.near, f = camera.far;
    for (int y = camera.height - 1; y >= 0; --y)
        for (int x = 0; x < camera.width; ++x, ++from)
            out[static_cast<std::size_t>(y) * static_cast<std::size_t>(camera.width) + static_cast<std::size_t>(x)] = *from >= 1 ? 0 : static_cast<float>(n * f / (f - static_cast<double>(*from) * (f - n)));
    return out;
}

std::vector<std::uint32_t> SceneRenderer::ids_of(const PinholeCamera& camera, const std::vector<int>& items) {
    m_impl->aim(camera);
    for (const Impl::Item& item : m_impl->items)
        if (item.numbered) item.numbered->SetVisibility(false);
    for (const int i : items)
        if (Impl::Item& item = m_impl->item(i); item.numbered) item.numbered->SetVisibility(true);
    m_impl->draw(m_impl->number);
    for (const Impl::Item& item : m_impl->items)
        if (item.numbered) item.numbered->SetVisibility(item.visible);
    return m_impl->read_ids(camera);
}

std::string SceneRenderer::driver() const { return m_impl->egl.driver(); }

}
