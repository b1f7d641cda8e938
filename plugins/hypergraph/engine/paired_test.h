#pragma once
// Mean, deviation and Student's paired t-test. Any thread.
#include <span>
#include <string>

namespace lathe::hypergraph {

struct Spread { double mean = 0, deviation = 0; };   ///< the unbiased deviation; NaN for one value
Spread spread(std::span<const double> values);

/// Two-sided p of |t| with so many degrees of freedom.
double student_p(double t, double freedom);

struct PairedResult {
    int count = 0, wins = 0, ties = 0;               ///< wins: pairs in which the first is better
    double difference = 0, deviation = 0;            ///< of the differences, first less second
    double t = 0, p = 1;                             ///< NaN for one pair; p 0 where all differences are equal and not 0
};
PairedResult paired_test(std::span<const double> first, std::span<const double> second, bool higher_is_better);

/// What the numbers say, and no more. `first`, `second`: names; `varied`: what differs between the runs.
std::string paired_sentence(const PairedResult& result, const std::string& first, const std::string& second, const std::string& varied, bool higher_is_better);

}
