/// @file
/// Body of resume.hpp.
#pragma once

#include <lathe/measure/timer.hpp>
#include <lathe/search/resume.hpp>

#include <utility>

namespace lathe {

LATHE_INLINE sequence<observation> resuming_evaluator::evaluate(std::span<const point> points,
                                                                double seconds) {
  const double end = monotonic_seconds() + seconds;
  sequence<observation> out;
  const auto is_known = [&](const point& at) { return known_.contains(space_.hash(at)); };
  for (std::size_t first = 0; first < points.size();) {
    // Those that have to be tried together are one call: they are compiled side by side.
    std::size_t last = first;
    while (last < points.size() && !is_known(points[last])) ++last;
    if (last == first) {
      out.push_back({points[first], known_.find(space_.hash(points[first]))->second});
      ++answered_;
      ++first;
      continue;
    }
    sequence<observation> tried =
        judge_.evaluate(points.subspan(first, last - first), end - monotonic_seconds());
    const bool is_over = tried.size() < last - first;
    for (observation& each : tried) {
      if (note_ != nullptr) note_(each, context_);
      out.push_back(std::move(each));
    }
    if (is_over) break;
    first = last;
  }
  return out;
}

}  // namespace lathe
