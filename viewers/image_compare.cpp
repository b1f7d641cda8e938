// The content and the settings of the image compare viewer.
#include "viewers/image_compare.h"
#include "viewers/accessible.h"
#include "viewers/image_compare_bar.h"
#include "viewers/view_export.h"
#include "viewers/view_measures.h"
#include "viewers/view_style.h"
#include <QApplication>
#include <QEvent>
#include <QFileDialog>
#include <QPainter>
#include <algorithm>
#include <cmath>

namespace lathe {
namespace {

/// Set by the application where its user asked for it.
bool reduced_motion() { return qApp->property("lathe_reduced_motion").toBool(); }

}

ImageCompareViewer::ImageCompareViewer(QWidget* parent) : QWidget(parent), m_measures(std::make_unique<ViewMeasures>()) {
    install_viewer_accessibility();
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setAccessibleName(tr("Images"));
    m_empty = tr("No image yet.");
    m_blink.setInterval(250);   // 2 Hz: both images twice a second
    connect(&m_blink, &QTimer::timeout, this, [this] {
        m_blink_on = !m_blink_on;
        update();
    });
    m_play.setInterval(250);
    connect(&m_play, &QTimer::timeout, this, [this] { request_step(m_step + 1 < m_steps ? m_step + 1 : 0); });
    connect(m_measures.get(), &ViewMeasures::ready, this, qOverload<>(&QWidget::update));
}

ImageCompareViewer::~ImageCompareViewer() = default;

// --- content

void ImageCompareViewer::set_images(std::vector<ViewImage> images) {
    const QString reference = m_reference < int(m_images.size()) ? m_images[std::size_t(m_reference)].id : QString();
    const QString current = m_current >= 0 && m_current < int(m_images.size()) ? m_images[std::size_t(m_current)].id : QString();
    const bool sizes_stay = !m_images.empty() && !images.empty() && m_images.front().data.width() == images.front().data.width() && m_images.front().data.height() == images.front().data.height();
    std::vector<ViewImage> old_images = std::exchange(m_images, std::move(images));
    std::vector<Slot> old_slots = std::exchange(m_slots, {});
    for (const ViewImage& image : m_images) {   // what is still the same keeps its picture, and what changed shows the old one until there is a new one
        Slot slot;
        for (std::size_t i = 0; i < old_images.size(); ++i) {
            if (old_images[i].id != image.id) continue;
            slot = std::move(old_slots[i]);
            if (old_images[i].data.shares(image.data)) break;
            slot.generation = 0;
            break;
        }
        if (slot.generation == 0) slot.generation = ++m_generation;
        m_slots.push_back(std::move(slot));
    }
    const auto known = [this](const QString& id, int otherwise) { return index_of(id) < 0 ? otherwise : index_of(id); };
    m_reference = known(reference, 0);
    m_current = known(current, m_images.size() > 1 ? (m_reference == 0 ? 1 : 0) : 0);
    if (!sizes_stay) {
        m_pick = m_hover = {-1, -1};
        m_fit = true;
    }
    for (Slot& slot : m_slots) slot.sight = m_shared;
    set_blinking();
    content_changed();
}

int ImageCompareViewer::index_of(const QString& id) const {
    const auto found = std::find_if(m_images.begin(), m_images.end(), [&id](const ViewImage& image) { return image.id == id; });
    return found == m_images.end() ? -1 : int(found - m_images.begin());
}

void ImageCompareViewer::update_image(const QString& id, const ImageData& data, const QString& note) {
    const int index = index_of(id);
    if (index < 0) return;
    ViewImage& image = m_images[std::size_t(index)];
    if (!image.data.shares(data)) m_slots[std::size_t(index)].generation = ++m_generation;
    image.data = data;
    image.note = note;
    image.stale = false;
    content_changed();
}

void ImageCompareViewer::set_note(const QString& id, const QString& note) {
    for (ViewImage& image : m_images)
        if (image.id == id) image.note = note;
    update();
}

void ImageCompareViewer::set_stale(const QString& id, bool stale) {
    for (ViewImage& image : m_images)
        if (image.id == id) image.stale = stale;
    update();
}

void ImageCompareViewer::set_all_stale(bool stale) {
    for (ViewImage& image : m_images) image.stale = stale;
    update();
}

void ImageCompareViewer::set_reference(int index) {
    if (index < 0 || index >= int(m_images.size()) || index == m_reference) return;
    m_pick = map_pixel(m_pick, m_reference, index);
    const int before = std::exchange(m_reference, index);
    if (m_current == index) m_current = before;
    content_changed();
    Q_EMIT reference_changed(index);
}

void ImageCompareViewer::set_current(int index) {
    if (index < 0 || index >= int(m_images.size()) || index == m_current) return;
    m_current = index;
    content_changed();
    Q_EMIT current_changed(index);
}

void ImageCompareViewer::set_difference_pane(bool on) {
    m_difference_pane = on ? 1 : 0;
    content_changed();
}

int ImageCompareViewer::shown_variant() const {
    const int count = int(m_images.size());
    if (m_current >= 0 && m_current < count && m_current != m_reference) return m_current;
    for (int i = 0; i < count; ++i)
        if (i != m_reference) return i;
    return -1;
}

bool ImageCompareViewer::has_difference_pane() const {
    if (m_mode != CompareMode::side_by_side || !has_variant()) return false;
    return m_difference_pane < 0 ? m_images.size() == 2 : m_difference_pane == 1;
}

// --- settings

void ImageCompareViewer::set_mode(CompareMode mode) {
    if (mode == m_mode) return;
    m_mode = mode;
    set_blinking();
    content_changed();
    Q_EMIT mode_changed(mode);
}

void ImageCompareViewer::set_blinking() {
    m_blink_on = false;
    const bool moves = !reduced_motion();   // else B changes by hand
    if (m_mode == CompareMode::blink && has_variant() && moves) m_blink.start();
    else m_blink.stop();
}

void ImageCompareViewer::set_gain(double gain) {
    m_gain = std::clamp(std::isfinite(gain) ? gain : 1.0, 1.0 / 16, 1024.0);
    content_changed();
}

void ImageCompareViewer::set_signed(bool on) {
    m_signed = on;
    content_changed();
}

void ImageCompareViewer::set_split(double share) {
    m_split = std::clamp(share, 0.0, 1.0);
    update();
}

void ImageCompareViewer::set_linked(bool linked) {
    if (linked == m_linked) return;
    if (m_fit) leave_fit();
    const auto all = panes();
    for (std::size_t i = 0; i < m_slots.size(); ++i)
        if (const Pane* pane = pane_of(all, int(i)); !linked && pane) m_slots[i].sight = {zoom_of(*pane, int(i)), m_shared.centre};
    if (linked && m_reference < int(m_slots.size())) m_shared = m_slots[std::size_t(m_reference)].sight;
    m_linked = linked;
    update();
    Q_EMIT view_changed();
}

void ImageCompareViewer::pick(const QPoint& pixel) {
    const QRect whole = m_reference < int(m_images.size()) ? QRect(0, 0, m_images[std::size_t(m_reference)].data.width(), m_images[std::size_t(m_reference)].data.height()) : QRect();
    m_pick = whole.contains(pixel) ? pixel : QPoint(-1, -1);
    update();
    announce_value(this);
}

double ImageCompareViewer::view_psnr(int index) const {
    if (index < 0 || index >= int(m_images.size())) return std::numeric_limits<double>::quiet_NaN();
    return psnr(m_images[std::size_t(m_reference)].data, m_images[std::size_t(index)].data, visible_part(m_reference));
}

double ImageCompareViewer::view_ssim(int index) const {
    if (index < 0 || index >= int(m_images.size())) return std::numeric_limits<double>::quiet_NaN();
    return ssim(m_images[std::size_t(m_reference)].data, m_images[std::size_t(index)].data, visible_part(m_reference));
}

// --- steps

void ImageCompareViewer::set_steps(int count, int current, const QString& text) {
    m_steps = std::max(0, count);
    m_step = std::clamp(current, 0, std::max(0, m_steps - 1));
    m_step_text = text;
    if (m_steps < 2 && m_playing) set_playing(false);
    Q_EMIT view_changed();
}

void ImageCompareViewer::request_step(int step) {
    if (m_steps == 0) return;
    step = std::clamp(step, 0, m_steps - 1);
    if (step != m_step) Q_EMIT step_requested(step);
}

void ImageCompareViewer::set_playing(bool on) {
    if (on && m_steps < 2) return;
    if (on && reduced_motion()) {
        request_step(m_step + 1 < m_steps ? m_step + 1 : 0);
        return;
    }
    if (on == m_playing) return;
    m_playing = on;
    if (on) m_play.start();
    else m_play.stop();
    Q_EMIT play_toggled(on);
    Q_EMIT view_changed();
}

QWidget* ImageCompareViewer::tool_bar() {
    if (!m_bar) m_bar = new ImageCompareBar(*this);
    return m_bar;
}

void ImageCompareViewer::content_changed() {
    update();
    Q_EMIT view_changed();
}

void ImageCompareViewer::changeEvent(QEvent* event) {
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange || event->type() == QEvent::StyleChange) {
        if (m_bar) refresh_tool_icons(m_bar);
        update();
    }
    QWidget::changeEvent(event);
}

// --- out

QImage ImageCompareViewer::render(const QSize& size, qreal scale) const {
    QImage image((QSizeF(size) * scale).toSize(), QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(scale);
    image.fill(Qt::transparent);
    finish_pictures();
    QPainter painter(&image);
    draw(painter, size, true);
    return image;
}

QImage ImageCompareViewer::image_of(int index) const { return index >= 0 && index < int(m_images.size()) ? m_images[std::size_t(index)].data.to_image() : QImage(); }

bool ImageCompareViewer::export_png(const QString& file, double times) const {
    finish_pictures();
    return write_view(file, size(), [this](QPainter& painter) { draw(painter, size(), true); }, shown_run(this), times);
}

bool ImageCompareViewer::export_file(const QString& file) const {
    finish_pictures();
    return write_view(file, size(), [this](QPainter& painter) { draw(painter, size(), true); }, shown_run(this));
}

void ImageCompareViewer::export_dialog() {
    const QString file = QFileDialog::getSaveFileName(this, tr("Export the view"), QStringLiteral("images.png"), tr("Picture (*.png);;Drawing (*.svg);;Document (*.pdf)"));
    if (!file.isEmpty() && !export_file(file)) show_export_failed(file);
}

}
