/// @file
/// What a search's curve is worth, and how sure that is. In: the best time so far at every
/// improvement. Out: numbers with intervals. Called by comparison.hpp.
#pragma once

#include <lathe/search/tuner.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace lab {

/// Improvements, in order.
using curve = lathe::sequence<lathe::search_step>;

/// Best time after a number of trials, or of seconds [s]; infinite before the first success.
double best_after_trials(const curve& of, int trials);
double best_after_seconds(const curve& of, double seconds);

/// Fraction of best: mean over 1 .. trials of optimum / best so far, 0 before the first success.
/// The area under the tuning curve.
double area_under(const curve& of, double optimum, int trials);

/// The first trial after which optimum / best is at least `fraction`; trials + 1 if none is.
int trials_to(const curve& of, double optimum, double fraction, int trials);

/// Value below which a share of the values lies, linear between neighbours. @pre !values.empty()
double quantile(std::vector<double> values, double share);

/// An estimate with an interval that covers it in 95 of 100 repetitions.
struct estimate {
  double value = 0, low = 0, high = 0;
};

/// The percentile bootstrap (Efron 1979): `statistic` of the groups as they are, and of 2000
/// samples with replacement, each drawn within its group (a table), from a fixed seed. @param sizes
/// of the groups; the statistic is given one list of positions per group
estimate bootstrap(
    const std::vector<std::size_t>& sizes,
    const std::function<double(const std::vector<std::vector<std::size_t>>&)>& statistic);

}  // namespace lab
