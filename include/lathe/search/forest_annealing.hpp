/// @file
/// AdaTune's search: simulated annealing finds where a random forest, which knows how sure it is,
/// expects the largest improvement. In: a space, a seed, features, the outcomes of its proposals.
/// Called through the strategy interface.
///
/// Li, Zhang, Wang, Li, Zhang, "AdaTune: Adaptive Tensor Program Compilation Made Efficient",
/// NeurIPS 2020, sections 3.2 and 3.3: surrogate with uncertainty, expected improvement, a share of
/// random points that follows the uncertainty. Its evaluator, which stops measuring early, is no
/// part of the strategy.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/model/random_forest.hpp>
#include <lathe/search/annealing.hpp>
#include <lathe/search/planned_search.hpp>
#include <lathe/search/point_features.hpp>
#include <lathe/search/strategy_maker.hpp>

#include <span>

namespace lathe {

/// Parameters of forest_annealing.
struct forest_annealing_options {
  int plan = 16;  ///< points between trainings; AdaTune: 32
  annealer_options annealer;
  forest_options forest;
};

/// A point is worth least time / time, 0 if it failed; programs of several rows are described by
/// their sum.
class forest_annealing final : public planned_search, private point_scorer {
 public:
  LATHE_INLINE forest_annealing(const strategy_setting& setting,
                                const forest_annealing_options& options = {});

 protected:
  LATHE_INLINE void plan() override;
  LATHE_INLINE void learn(std::span<const observation> trials) override;

 private:
  LATHE_INLINE sequence<double> score(std::span<const point> points) override;
  LATHE_INLINE bool describe(const point& at, sequence<float>& out);
  LATHE_INLINE void train();
  LATHE_INLINE double random_share();

  forest_annealing_options options_;
  owner<knob_features> knobs_;  // if there are no others
  point_features* features_;
  feature_rows rows_;         // one per trial
  sequence<double> seconds_;  // infinite: failed
  random_forest forest_;
  sequence<point> chains_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/forest_annealing.ipp>
#endif
