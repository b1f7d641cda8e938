#include "plugins/bev/engine/detection_metric.h"
#include "core/base/error.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

namespace lathe::bev {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
enum ErrorIndex : std::size_t { translation_error, scale_error, orientation_error, velocity_error, attribute_error };

bool is_cycle(int label) { return kClasses[static_cast<std::size_t>(label)] == "bicycle" || kClasses[static_cast<std::size_t>(label)] == "motorcycle"; }

double ground_distance(const Vec3& a, const Vec3& b) {
    const double x = a[0] - b[0], y = a[1] - b[1];
    return std::sqrt(x * x + y * y);
}

bool inside(const GlobalRegion& region, const Vec3& point) {
    const Mat3 r = rotation_of(region.rotation);
    const Vec3 d{point[0] - region.centre[0], point[1] - region.centre[1], point[2] - region.centre[2]};
    const std::array<double, 3> half{region.size[1] / 2, region.size[0] / 2, region.size[2] / 2};   // length along x, width along y
    for (int axis = 0; axis < 3; ++axis)
        if (std::abs(r(0, axis) * d[0] + r(1, axis) * d[1] + r(2, axis) * d[2]) > half[static_cast<std::size_t>(axis)]) return false;
    return true;
}

// --- the five errors of a matched pair
double scale_difference(const GlobalBox& truth, const GlobalBox& found) {
    double shared = 1, a = 1, b = 1;
    for (std::size_t i = 0; i < 3; ++i) {
        shared *= std::min(truth.size[i], found.size[i]);
        a *= truth.size[i];
        b *= found.size[i];
    }
    return 1 - shared / (a + b - shared);
}

double heading_difference(const GlobalBox& truth, const GlobalBox& found, double period) {
    const double shifted = yaw_of(truth.rotation) - yaw_of(found.rotation) + period / 2;
    double difference = shifted - std::floor(shifted / period) * period - period / 2;
    if (difference > kPi) difference -= 2 * kPi;
    return std::abs(difference);
}

std::array<double, 5> errors_of(const GlobalBox& truth, const GlobalBox& found) {
    const double vx = found.velocity[0] - truth.velocity[0], vy = found.velocity[1] - truth.velocity[1];
    const bool barrier = kClasses[static_cast<std::size_t>(truth.label)] == "barrier";
    std::array<double, 5> out{};
    out[translation_error] = ground_distance(truth.centre, found.centre);
    out[scale_error] = scale_difference(truth, found);
    out[orientation_error] = heading_difference(truth, found, barrier ? kPi : 2 * kPi);
    out[velocity_error] = std::sqrt(vx * vx + vy * vy);
    out[attribute_error] = truth.attribute == 0 ? kNan : truth.attribute == found.attribute ? 0 : 1;
    return out;
}

/// Linear interpolation in rising `x` (equal values: the last counts); y.front() left of it and `right` beyond it.
double interpolate(std::span<const double> x, std::span<const double> y, double at, double right) {
    if (at < x.front()) return y.front();
    if (at > x.back()) return right;
    const auto above = std::upper_bound(x.begin(), x.end(), at);
    const auto j = static_cast<std::size_t>(above - x.begin()) - 1;
    if (j + 1 == x.size() || x[j] == at) return y[j];
    return (y[j + 1] - y[j]) / (x[j + 1] - x[j]) * (at - x[j]) + y[j];
}

/// Mean of the first 1, 2, 3, ... values that are no NaN; ones if all are, 0 where none was seen yet.
std::vector<double> running_mean(std::span<const double> values) {
    std::vector<double> out(values.size(), 1);
    if (std::ranges::all_of(values, [](double v) { return std::isnan(v); })) return out;
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!std::isnan(values[i])) {
            sum += values[i];
            ++count;
        }
        out[i] = count > 0 ? sum / count : 0;
    }
    return out;
}

/// One class: predictions by falling score, true boxes by sample.
class ClassMatcher {
public:
    ClassMatcher(const std::vector<EvalSample>& samples, int label) : m_first(samples.size() + 1) {
        for (std::size_t s = 0; s < samples.size(); ++s) {
            m_first[s] = m_truth.size();
            for (const GlobalBox& box : samples[s].truth)
                if (box.label == label) m_truth.push_back(&box);
            for (const GlobalBox& box : samples[s].predictions)
                if (box.label == label) m_found.push_back({&box, box.score, s});
        }
        m_first.back() = m_truth.size();
        // Equal scores: the later in the list first.
        std::ranges::reverse(m_found);
        std::ranges::stable_sort(m_found, std::ranges::greater(), &Found::score);
    }
    std::size_t truths() const { return m_truth.size(); }
    std::size_t predictions() const { return m_found.size(); }

