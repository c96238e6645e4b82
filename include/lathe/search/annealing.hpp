/// @file
/// Simulated annealing (Kirkpatrick, Gelatt, Vecchi, Science 1983): on measured times, as a
/// strategy, and on the scores of a model, as what looks for the points that are worth measuring.
/// In: a space and a seed; scores. Out: points. Called through the strategy interface and by
/// learned_annealing.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/random.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/search/directions.hpp>
#include <lathe/search/planned_search.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace lathe {

/// Parameters of annealing_search.
struct annealing_options {
  int chains = 8;            ///< walks at a time
  double temperature = 0.1;  ///< at the start, of the logarithm of times: 0.1 = 10 % slower
  double cooling = 0.97;     ///< factor per round of all chains
};

/// Chains that step to a neighbour if it is faster, or with the probability of Metropolis. A chain
/// that has nowhere to go starts again at random.
class annealing_search final : public planned_search {
 public:
  LATHE_INLINE annealing_search(const search_space& space, std::uint64_t seed,
                                const annealing_options& options = {});

 protected:
  LATHE_INLINE void plan() override;
  LATHE_INLINE void learn(std::span<const observation> trials) override;

 private:
  struct chain {
    point at;
    double seconds;  // infinite: anything is better
  };

  annealing_options options_;
  directions directions_;
  sequence<chain> chains_;
  sequence<std::size_t> moved_;  // chain of each point of the plan
  double temperature_;
};

/// Parameters of annealed_best().
struct annealer_options {
  int chains = 64;         ///< walks at a time; AutoTVM: 128
  int steps = 200;         ///< of every chain at most; AutoTVM: 500
  int patience = 50;       ///< steps without a new point among the best that end it
  double temperature = 1;  ///< at the start; falls to 0 linearly
};

/// What annealed_best() looks for the best of.
class point_scorer {
 public:
  virtual ~point_scorer() = default;
  /// One score per point, higher is better.
  virtual sequence<double> score(std::span<const point> points) = 0;
};

/// The `count` best points that chains meet, best first, none in `seen`. AutoTVM's search on its
/// model (Chen et al., NeurIPS 2018, section 5.1, and the released sa_model_optimizer): a move
/// gives one decision another choice; it is accepted with probability exp((new - old) /
/// temperature).
/// @param starts  where the chains are; where they end is left there, so that they go on next time.
///                Missing ones are drawn
LATHE_INLINE sequence<point> annealed_best(const search_space& space, point_scorer& scorer,
                                           int count, const seen_points& seen,
                                           random_engine& engine, sequence<point>& starts,
                                           const annealer_options& options = {});

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/annealing.ipp>
#endif
