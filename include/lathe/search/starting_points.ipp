/// @file
/// Bodies of starting_points.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/search/starting_points.hpp>

#include <limits>

namespace lathe {

LATHE_INLINE double starting_points::acceptance(double seconds) const {
  const double best = all_[best_].seconds;
  const double loss =
      variant_ == flextensor_variant::paper ? 1 - best / seconds : seconds / best - 1;
  return math::exp(-gamma_ * loss);
}

LATHE_INLINE void starting_points::add(const point& at, double seconds, random_engine& engine) {
  // The released code keeps a result only if it passes the same test as a starting point.
  const bool first = all_.empty();
  if (!first && variant_ == flextensor_variant::released && seconds > all_[best_].seconds &&
      !engine.chance(acceptance(seconds)))
    return;
  if (first || seconds < all_[best_].seconds) best_ = all_.size();
  all_.push_back({at, seconds, false});
}

LATHE_INLINE std::size_t starting_points::choose(random_engine& engine) const {
  constexpr int draws = 64;
  for (int draw = 0; draw < draws && !all_.empty(); ++draw) {
    const std::size_t number = engine.below(static_cast<std::uint32_t>(all_.size()));
    if (!all_[number].retired && engine.chance(acceptance(all_[number].seconds))) return number;
  }
  const sequence<std::size_t> best = fastest(1);
  return best.empty() ? all_.size() : best[0];
}

LATHE_INLINE sequence<std::size_t> starting_points::fastest(std::size_t count) const {
  sequence<std::size_t> order;
  for (std::size_t number = 0; number < all_.size(); ++number)
    if (!all_[number].retired) order.push_back(number);
  sort(order, [&](std::size_t left, std::size_t right) {
    return all_[left].seconds < all_[right].seconds;
  });
  order.resize(smaller(order.size(), count));
  return order;
}

LATHE_INLINE stage_by_stage::stage_by_stage(const search_space& space, int patience)
    : patience_(patience), best_(std::numeric_limits<double>::infinity()) {
  sequence<std::int32_t> stages;
  bool graph = false;
  for (const site& each : space.sites) {
    if (each.choices < 2) continue;
    graph |= each.graph;
    if (!each.graph && !contains(stages, each.group)) stages.push_back(each.group);
  }
  for (const site& each : space.sites)
    phase_of_.push_back(each.graph ? stages.size() : position(stages, each.group));
  phases_ = patience > 0 ? stages.size() + (graph ? 1 : 0) : 1;
}

LATHE_INLINE void stage_by_stage::note(double seconds) {
  constexpr double least_improvement = 0.01;
  ++idle_;
  if (seconds < best_ * (1 - least_improvement)) idle_ = 0;
  if (seconds < best_) best_ = seconds;
  if (idle_ >= patience_) next();
}

LATHE_INLINE void stage_by_stage::next() {
  if (phases_ > 1) open_ = (open_ + 1) % phases_;
  idle_ = 0;
}

}  // namespace lathe