    /// False: nothing matched; the curve then stays as it is.
    bool match(double distance, PrecisionCurve& curve, std::array<RecallCurve, 5>* error_curves) const {
        std::vector<char> taken(m_truth.size(), 0);
        std::vector<double> recall(m_found.size()), precision(m_found.size()), confidence(m_found.size()), matched_confidence;
        std::array<std::vector<double>, 5> errors;
        double hits = 0;
        for (std::size_t i = 0; i < m_found.size(); ++i) {
            const Found& found = m_found[i];
            std::size_t best = m_truth.size();
            double nearest = std::numeric_limits<double>::infinity();
            for (std::size_t t = m_first[found.sample]; t < m_first[found.sample + 1]; ++t) {
                if (taken[t]) continue;
                if (const double d = ground_distance(m_truth[t]->centre, found.box->centre); d < nearest) {
                    nearest = d;
                    best = t;
                }
            }
            if (nearest < distance) {
                taken[best] = 1;
                ++hits;
                matched_confidence.push_back(found.score);
                if (error_curves) {
                    const std::array<double, 5> e = errors_of(*m_truth[best], *found.box);
                    for (std::size_t k = 0; k < e.size(); ++k) errors[k].push_back(e[k]);
                }
            }
            recall[i] = hits / static_cast<double>(m_truth.size());
            precision[i] = hits / static_cast<double>(i + 1);
            confidence[i] = found.score;
        }
        if (matched_confidence.empty()) return false;
        for (std::size_t bin = 0; bin < kRecallBins; ++bin) {
            const double at = bin + 1 == kRecallBins ? 1.0 : static_cast<double>(bin) * 0.01;
            curve.precision[bin] = interpolate(recall, precision, at, 0);
            curve.confidence[bin] = interpolate(recall, confidence, at, 0);
        }
        if (error_curves) resample(matched_confidence, errors, curve.confidence, *error_curves);
        return true;
    }

private:
    struct Found { const GlobalBox* box; double score; std::size_t sample; };

    static void resample(std::vector<double>& confidence, const std::array<std::vector<double>, 5>& errors, const RecallCurve& at, std::array<RecallCurve, 5>& out) {
        std::ranges::reverse(confidence);
        for (std::size_t k = 0; k < errors.size(); ++k) {
            std::vector<double> mean = running_mean(errors[k]);
            std::ranges::reverse(mean);
            for (std::size_t bin = 0; bin < kRecallBins; ++bin) out[k][bin] = interpolate(confidence, mean, at[bin], mean.back());
        }
    }

    std::vector<const GlobalBox*> m_truth;
    std::vector<std::size_t> m_first;
    std::vector<Found> m_found;
};

std::size_t first_bin(const MetricSettings& settings) { return static_cast<std::size_t>(std::nearbyint(100 * settings.min_recall)) + 1; }

double average_precision(const RecallCurve& precision, const MetricSettings& settings) {
    double sum = 0;
    const std::size_t first = first_bin(settings);
    for (std::size_t bin = first; bin < kRecallBins; ++bin) sum += std::max(precision[bin] - settings.min_precision, 0.0);
    return sum / static_cast<double>(kRecallBins - first) / (1 - settings.min_precision);
}

double mean_error(const RecallCurve& error, const RecallCurve& confidence, const MetricSettings& settings) {
    std::size_t last = kRecallBins - 1;
    while (last > 0 && !(confidence[last] > 0)) --last;
    const std::size_t first = first_bin(settings);
    if (last < first) return 1;
    double sum = 0;
    for (std::size_t bin = first; bin <= last; ++bin) sum += error[bin];
    return sum / static_cast<double>(last - first + 1);
}

bool is_defined(int label, std::size_t error) {
    const std::string_view name = kClasses[static_cast<std::size_t>(label)];
    if (name == "traffic_cone") return error == translation_error || error == scale_error;
    return name != "barrier" || (error != velocity_error && error != attribute_error);
}

