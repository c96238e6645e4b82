/// @file
/// Bodies of neighbours.hpp.
#pragma once

#include <lathe/api/neighbours.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/store/text.hpp>

#include <limits>

namespace lathe::detail {

LATHE_INLINE double extent_distance(std::string_view left, std::string_view right) {
  constexpr double never = std::numeric_limits<double>::infinity();
  constexpr std::int64_t largest = std::numeric_limits<std::int32_t>::max();
  const auto ours = split_text(left, ' '), theirs = split_text(right, ' ');
  if (ours.size() != theirs.size()) return never;
  double distance = 0;
  for (std::size_t at = 0; at < ours.size(); ++at) {
    const std::size_t equals = ours[at].find('=');
    if (equals == std::string_view::npos ||
        ours[at].substr(0, equals + 1) != theirs[at].substr(0, equals + 1))
      return never;
    const auto mine = parse_integer(ours[at].substr(equals + 1), 1, largest);
    const auto other = parse_integer(theirs[at].substr(equals + 1), 1, largest);
    if (!mine || !other) return never;
    distance += math::abs(math::log(static_cast<double>(*mine) / static_cast<double>(*other)));
  }
  return distance;
}

LATHE_INLINE point nearest_point(const traced_space& space, const trace& wanted, point at) {
  sequence<std::string> steps;
  for (const step& each : wanted.steps) steps.push_back(to_text(each));
  // Steps in common count for, others against.
  const auto likeness = [&](const point& of) {
    int sum = 0;
    for (const step& each : space.to_trace(of).steps)
      sum += contains(steps, to_text(each)) ? 2 : -1;
    return sum;
  };
  int best = likeness(at);
  for (bool improves = true; improves;) {
    improves = false;
    for (std::size_t site = 0; site < at.choices.size(); ++site) {
      point other = at;
      for (std::int32_t choice = 0; choice < space.points().sites[site].choices; ++choice) {
        other.choices[site] = choice;
        const int like = likeness(other);
        if (like <= best) continue;
        best = like;
        at = other;
        improves = true;
      }
    }
  }
  return at;
}

LATHE_INLINE sequence<point> neighbours_of(const cache_key& key, const cache& store,
                                           const traced_space& space, std::size_t most) {
  struct neighbour {
    double distance;
    std::string trace;
  };
  sequence<neighbour> found;
  for (const winner& each : store.list()) {
    if (each.key.op != key.op || each.key.target != key.target || each.key.threads != key.threads ||
        each.key.bound != key.bound || each.key.strict_fp != key.strict_fp)
      continue;
    const double distance = extent_distance(key.extents, each.key.extents);
    if (distance > 0 && math::isfinite(distance)) found.push_back({distance, each.trace});
  }
  sort(found, [](const neighbour& left, const neighbour& right) {
    return left.distance < right.distance;
  });
  sequence<point> out;
  for (const neighbour& each : found) {
    if (out.size() == most) break;
    const result<trace> steps = parse_trace(each.trace);
    if (!steps) continue;
    point like = nearest_point(space, *steps, space.points().estimates[0]);
    if (contains(space.points().estimates, like) || contains(out, like) ||
        space.points().why_rejected(like))
      continue;
    out.push_back(std::move(like));
  }
  return out;
}

}  // namespace lathe::detail
