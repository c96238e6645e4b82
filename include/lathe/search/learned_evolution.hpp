/// @file
/// Evolution on a learned model: generations are bred on predictions, and only the best of all of
/// them are measured. In: a space, a seed, features, the outcomes of its proposals. Called through
/// the strategy interface.
///
/// The search of Ansor (Zheng et al., OSDI 2020, sections 5.1 and 5.2) and MetaSchedule (Shao et
/// al., NeurIPS 2022) on the existing space: boosted trees on the rows of a program, weighted
/// squared loss, parents drawn in proportion to their score, crossover per decision (the paper's;
/// the released code has none: crossover=0), a share of random points. Populations are smaller than
/// theirs (2048 and 512), for the features of a candidate cost a millisecond if they are the
/// nest's.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/search/planned_search.hpp>
#include <lathe/search/point_model.hpp>
#include <lathe/search/variation.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// Parameters of learned_evolution.
struct learned_evolution_options {
  int plan = 16;         ///< points between trainings; Ansor: 64
  int first = 16;        ///< random points before the first training
  int population = 256;  ///< of a generation
  int generations = 4;
  double mutation = 0.85;       ///< chance that a child is changed
  double crossover = 0.2;       ///< chance that a child has two parents
  double measured_share = 0.2;  ///< of the first generation: best measured points
  double random_share = 0.05;   ///< of every plan
  variation_options variation;
  point_model_options model{model_loss::weighted, {60, 6, 0.2, 1, 1e-3, 0}, 1, 64};
};

/// See the head of this file.
class learned_evolution final : public planned_search {
 public:
  LATHE_INLINE learned_evolution(const strategy_setting& setting,
                                 const learned_evolution_options& options = {});

 protected:
  LATHE_INLINE void plan() override;
  LATHE_INLINE void learn(std::span<const observation> trials) override;

 private:
  struct member {
    point at;
    double score;  // seconds, of measured points
  };

  LATHE_INLINE sequence<point> first_generation();
  LATHE_INLINE sequence<point> breed();

  learned_evolution_options options_;
  point_model model_;
  sequence<member> measured_;  // fastest first, as many as a population has
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/learned_evolution.ipp>
#endif
