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
    ++since_improvement_;
    if (!trial.outcome.ok()) continue;
    const double seconds = trial.outcome.seconds();
    // Behind its equals, so that the order of observations decides and nothing else.
    const member* place = population_.begin();
    while (place != population_.end() && !(seconds < place->seconds)) ++place;
    if (place == population_.begin()) since_improvement_ = 0;
    population_.insert(place, {trial.at, seconds});
    if (population_.size() > static_cast<std::size_t>(options_.population)) population_.pop_back();
  }
}

LATHE_INLINE void evolutionary_search::breed() {
  bred_.clear();
  proposed_ = 0;
  if (options_.restart > 0 && since_improvement_ >= options_.restart && !population_.empty()) {
    breed_neighbours();
    if (!bred_.empty()) return;
    population_.clear();
    since_improvement_ = 0;
  }
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

/// All points one move from the best, as far as they are new.
LATHE_INLINE void evolutionary_search::breed_neighbours() {
  const point best = population_[0].at;
  for (std::size_t index = 0; index < space_.sites.size(); ++index) {
    const site& where = space_.sites[index];
    const auto add = [&](std::int32_t choice) {
      point next = best;
      next.choices[index] = choice;
      if (seen_.add(space_, next)) bred_.push_back(std::move(next));
    };
    if (where.moves.empty()) {
      for (std::int32_t choice = 0; choice < where.choices; ++choice) add(choice);
    } else {
      for (const std::int32_t choice : where.moves[static_cast<std::size_t>(best.choices[index])])
        add(choice);
    }
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
