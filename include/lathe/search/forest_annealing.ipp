/// @file
/// Bodies of forest_annealing.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/search/bayesian_search.hpp>
#include <lathe/search/forest_annealing.hpp>
#include <lathe/search/random.hpp>

#include <cstddef>
#include <limits>

namespace lathe {

LATHE_INLINE forest_annealing::forest_annealing(const strategy_setting& setting,
                                                const forest_annealing_options& options)
    : planned_search(setting.space, setting.seed), options_(options), features_(setting.features) {
  if (features_ != nullptr) return;
  knobs_ = owner<knob_features>(new knob_features(setting.space));
  features_ = knobs_.get();
}

LATHE_INLINE bool forest_annealing::describe(const point& at, sequence<float>& out) {
  const feature_rows& rows = features_->of(at);
  out.assign(rows.columns, 0);
  for (std::size_t n = 0; n < rows.values.size(); ++n) out[n % rows.columns] += rows.values[n];
  return rows.rows() > 0;
}

LATHE_INLINE void forest_annealing::learn(std::span<const observation> trials) {
  sequence<float> row;
  for (const observation& trial : trials) {
    if (!describe(trial.at, row)) continue;
    rows_.columns = row.size();
    rows_.values.append(row.begin(), row.end());
    seconds_.push_back(trial.outcome.seconds());
  }
}

LATHE_INLINE void forest_annealing::train() {
  double best = std::numeric_limits<double>::infinity();
  for (const double each : seconds_) best = smaller(best, each);
  if (!math::isfinite(best)) return;
  sequence<double> worth;
  for (const double each : seconds_) worth.push_back(best / each);
  forest_.train(rows_, worth, engine_.next(), options_.forest);
}

/// Expected improvement over the best, which is worth 1.
LATHE_INLINE sequence<double> forest_annealing::score(std::span<const point> points) {
  sequence<double> out;
  sequence<float> row;
  for (const point& each : points) {
    if (!describe(each, row)) {
      out.push_back(-std::numeric_limits<double>::infinity());
      continue;
    }
    const uncertain_value worth = forest_.predict(row);
    out.push_back(
        acquisition_value(acquisition::improvement, {-worth.mean, worth.deviation}, -1.0, 0, 1));
  }
  return out;
}

/// The mean deviation of twenty random points, of which the best is worth 1.
LATHE_INLINE double forest_annealing::random_share() {
  constexpr int points = 20;
  double sum = 0;
  sequence<float> row;
  for (int n = 0; n < points; ++n)
    if (describe(random_point(space_, engine_), row)) sum += forest_.predict(row).deviation;
  return sum / points;
}

LATHE_INLINE void forest_annealing::plan() {
  const auto wanted = static_cast<std::size_t>(larger(options_.plan, 1));
  double share = 1;
  sequence<point> found;
  if (seconds_.size() >= wanted) {
    train();
    share = random_share();
    found = annealed_best(space_, *this, options_.plan, seen_, engine_, chains_, options_.annealer);
    erase_if(found, [&](const point& each) { return space_.why_rejected(each).has_value(); });
  }
  std::size_t next = 0;
  for (std::size_t n = 0; n < wanted; ++n) {
    bool added = false;
    if (!engine_.chance(share))
      while (next < found.size() && !added) added = add(found[next++]);
    if (!added && !add_random()) return;
  }
}

}  // namespace lathe
