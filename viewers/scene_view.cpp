#include "viewers/scene_view.h"
#include "core/base/error.h"
#include "viewers/accessible.h"
#include "viewers/scene_view_impl.h"
#include "viewers/view_export.h"
#include "viewers/view_style.h"
#include <QElapsedTimer>
#include <QPainter>
#include <algorithm>

namespace lathe {
namespace {

constexpr double kSlow = 50, kTooSlow = 120;               // ms a frame: drawn coarser while it is dragged; edges stay as they are
constexpr int kRest = 150;                                 // ms without a change until edges are smoothed
/// Where in a pixel each sample lies, in eighths: no two in one row or column.
constexpr std::array<std::array<double, 2>, 8> kSamples{{{0.5, -1.5}, {-0.5, 1.5}, {2.5, 0.5}, {-1.5, -2.5}, {-2.5, 2.5}, {-3.5, -0.5}, {1.5, 3.5}, {3.5, -3.5}}};
constexpr std::size_t kNoShift = kSamples.size();

void add_to(std::vector<std::uint16_t>& sums, const QImage& image) {
    const std::size_t bytes = std::size_t(image.sizeInBytes());
    if (sums.size() != bytes) sums.assign(bytes, 0);
    const uchar* from = image.constBits();
    for (std::size_t i = 0; i < bytes; ++i) sums[i] = std::uint16_t(sums[i] + from[i]);
}

QImage mean_of(const std::vector<std::uint16_t>& sums, const QSize& size) {
    QImage out(size, QImage::Format_RGBX8888);
    uchar* to = out.bits();
    for (std::size_t i = 0; i < sums.size(); ++i) to[i] = uchar((sums[i] + kSamples.size() / 2) / kSamples.size());
    return out;
}

}

SceneView::SceneView(QWidget* parent) : QWidget(parent), m(std::make_unique<Impl>()) {
    setFocusPolicy(Qt::StrongFocus);
    setAttribute(Qt::WA_OpaquePaintEvent);
    setAccessibleName(tr("Scene"));
    install_viewer_accessibility();
    m->rest.setSingleShot(true);
    connect(&m->rest, &QTimer::timeout, this, &SceneView::smooth_step);
    look_around(50);
}

SceneView::~SceneView() = default;

/// When it is first needed: an OpenGL context costs time that the start of a window should not pay.
bool SceneView::open() {
    if (m->stage) return true;
    if (!m->problem.isEmpty()) return false;
    try {
        m->stage = std::make_unique<SceneStage>();
        m->stage->set_background(stage_colour(kSceneCanvas.rgb()));
        for (const int layer : {kStageHiddenBoxes, kStagePickedEdge}) m->stage->set_level(layer, 1);
        for (const int layer : {kStagePicked, kStageMarked}) m->stage->set_level(layer, 2);
    } catch (const Error& error) {
        m->problem = QString::fromStdString(error.what());
    }
    return m->stage != nullptr;
}

bool SceneView::has_opengl() { return open(); }
QString SceneView::driver() { return open() ? QString::fromStdString(m->stage->driver()) : QString(); }
double SceneView::last_draw_ms() const { return m->draw_ms; }

void SceneView::changed(int parts) {
    m->parts |= parts;
    m->dirty = true;
    m->rest.stop();
    update();
}

void SceneView::set_note(const QString& text) {
    m->note = text;
    update();
}

void SceneView::set_empty_text(const QString& text) {
    m->empty = text;
    update();
}

void SceneView::set_stale(bool stale) {
    if (std::exchange(m->stale, stale) != stale) update();
}

QString SceneView::description() const {
    if (!m->problem.isEmpty()) return m->problem;
    if (!m->empty.isEmpty()) return m->empty;
    QStringList parts{tr("%1 of %2 voxels").arg(std::ranges::count_if(m->drawn, [](std::uint8_t v) { return v != 0; })).arg(m->grid.count()), tr("%1 boxes").arg(m->boxes.size())};
    for (const SceneBox& box : m->boxes)
        if (box.picked) parts << tr("picked: %1 at x %2 m, y %3 m").arg(box.label).arg(box.centre[0], 0, 'f', 1).arg(box.centre[1], 0, 'f', 1);
    if (!m->marked.empty()) parts << tr("marked: voxel %1, %2, %3").arg(m->marked[0][0]).arg(m->marked[0][1]).arg(m->marked[0][2]);
    return parts.join(QStringLiteral("; "));
}

// --- pictures

/// One picture; `sample` says by which part of a pixel it is shifted.
QImage SceneView::draw_once(double scale, std::size_t sample) {
    const QSize pixels = (QSizeF(size()) * scale).toSize().expandedTo({1, 1}).boundedTo({8192, 8192});
    refresh_stage();
    m->stage->set_pixel_scale(scale);
    StageCamera camera{m->eye.eye, m->eye.target, m->eye.up, m->eye.angle, m->eye.parallel, {}};
    if (sample < kSamples.size()) camera.shift = {kSamples[sample][0] / 8, kSamples[sample][1] / 8};
    const std::uint8_t* from = m->stage->draw(camera, pixels.width(), pixels.height());
    QImage out(pixels, QImage::Format_RGBX8888);   // rows from below
    for (int y = 0; y < pixels.height(); ++y) std::copy_n(from + std::ptrdiff_t(pixels.height() - 1 - y) * pixels.width() * 4, std::ptrdiff_t(pixels.width()) * 4, out.scanLine(y));
    return out;
}

QImage SceneView::render(double scale) {
    if (!open()) return {};
    std::vector<std::uint16_t> sums;
    QSize pixels;
    for (std::size_t i = 0; i < kSamples.size(); ++i) {
        const QImage image = draw_once(scale, i);
        pixels = image.size();
        add_to(sums, image);
    }
    return mean_of(sums, pixels);
}

/// At half the size while it is dragged, where full frames take too long to follow the hand.
void SceneView::draw_frame() {
    const bool coarse = m->dragged && m->draw_ms > kSlow;
    const QSize full = (QSizeF(size()) * devicePixelRatio()).toSize();
    if (!m->dirty && m->frame.size() == full) return;
    QElapsedTimer clock;
    clock.start();
    m->frame = draw_once(devicePixelRatio() * (coarse ? 0.5 : 1), kNoShift);
    m->dirty = false;
    if (!coarse) m->draw_ms = double(clock.nsecsElapsed()) / 1e6;
    m->samples = 0;
    m->sums.clear();
    if (!m->dragged && m->draw_ms < kTooSlow) m->rest.start(kRest);
}

/// While nothing changes: one more sample at a time, so that the window is never held up for longer than by one frame.
void SceneView::smooth_step() {
    if (m->dirty || !m->stage || !isVisible()) return;
    const QImage image = draw_once(devicePixelRatio(), m->samples);
    if (image.size() != m->frame.size()) return;           // the widget has just got another size
    add_to(m->sums, image);
    if (++m->samples < kSamples.size()) return m->rest.start(0);
    m->frame = mean_of(m->sums, image.size());
    m->sums = {};
    update();
}

bool SceneView::export_file(const QString& file, double scale) {
    const QImage image = render(scale);
    if (image.isNull()) return false;
    return write_view(file, size(), [&](QPainter& painter) {
        painter.drawImage(QRectF(QPointF(), QSizeF(size())), image);
        draw_over(painter);
    }, shown_run(this), scale);
}

void SceneView::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), kSceneCanvas);
    painter.setFont(ViewStyle::font(13));
    painter.setPen(kSceneText2);
    const bool usable = open();
    const QString instead = !usable ? m->problem + u'\n' + tr("Pictures, map and tables work without it.") : m->empty;
    if (!instead.isEmpty()) {
        painter.drawText(rect().adjusted(24, 24, -24, -24), Qt::AlignCenter | Qt::TextWordWrap, instead);
    } else {
        draw_frame();
        painter.setOpacity(m->stale ? 0.5 : 1);
        painter.setRenderHint(QPainter::SmoothPixmapTransform, m->frame.width() < width());
        painter.drawImage(QRectF(rect()), m->frame);
        painter.setOpacity(1);
        draw_over(painter);
    }
    draw_view_focus(painter, this);
}

}
