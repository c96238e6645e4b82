/// @file
/// AutoTVM's search: simulated annealing on a learned model finds what is measured next. In: a
/// space, a seed, features, the outcomes of its proposals. Called through the strategy interface.
///
/// Chen et al., "Learning to Optimize Tensor Programs", NeurIPS 2018, sections 3 to 5: boosted
/// trees with a rank loss, annealing chains that go on from round to round, a share of random
/// points, diversity-aware selection, transfer from trials of other operators. Sizes are smaller
/// than the released code's (64 points per plan, 128 chains of 500 steps).
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/search/annealing.hpp>
#include <lathe/search/planned_search.hpp>
#include <lathe/search/point_model.hpp>

#include <cstdint>
#include <span>

namespace lathe {

/// Parameters of learned_annealing.
struct learned_annealing_options {
  int plan = 32;               ///< points between trainings
  double random_share = 0.05;  ///< of every plan
  double diversity = 0.1;      ///< worth of a choice that no other point of the plan has; 0 = off.
                               ///< Scores are scaled to [0, 1]. Released: off
  int candidates = 2;          ///< for every point of the plan, to select from
  annealer_options annealer;
  point_model_options model{model_loss::rank, {80, 3, 0.3, 1, 1e-4, 1}, 1, 64};
};

/// Measures at random until there is a plan's worth of trials, or at once what past trials advise.
class learned_annealing final : public planned_search {
 public:
  LATHE_INLINE learned_annealing(const strategy_setting& setting,
                                 const learned_annealing_options& options = {});

 protected:
  LATHE_INLINE void plan() override;
  LATHE_INLINE void learn(std::span<const observation> trials) override;

 private:
  learned_annealing_options options_;
  point_model model_;
  sequence<point> chains_;
};

/// Selects `count` of `candidates`, greedily: score + diversity * (choices of sites that no
/// selected point has), in which scores are scaled to [0, 1]. The objective is submodular, so that
/// greedy is within 1 - 1/e of the best (Chen et al., equation 3). Returns their numbers, in order
/// of selection.
LATHE_INLINE sequence<std::size_t> select_diverse(std::span<const point> candidates,
                                                  std::span<const double> scores, int count,
                                                  double diversity);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/learned_annealing.ipp>
#endif
