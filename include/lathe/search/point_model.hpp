/// @file
/// A learned model of what points are worth: boosted trees on features of points. In: trials. Out:
/// scores, higher is better. Called by learned_annealing.hpp and learned_evolution.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/model/boosted_trees.hpp>
#include <lathe/search/annealing.hpp>
#include <lathe/search/point_features.hpp>
#include <lathe/search/strategy.hpp>
#include <lathe/search/strategy_maker.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// What is learned.
enum class model_loss : unsigned char {
  squared,  ///< the score
  rank,     ///< the order of the scores (AutoTVM)
  weighted  ///< the score, fast programs more exactly than slow ones (Ansor)
};

/// Parameters of point_model.
struct point_model_options {
  model_loss loss = model_loss::rank;
  boosting_options trees;
  double past_share = 1;    ///< weight of the model of past trials at the start
  int past_half_life = 64;  ///< [trials] that halve it; it is left out below 0.05. AutoTVM's rule
};

/// Scores are least time / time, failures are 0; so they change with the best time and the model is
/// trained anew each time.
class point_model final : public point_scorer {
 public:
  LATHE_INLINE point_model(const strategy_setting& setting, const point_model_options& options);

  /// Remembers an outcome, unless there is nothing to describe the point by.
  LATHE_INLINE void add(const observation& trial);
  /// Trains on all trials.
  LATHE_INLINE void train();

  /// The score of every point; -infinity for points without features. All 0 before any training.
  LATHE_INLINE sequence<double> score(std::span<const point> points) override;

  /// Trials that were added.
  std::size_t size() const { return seconds_.size(); }
  /// True if there are scores that tell points from each other.
  bool is_trained() const { return trees_.size() > 0 || has_past(); }
  /// True if past trials have a say in the scores.
  bool has_past() const { return past_.size() > 0 && past_weight_ > 0; }

 private:
  LATHE_INLINE void train(boosted_trees& trees, std::span<const double> scores,
                          const feature_rows& rows, std::span<const std::size_t> ends,
                          std::span<const double> base) const;
  LATHE_INLINE double sum(const boosted_trees& trees, const feature_rows& rows) const;

  point_model_options options_;
  owner<knob_features> knobs_;  // if there are no others
  point_features* features_;
  feature_rows rows_;
  sequence<std::size_t> ends_;  // per trial: the row behind its last one
  sequence<double> seconds_;    // infinite: failed
  boosted_trees trees_, past_;
  double past_weight_ = 0;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/point_model.ipp>
#endif
