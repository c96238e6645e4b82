/// @file
/// Bodies of evolve.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/search/evolve.hpp>
#include <lathe/search/random.hpp>

#include <cstddef>
#include <utility>

namespace lathe {

LATHE_INLINE evolutionary_search::evolutionary_search(const search_space& space, std::uint64_t seed,
                                                      const evolve_options& options)
    : space_(space), engine_(seed), options_(options) {}

LATHE_INLINE sequence<point> evolutionary_search::propose(int n) {
  if (proposed_ == bred_.size()) breed();
  const std::size_t count = smaller(bred_.size() - proposed_, static_cast<std::size_t>(n));
  const auto first = bred_.begin() + static_cast<std::ptrdiff_t>(proposed_);
  proposed_ += count;
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

LATHE_INLINE void evolutionary_search::observe(std::span<const observation> trials) {
  for (const observation& trial : trials) {
    seen_.add(space_, trial.at);
    if (!trial.outcome.ok()) continue;
    const double seconds = trial.outcome.seconds();
    // Behind its equals, so that the order of observations decides and nothing else.
    const member* place = population_.begin();
    while (place != population_.end() && !(seconds < place->seconds)) ++place;
    population_.insert(place, {trial.at, seconds});
    if (population_.size() > static_cast<std::size_t>(options_.population)) population_.pop_back();
  }
}

LATHE_INLINE void evolutionary_search::breed() {
  bred_.clear();
  proposed_ = 0;
  const bool full = population_.size() == static_cast<std::size_t>(options_.population);
  const double random_share = full ? options_.random_share : options_.random_start;
  for (int n = 0; n < options_.generation; ++n) {
    std::optional<point> next;
    if (!population_.empty() && !engine_.chance(random_share)) next = child();
    if (!next) next = draw_unseen(space_, engine_, seen_);
    if (!next) return;
    bred_.push_back(std::move(*next));
  }
}

LATHE_INLINE std::optional<point> evolutionary_search::child() {
  constexpr int attempts = 32;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    point candidate = parent();
    const bool crossed = engine_.chance(options_.crossover);
    if (crossed) cross(candidate, parent(), engine_);
    if (!crossed || engine_.below(2) == 0) mutate(space_, candidate, engine_, options_.variation);
    if (seen_.add(space_, candidate)) return candidate;
  }
  return std::nullopt;
}

LATHE_INLINE const point& evolutionary_search::parent() {
  const auto size = static_cast<std::uint32_t>(population_.size());
  std::uint32_t best = engine_.below(size);
  for (int n = 1; n < options_.tournament; ++n) best = smaller(best, engine_.below(size));
  return population_[best].at;
}

}  // namespace lathe
