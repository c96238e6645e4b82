/// @file
/// Bodies of random_walk.hpp.
#pragma once

#include <lathe/search/random_walk.hpp>

#include <cstddef>

namespace lathe {

LATHE_INLINE random_walk::random_walk(const search_space& space, std::uint64_t seed,
                                      const random_walk_options& options)
    : planned_search(space, seed), options_(options), directions_(space) {}

LATHE_INLINE void random_walk::plan() {
  if (at_ && directions_.size() > 0 && !engine_.chance(options_.restart)) {
    const auto count = static_cast<std::uint32_t>(directions_.size());
    const std::size_t first = engine_.below(count);
    for (std::size_t n = 0; n < directions_.size(); ++n) {
      const auto next = directions_.step(*at_, (first + n) % directions_.size());
      if (next && add(*next)) return;
    }
  }
  add_random();
}

LATHE_INLINE void random_walk::learn(std::span<const observation> trials) {
  at_ = trials.back().at;
}

}  // namespace lathe
