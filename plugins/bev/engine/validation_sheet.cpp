#include "plugins/bev/engine/validation_sheet.h"
#include <ATen/ATen.h>
#include <opencv2/imgproc.hpp>
#include <cmath>

namespace lathe::bev {
namespace {

constexpr int kGap = 2;
constexpr float kNear = 0.2f;                              // metres before the camera
constexpr std::array<std::array<int, 2>, 12> kEdges{{{0, 1}, {1, 2}, {2, 3}, {3, 0}, {4, 5}, {5, 6}, {6, 7}, {7, 4}, {0, 4}, {1, 5}, {2, 6}, {3, 7}}};   // of corners()
const cv::Scalar kTrue(120, 200, 140), kFound(255, 255, 255), kGround(23, 25, 29), kRing(70, 74, 80);

/// Pixel times depth, and depth.
std::array<float, 3> projected(const float* m, const std::array<float, 3>& p) {
    std::array<float, 3> out{};
    for (std::size_t r = 0; r < 3; ++r) out[r] = m[r * 4] * p[0] + m[r * 4 + 1] * p[1] + m[r * 4 + 2] * p[2] + m[r * 4 + 3];
    return out;
}

cv::Point pixel_of(const std::array<float, 3>& p) {
    const auto bounded = [](float v) { return static_cast<int>(std::lround(std::clamp(v, -4000.0f, 4000.0f))); };
    return {bounded(p[0] / p[2]), bounded(p[1] / p[2])};
}

void draw_in_picture(cv::Mat& picture, const float* lidar2img, const Box& box, const cv::Scalar& colour) {
    std::array<std::array<float, 3>, 8> seen{};
    const auto all = corners(box);
    for (std::size_t i = 0; i < all.size(); ++i) seen[i] = projected(lidar2img, all[i]);
    for (const auto& [from, to] : kEdges) {
        std::array<float, 3> a = seen[static_cast<std::size_t>(from)], b = seen[static_cast<std::size_t>(to)];
        if (a[2] < kNear && b[2] < kNear) continue;
        if (a[2] < kNear) std::swap(a, b);
        if (b[2] < kNear) {
            const float part = (a[2] - kNear) / (a[2] - b[2]);
            for (std::size_t k = 0; k < 3; ++k) b[k] = a[k] + part * (b[k] - a[k]);
        }
        cv::line(picture, pixel_of(a), pixel_of(b), colour, 1, cv::LINE_AA);
    }
}

void draw_on_ground(cv::Mat& ground, float range, const Box& box, const cv::Scalar& colour) {
    const auto place = [&](const std::array<float, 3>& p) {
        const auto pixel = [&](float metres, int size) { return static_cast<int>(std::lround(std::clamp((metres + range) / (2 * range), -1.0f, 2.0f) * static_cast<float>(size - 1))); };
        return cv::Point(pixel(p[0], ground.cols), pixel(-p[1], ground.rows));
    };
    const auto all = corners(box);
    for (const auto& [from, to] : {std::pair(0, 3), std::pair(3, 7), std::pair(7, 4), std::pair(4, 0)}) cv::line(ground, place(all[static_cast<std::size_t>(from)]), place(all[static_cast<std::size_t>(to)]), colour, 1, cv::LINE_AA);
}

}

at::Tensor validation_sheet(const SampleInfo& sample, const Result& result, float range, float score) {
    const std::vector<Picture>& pictures = result.frames.front()->pictures;
    const int width = pictures.front().width, height = pictures.front().height, columns = (static_cast<int>(pictures.size()) + 1) / 2, side = 2 * height + kGap;
    at::Tensor out = at::empty({side, columns * (width + kGap) + side, 3}, at::kByte);
    cv::Mat sheet(side, static_cast<int>(out.size(1)), CV_8UC3, out.mutable_data_ptr());
    sheet.setTo(kGround);
    const auto each_box = [&](const auto& draw) {
        for (const TrueBox& truth : sample.boxes)
            if (truth.label >= 0) draw(truth.box, kTrue);
        for (const Detection& found : result.detections.boxes)
            if (found.score >= score) draw(found.box, kFound);
    };
    for (std::size_t i = 0; i < pictures.size(); ++i) {
        cv::Mat pane = sheet(cv::Rect(static_cast<int>(i) % columns * (width + kGap), static_cast<int>(i) / columns * (height + kGap), width, height));
        cv::Mat(height, width, CV_8UC3, const_cast<std::uint8_t*>(pictures[i].rgb.data())).copyTo(pane);
        const float* matrix = result.lidar2img.const_data_ptr<float>() + 16 * i;
        each_box([&](const Box& box, const cv::Scalar& colour) { draw_in_picture(pane, matrix, box, colour); });
    }
    cv::Mat ground = sheet(cv::Rect(columns * (width + kGap), 0, side, side));
    for (float ring = 10; ring < range; ring += 10) cv::circle(ground, {side / 2, side / 2}, static_cast<int>(ring / range * static_cast<float>(side) / 2), kRing, 1, cv::LINE_AA);
    each_box([&](const Box& box, const cv::Scalar& colour) { draw_on_ground(ground, range, box, colour); });
    return out;
}

}
