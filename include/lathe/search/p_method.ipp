/// @file
/// Bodies of p_method.hpp.
#pragma once

#include <lathe/search/p_method.hpp>

#include <cstddef>

namespace lathe {

LATHE_INLINE p_method::p_method(const search_space& space, std::uint64_t seed,
                                const p_method_options& options)
    : planned_search(space, seed),
      options_(options),
      directions_(space),
      evaluated_(options.variant, options.gamma),
      stages_(space, options.patience) {}

LATHE_INLINE void p_method::plan() {
  if (!warm_) {
    warm_ = true;
    for (int n = 0; n < options_.warmup; ++n) add_random();
  }
  // Starting points whose open neighbours were all visited: the next point, then the next phase.
  for (std::size_t phase = 0; phase <= stages_.phases() && planned() == 0; ++phase) {
    constexpr int most_starts = 16;
    for (int tried = 0; tried < most_starts && planned() == 0; ++tried) {
      const std::size_t start = evaluated_.choose(engine_);
      if (start == evaluated_.size()) break;
      const point from = evaluated_[start].at;
      bool all_open = true;
      for (std::size_t along = 0; along < directions_.size(); ++along) {
        const bool open = stages_.is_open(directions_.site_of(along));
        all_open &= open;
        if (!open) continue;
        if (const auto next = directions_.step(from, along)) add(*next);
      }
      if (all_open) evaluated_.retire(start);
    }
    if (planned() == 0) stages_.next();
  }
  if (planned() == 0) add_random();
  if (options_.variant == flextensor_variant::released)
    for (int n = 0; n < options_.parallel; ++n) add_random();
}

LATHE_INLINE void p_method::learn(std::span<const observation> trials) {
  for (const observation& trial : trials) {
    stages_.note(trial.outcome.seconds());
    if (trial.outcome.ok()) evaluated_.add(trial.at, trial.outcome.seconds(), engine_);
  }
}

}  // namespace lathe
