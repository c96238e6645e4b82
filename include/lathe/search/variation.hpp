/// @file
/// How evolution makes new points of old ones: crossover per decision, mutation by the moves of the
/// space. In: points. Out: points. Called by evolve.ipp and learned_evolution.ipp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/random.hpp>
#include <lathe/schedule/point.hpp>

namespace lathe {

/// Parameters of mutate().
struct variation_options {
  double further_move = 0.4;  ///< chance of each move after the first
  double jump = 0.15;         ///< chance that a move goes to any choice of its site
};

/// Takes every other decision, by chance, from `other`.
LATHE_INLINE void cross(point& candidate, const point& other, random_engine& engine);

/// Moves one decision or more: each to a neighbouring choice, or to any, which may be its own.
LATHE_INLINE void mutate(const search_space& space, point& candidate, random_engine& engine,
                         const variation_options& options);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/variation.ipp>
#endif
