/// @file
/// Bodies of planned_search.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/search/planned_search.hpp>
#include <lathe/search/random.hpp>

#include <optional>
#include <utility>

namespace lathe {

LATHE_INLINE sequence<point> planned_search::propose(int n) {
  if (proposed_ == plan_.size()) {
    plan_.clear();
    proposed_ = 0;
    plan();
  }
  const std::size_t count = smaller(plan_.size() - proposed_, static_cast<std::size_t>(n));
  const auto first = plan_.begin() + static_cast<std::ptrdiff_t>(proposed_);
  proposed_ += count;
  awaited_ += count;
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

LATHE_INLINE void planned_search::observe(std::span<const observation> trials) {
  for (const observation& trial : trials) {
    seen_.add(space_, trial.at);
    outcomes_.push_back(trial);
    if (awaited_ > 0) --awaited_;
  }
  if (awaited_ > 0 || proposed_ < plan_.size()) return;
  const sequence<observation> complete = std::move(outcomes_);
  outcomes_.clear();
  if (!complete.empty()) learn(complete);
}

LATHE_INLINE bool planned_search::add(const point& candidate) {
  if (!seen_.add(space_, candidate)) return false;
  plan_.push_back(candidate);
  return true;
}

LATHE_INLINE bool planned_search::add_random() {
  std::optional<point> drawn = draw_unseen(space_, engine_, seen_);
  if (!drawn) return false;
  plan_.push_back(std::move(*drawn));
  return true;
}

}  // namespace lathe
