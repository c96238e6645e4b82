/// @file
/// Bodies of record.hpp: order statistics of time samples.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/measure/record.hpp>

#include <limits>

namespace lathe {

LATHE_INLINE double minimum(std::span<const double> samples) {
  double least = samples.front();
  for (const double each : samples) least = smaller(least, each);
  return least;
}

LATHE_INLINE double median(std::span<const double> samples) {
  sequence<double> sorted(samples.begin(), samples.end());
  sort(sorted);
  const std::size_t middle = sorted.size() / 2;
  return sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

LATHE_INLINE double median_deviation(std::span<const double> samples) {
  const double centre = median(samples);
  sequence<double> distances(samples.begin(), samples.end());
  for (double& value : distances) value = math::abs(value - centre);
  return median(distances);
}

LATHE_INLINE time_interval median_interval(std::span<const double> samples) {
  sequence<double> sorted(samples.begin(), samples.end());
  sort(sorted);
  // The median is below the sample of rank n + 1 if at most n of the samples are below the median.
  const auto count = static_cast<double>(sorted.size());
  double ways = 1, tail = 1;  // n of them, and at most n of them
  std::size_t rank = 0;
  const double most = 0.025 * math::pow(2.0, count);
  for (double n = 1; tail <= most; ++n, ++rank) {
    ways *= (count - n + 1) / n;
    tail += ways;
  }
  rank = rank == 0 ? 0 : rank - 1;
  return {sorted[rank], sorted[sorted.size() - 1 - rank]};
}

LATHE_INLINE double measurement::seconds() const {
  return ok() ? median(samples) : std::numeric_limits<double>::infinity();
}

}  // namespace lathe
