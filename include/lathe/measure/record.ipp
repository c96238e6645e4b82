/// @file
/// Bodies of record.hpp: order statistics of time samples.
#pragma once

#include <lathe/measure/record.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lathe {

LATHE_INLINE double minimum(std::span<const double> samples) {
  return *std::min_element(samples.begin(), samples.end());
}

LATHE_INLINE double median(std::span<const double> samples) {
  sequence<double> sorted(samples.begin(), samples.end());
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  if (sorted.size() % 2 == 1) return *middle;
  return (*std::max_element(sorted.begin(), middle) + *middle) / 2;
}

LATHE_INLINE double median_deviation(std::span<const double> samples) {
  const double centre = median(samples);
  sequence<double> distances(samples.begin(), samples.end());
  for (double& value : distances) value = std::abs(value - centre);
  return median(distances);
}

LATHE_INLINE double measurement::seconds() const {
  return ok() ? median(samples) : std::numeric_limits<double>::infinity();
}

}  // namespace lathe
