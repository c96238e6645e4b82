/// @file
/// Bodies of variation.hpp.
#pragma once

#include <lathe/search/variation.hpp>

#include <cstddef>

namespace lathe {

LATHE_INLINE void cross(point& candidate, const point& other, random_engine& engine) {
  for (std::size_t site = 0; site < candidate.choices.size(); ++site) {
    if (engine.below(2) == 0) candidate.choices[site] = other.choices[site];
  }
}

LATHE_INLINE void mutate(const search_space& space, point& candidate, random_engine& engine,
                         const variation_options& options) {
  if (space.sites.empty()) return;
  do {
    const std::size_t index = engine.below(static_cast<std::uint32_t>(space.sites.size()));
    const site& where = space.sites[index];
    std::int32_t& choice = candidate.choices[index];
    if (where.moves.empty() || engine.chance(options.jump)) {
      choice = static_cast<std::int32_t>(engine.below(static_cast<std::uint32_t>(where.choices)));
    } else {
      const auto& reachable = where.moves[static_cast<std::size_t>(choice)];
      if (reachable.empty()) continue;
      choice = reachable[engine.below(static_cast<std::uint32_t>(reachable.size()))];
    }
  } while (engine.chance(options.further_move));
}

}  // namespace lathe
