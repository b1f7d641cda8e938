#include "plugins/hypergraph/engine/paired_test.h"
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

namespace lathe::hypergraph {
namespace {

constexpr double kLevel = 0.05;

/// The continued fraction of the incomplete beta function (Lentz's method; Press et al., Numerical Recipes, section 6.4 describes it).
double beta_fraction(double a, double b, double x) {
    constexpr double kTiny = 1e-300;
    const auto safe = [](double v) { return std::abs(v) < kTiny ? kTiny : v; };
    double c = 1, d = 1 / safe(1 - (a + b) * x / (a + 1)), value = d;
    for (int m = 1; m < 500; ++m) {
        const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1 / safe(1 + even * d);
        c = safe(1 + even / c);
        value *= d * c;
        d = 1 / safe(1 + odd * d);
        c = safe(1 + odd / c);
        value *= d * c;
        if (std::abs(d * c - 1) < 1e-15) break;
    }
    return value;
}

double incomplete_beta(double a, double b, double x) {
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * beta_fraction(a, b, x) / a : 1 - front * beta_fraction(b, a, 1 - x) / b;
}

std::string number(const char* format, double value) {
    char text[64];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

}

Spread spread(std::span<const double> values) {
    Spread made;
    for (const double value : values) made.mean += value / static_cast<double>(values.size());
    double square = 0;
    for (const double value : values) square += (value - made.mean) * (value - made.mean);
    made.deviation = values.size() > 1 ? std::sqrt(square / static_cast<double>(values.size() - 1)) : std::numeric_limits<double>::quiet_NaN();
    return made;
}

double student_p(double t, double freedom) { return incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)); }

PairedResult paired_test(std::span<const double> first, std::span<const double> second, bool higher_is_better) {
    PairedResult result;
    std::vector<double> differences;
    for (std::size_t k = 0; k < std::min(first.size(), second.size()); ++k) {
        const double d = first[k] - second[k];
        differences.push_back(d);
        if (d == 0) ++result.ties;
        else if ((d > 0) == higher_is_better) ++result.wins;
    }
    result.count = static_cast<int>(differences.size());
    const Spread s = spread(differences);
    result.difference = s.mean;
    result.deviation = s.deviation;
    if (result.count < 2) result.t = result.p = std::numeric_limits<double>::quiet_NaN();
    else if (s.deviation == 0) {
        result.t = s.mean == 0 ? 0 : std::copysign(std::numeric_limits<double>::infinity(), s.mean);
        result.p = s.mean == 0 ? 1 : 0;
    } else {
        result.t = s.mean / (s.deviation / std::sqrt(static_cast<double>(result.count)));
        result.p = student_p(result.t, result.count - 1);
    }
    return result;
}

std::string paired_sentence(const PairedResult& r, const std::string& first, const std::string& second, const std::string& varied, bool higher_is_better) {
    const std::string size = higher_is_better ? number("%.2f points", std::abs(r.difference) * 100) : number("%.4g", std::abs(r.difference)) + " in the error";
    const bool is_better = r.difference != 0 && (r.difference > 0) == higher_is_better;
    if (r.count == 0) return "There is no pair of runs to compare yet.";
    if (r.count == 1) return first + " is " + (r.difference == 0 ? "as good as " + second : size + (is_better ? " better than " : " worse than ") + second) + " in one pair of runs, which says nothing about chance.";
    const std::string over = " over " + std::to_string(r.count) + " pairs of runs (" + varied + ")";
    if (r.difference == 0 && r.deviation == 0) return first + " and " + second + " are equal in every one of " + std::to_string(r.count) + " pairs of runs: hyperedges change nothing here.";
    if (r.p < kLevel)
        return "Hyperedges " + std::string(is_better ? "help" : "hurt") + " here: " + first + " is on average " + size + (is_better ? " better than " : " worse than ") + second + over + ", p = " + number("%.2g", r.p) + ".";
    return "Whether hyperedges help cannot be told from these runs: " + first + " is on average " + size + (is_better ? " better than " : " worse than ") + second + over + ", p = " + number("%.2g", r.p) + ", which chance gives easily.";
}

}
