/// @file
/// Bodies of gaussian_process.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/model/gaussian_process.hpp>

#include <utility>

namespace lathe {

LATHE_INLINE double matern_kernel(std::span<const double> left, std::span<const double> right,
                                  double length) {
  double squares = 0;
  for (std::size_t n = 0; n < left.size(); ++n) {
    const double off = left[n] - right[n];
    squares += off * off;
  }
  const double scaled = math::sqrt(3 * squares) / length;
  return (1 + scaled) * math::exp(-scaled);
}

LATHE_INLINE void gaussian_process::add(std::span<const double> at, double value) {
  const std::size_t count = values_.size();
  sequence<double> row(count + 1);
  double rest = 1 + options_.noise;
  for (std::size_t n = 0; n < count; ++n) {
    double sum = matern_kernel(at, point(n), options_.length);
    for (std::size_t k = 0; k < n; ++k) sum -= row[k] * factor_[n][k];
    row[n] = sum / factor_[n][n];
    rest -= row[n] * row[n];
  }
  // Points so near to each other that rounding hides their distance.
  row[count] = math::sqrt(larger(rest, 1e-12));
  points_.append(at.begin(), at.end());
  values_.push_back(value);
  factor_.push_back(std::move(row));

  const auto size = static_cast<double>(values_.size());
  mean_ = 0;
  for (const double each : values_) mean_ += each / size;
  double variance = 0;
  for (const double each : values_) variance += (each - mean_) * (each - mean_) / size;
  scale_ = variance > 0 ? math::sqrt(variance) : 1;
  weights_.resize(values_.size());
  for (std::size_t n = 0; n < values_.size(); ++n) {
    double sum = (values_[n] - mean_) / scale_;
    for (std::size_t k = 0; k < n; ++k) sum -= factor_[n][k] * weights_[k];
    weights_[n] = sum / factor_[n][n];
  }
  append_candidate_row(count);
}

LATHE_INLINE void gaussian_process::set_candidates(sequence<double> points) {
  candidates_ = std::move(points);
  solved_.clear();
  explained_.assign(candidates(), 0);
  for (std::size_t n = 0; n < values_.size(); ++n) append_candidate_row(n);
}

LATHE_INLINE void gaussian_process::append_candidate_row(std::size_t observation) {
  const std::size_t count = candidates();
  sequence<double> row(count);
  for (std::size_t at = 0; at < count; ++at)
    row[at] = matern_kernel(point(observation), candidate_point(at), options_.length);
  for (std::size_t k = 0; k < observation; ++k) {
    const double factor = factor_[observation][k];
    const sequence<double>& solved = solved_[k];
    for (std::size_t at = 0; at < count; ++at) row[at] -= factor * solved[at];
  }
  const double diagonal = factor_[observation][observation];
  for (std::size_t at = 0; at < count; ++at) {
    row[at] /= diagonal;
    explained_[at] += row[at] * row[at];
  }
  solved_.push_back(std::move(row));
}

LATHE_INLINE uncertain_value gaussian_process::from(double mean, double explained) const {
  return {mean_ + scale_ * mean, scale_ * math::sqrt(larger(0.0, 1 - explained))};
}

LATHE_INLINE uncertain_value gaussian_process::candidate(std::size_t number) const {
  double mean = 0;
  for (std::size_t n = 0; n < weights_.size(); ++n) mean += solved_[n][number] * weights_[n];
  return from(mean, explained_[number]);
}

LATHE_INLINE uncertain_value gaussian_process::predict(std::span<const double> at) const {
  sequence<double> solved;
  double mean = 0, explained = 0;
  for (std::size_t n = 0; n < values_.size(); ++n) {
    double sum = matern_kernel(at, point(n), options_.length);
    for (std::size_t k = 0; k < n; ++k) sum -= factor_[n][k] * solved[k];
    solved.push_back(sum / factor_[n][n]);
    mean += solved[n] * weights_[n];
    explained += solved[n] * solved[n];
  }
  return from(mean, explained);
}

}  // namespace lathe
