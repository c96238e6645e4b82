/// @file
/// Bodies of genetic.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/search/genetic.hpp>

#include <cstddef>

namespace lathe {

LATHE_INLINE genetic_search::genetic_search(const search_space& space, std::uint64_t seed,
                                            const genetic_options& options)
    : planned_search(space, seed), options_(options) {}

LATHE_INLINE void genetic_search::plan() {
  const auto wanted = static_cast<std::size_t>(larger(options_.population, 1));
  while (planned() < wanted) {
    if (!(started_ && !population_.empty() && add_child()) && !add_random()) break;
  }
  started_ = true;
}

LATHE_INLINE void genetic_search::learn(std::span<const observation> trials) {
  // Points of others join; a generation of ours takes the place of all but the elite.
  if (started_) population_.resize(smaller<std::size_t>(population_.size(), options_.elite));
  for (const observation& trial : trials)
    population_.push_back({trial.at, trial.outcome.seconds()});
  sort(population_,
       [](const member& left, const member& right) { return left.seconds < right.seconds; });
}

LATHE_INLINE const point& genetic_search::parent() {
  const auto size = static_cast<std::uint32_t>(population_.size());
  std::uint32_t best = engine_.below(size);
  for (int n = 1; n < options_.tournament; ++n) best = smaller(best, engine_.below(size));
  return population_[best].at;
}

LATHE_INLINE bool genetic_search::add_child() {
  constexpr int attempts = 32;
  const double rate =
      options_.mutation / static_cast<double>(larger<std::size_t>(space_.sites.size(), 1));
  for (int attempt = 0; attempt < attempts; ++attempt) {
    point child = parent();
    const point& other = parent();
    for (std::size_t index = 0; index < child.choices.size(); ++index) {
      if (engine_.below(2) == 0) child.choices[index] = other.choices[index];
      if (!engine_.chance(rate)) continue;
      const auto choices = static_cast<std::uint32_t>(space_.sites[index].choices);
      child.choices[index] = static_cast<std::int32_t>(engine_.below(choices));
    }
    if (add(child)) return true;
  }
  return false;
}

}  // namespace lathe