ClassMetric class_metric(const std::vector<EvalSample>& samples, int label, const MetricSettings& settings) {
    const ClassMatcher matcher(samples, label);
    ClassMetric out;
    out.truths = matcher.truths();
    out.predictions = matcher.predictions();
    out.curves.resize(settings.distances.size());
    out.average_precision.resize(settings.distances.size());
    out.errors.fill(1);
    for (RecallCurve& curve : out.error_curves) curve.fill(1);
    for (std::size_t d = 0; d < settings.distances.size(); ++d) {
        const bool with_errors = settings.distances[d] == settings.error_distance;
        const bool matched = out.truths > 0 && matcher.match(settings.distances[d], out.curves[d], with_errors ? &out.error_curves : nullptr);
        out.average_precision[d] = average_precision(out.curves[d].precision, settings);
        out.mean_average_precision += out.average_precision[d] / static_cast<double>(settings.distances.size());
        if (with_errors && matched)
            for (std::size_t k = 0; k < kErrors.size(); ++k) out.errors[k] = mean_error(out.error_curves[k], out.curves[d].confidence, settings);
    }
    for (std::size_t k = 0; k < kErrors.size(); ++k)
        if (!is_defined(label, k)) out.errors[k] = kNan;
    return out;
}

void check(const EvalSample& sample, const GlobalBox& box, const char* which) {
    const auto refuse = [&](const char* field, const char* why) {
        throw Error(ErrorCode::invalid_value, std::string("A ") + which + " box cannot be evaluated: its " + field + " " + why + ".", "sample " + sample.token + ", field " + field, "Write the result again.");
    };
    if (box.label < 0 || box.label >= static_cast<int>(kClasses.size())) refuse("detection_name", "is no class of the detection task");
    for (const double v : box.centre)
        if (!std::isfinite(v)) refuse("translation", "is not finite");
    for (const double v : box.size)
        if (!(v > 0) || std::isinf(v)) refuse("size", "is not positive");
    double length = 0;
    for (const double v : box.rotation) length += v * v;
    if (!(length > 0) || std::isinf(length)) refuse("rotation", "is no direction");
    if (!std::isfinite(box.score)) refuse("detection_score", "is not finite");
}

}

void filter(EvalSample& sample, const MetricSettings& settings) {
    const auto dropped = [&](const GlobalBox& box) {
        if (!(ground_distance(box.centre, sample.ego_translation) < settings.class_range[static_cast<std::size_t>(box.label)]) || box.points == 0) return true;
        return is_cycle(box.label) && std::ranges::any_of(sample.bicycle_racks, [&](const GlobalRegion& rack) { return inside(rack, box.centre); });
    };
    std::erase_if(sample.truth, dropped);
    std::erase_if(sample.predictions, dropped);
}

DetectionMetric evaluate_detections(std::vector<EvalSample> samples, const MetricSettings& settings, const std::function<void()>& watch) {
    if (std::ranges::find(settings.distances, settings.error_distance) == settings.distances.end())
        throw Error(ErrorCode::invalid_value, "The distance of the errors is none of the matching distances.", "dist_th_tp", "Choose one of dist_ths.");
    if (!(settings.min_recall >= 0 && settings.min_recall < 1 && settings.min_precision >= 0 && settings.min_precision < 1))
        throw Error(ErrorCode::invalid_value, "The smallest recall and precision must be at least 0 and below 1.", "min_recall, min_precision");
    DetectionMetric out;
    for (EvalSample& sample : samples) {
        if (sample.predictions.size() > settings.most_boxes)
            throw Error(ErrorCode::invalid_value, "A sample has " + std::to_string(sample.predictions.size()) + " predictions.", "sample " + sample.token, "At most " + std::to_string(settings.most_boxes) + " are allowed.");
        for (const GlobalBox& box : sample.truth) check(sample, box, "true");
        for (const GlobalBox& box : sample.predictions) check(sample, box, "predicted");
        out.truths_given += sample.truth.size();
        out.predictions_given += sample.predictions.size();
        filter(sample, settings);
        out.truths += sample.truth.size();
        out.predictions += sample.predictions.size();
    }
    std::array<double, 5> sums{}, counts{};
    for (std::size_t label = 0; label < out.classes.size(); ++label) {
        out.classes[label] = class_metric(samples, static_cast<int>(label), settings);
        out.mean_average_precision += out.classes[label].mean_average_precision / static_cast<double>(out.classes.size());
        for (std::size_t k = 0; k < kErrors.size(); ++k) {
            if (std::isnan(out.classes[label].errors[k])) continue;
            sums[k] += out.classes[label].errors[k];
            ++counts[k];
        }
        if (watch) watch();
    }
    double total = settings.map_weight * out.mean_average_precision;
    for (std::size_t k = 0; k < kErrors.size(); ++k) {
        out.errors[k] = sums[k] / counts[k];
        out.scores[k] = std::max(0.0, 1 - out.errors[k]);
        total += out.scores[k];
    }
    out.detection_score = total / (settings.map_weight + static_cast<double>(kErrors.size()));
    return out;
}

}
