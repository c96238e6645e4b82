/// @file
/// Evolutionary search on measured times: keeps the best points met, crosses and mutates them. In:
/// a space, a seed, the outcomes of its proposals. Called by tuner.hpp through the strategy
/// interface.
///
/// The search of Ansor (Zheng et al., OSDI 2020, section 5.1) without its cost model: elitist
/// population, crossover per decision, mutation by the moves of the space, a share of random
/// points.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/random.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/search/strategy.hpp>
#include <lathe/search/variation.hpp>

#include <cstdint>
#include <optional>
#include <span>

namespace lathe {

/// Parameters of evolutionary_search. The defaults suit budgets of 50 to 5000 trials.
struct evolve_options {
  int population = 24;     ///< best points kept as parents
  int generation = 16;     ///< points bred before any of their outcomes is awaited
  int tournament = 3;      ///< parents compete in groups of this size: selection by rank
  double crossover = 0.4;  ///< chance that a child has two parents
  variation_options variation;
  double random_share = 0.1;  ///< share of points that have no parent
  double random_start = 0.5;  ///< the same while the population is not full
  /// Trials without a better point after which all neighbours of the best one are tried, and then,
  /// if none of them is better, a new population begins; 0 = never.
  int restart = 0;
};

/// The sequence of its proposals does not depend on the batch size: children are bred a generation
/// at a time, and the next generation waits for all outcomes of the last.
class evolutionary_search final : public strategy {
 public:
  /// @param space  must outlive the strategy
  LATHE_INLINE evolutionary_search(const search_space& space, std::uint64_t seed,
                                   const evolve_options& options = {});
  LATHE_INLINE sequence<point> propose(int n) override;
  LATHE_INLINE void observe(std::span<const observation> trials) override;

 private:
  struct member {
    point at;
    double seconds;
  };

  LATHE_INLINE void breed();
  LATHE_INLINE void breed_neighbours();
  LATHE_INLINE std::optional<point> child();
  LATHE_INLINE const point& parent();

  const search_space& space_;
  random_engine engine_;
  evolve_options options_;
  seen_points seen_;
  sequence<member> population_;  // fastest first
  int since_improvement_ = 0;    // trials
  sequence<point> bred_;         // the generation, of which the first proposed_ are out
  std::size_t proposed_ = 0;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/evolve.ipp>
#endif
