/// @file
/// Bodies of point_model.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/model/losses.hpp>
#include <lathe/search/point_model.hpp>

#include <limits>

namespace lathe {

LATHE_INLINE point_model::point_model(const strategy_setting& setting,
                                      const point_model_options& options)
    : options_(options), features_(setting.features) {
  if (features_ == nullptr) {
    knobs_ = owner<knob_features>(new knob_features(setting.space));
    features_ = knobs_.get();
  }
  if (setting.past == nullptr) return;
  feature_rows rows;
  sequence<std::size_t> ends;
  for (const feature_rows& each : setting.past->rows) {
    rows.append(each);
    ends.push_back(rows.rows());
  }
  train(past_, setting.past->scores, rows, ends, {});
  past_weight_ = options_.past_share;
}

LATHE_INLINE void point_model::add(const observation& trial) {
  const feature_rows& rows = features_->of(trial.at);
  if (rows.rows() == 0) return;
  rows_.append(rows);
  ends_.push_back(rows_.rows());
  seconds_.push_back(trial.outcome.seconds());
}

LATHE_INLINE void point_model::train(boosted_trees& trees, std::span<const double> scores,
                                     const feature_rows& rows, std::span<const std::size_t> ends,
                                     std::span<const double> base) const {
  squared_loss squared(scores,
                       options_.loss == model_loss::weighted ? scores : std::span<const double>{});
  rank_loss ranks(scores);
  training_loss& programs = options_.loss == model_loss::rank
                                ? static_cast<training_loss&>(ranks)
                                : static_cast<training_loss&>(squared);
  summed_loss sums(programs, ends);
  trees.train(rows, sums, options_.trees, base);
}

LATHE_INLINE void point_model::train() {
  constexpr double least_share = 0.05;
  const double trials = static_cast<double>(size());
  past_weight_ = options_.past_share *
                 math::pow(0.5, trials / static_cast<double>(larger(options_.past_half_life, 1)));
  if (past_weight_ < least_share) past_weight_ = 0;
  double best = std::numeric_limits<double>::infinity();
  for (const double each : seconds_) best = smaller(best, each);
  if (!math::isfinite(best)) return;
  sequence<double> scores;
  for (const double each : seconds_) scores.push_back(best / each);  // infinite times: 0
  sequence<double> base;
  if (has_past())
    for (std::size_t row = 0; row < rows_.rows(); ++row)
      base.push_back(past_weight_ * past_.predict(rows_.row(row)));
  train(trees_, scores, rows_, ends_, base);
}

LATHE_INLINE double point_model::sum(const boosted_trees& trees, const feature_rows& rows) const {
  double out = 0;
  for (std::size_t row = 0; row < rows.rows(); ++row) out += trees.predict(rows.row(row));
  return out;
}

LATHE_INLINE sequence<double> point_model::score(std::span<const point> points) {
  sequence<double> out;
  for (const point& each : points) {
    const feature_rows& rows = features_->of(each);
    double score = rows.rows() == 0 ? -std::numeric_limits<double>::infinity() : sum(trees_, rows);
    if (has_past()) score += past_weight_ * sum(past_, rows);
    out.push_back(score);
  }
  return out;
}

}  // namespace lathe
