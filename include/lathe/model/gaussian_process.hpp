/// @file
/// Gaussian process regression (Rasmussen and Williams, 2006, algorithm 2.1) that grows by one
/// observation at a time. In: points of a unit cube and values. Out: mean and deviation anywhere.
/// Called by bayesian_search.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/model/random_forest.hpp>

#include <cstddef>
#include <span>

namespace lathe {

/// Parameters; the defaults are those of Willemsen et al. (PMBS 2021): Matérn-3/2, fixed length.
struct gaussian_process_options {
  double length = 1.5;   ///< of the kernel, per coordinate
  double noise = 1e-10;  ///< variance of an observation, in units of the values' variance
};

/// (1 + sqrt(3) r / length) exp(-sqrt(3) r / length) of the distance r: the Matérn kernel with
/// nu = 3/2.
LATHE_INLINE double matern_kernel(std::span<const double> left, std::span<const double> right,
                                  double length);

/// Values are normalised to mean 0 and variance 1 before the prior is applied.
class gaussian_process {
 public:
  /// @param dimensions  coordinates of a point
  explicit gaussian_process(std::size_t dimensions, const gaussian_process_options& options = {})
      : dimensions_(dimensions), options_(options) {}

  /// Adds an observation.
  /// @complexity  O(n^2), and O(n) per candidate
  LATHE_INLINE void add(std::span<const double> at, double value);

  /// The points that candidate() is asked about, one behind the other: their part of every
  /// prediction is kept and grows with the observations. @complexity O(n^2 candidates)
  LATHE_INLINE void set_candidates(sequence<double> points);

  /// Mean and deviation of a candidate, of the function without noise. @complexity O(n)
  LATHE_INLINE uncertain_value candidate(std::size_t number) const;

  /// The same for any point. @complexity O(n^2)
  LATHE_INLINE uncertain_value predict(std::span<const double> at) const;

  /// Deviation of the observed values, 1 if they are equal.
  double scale() const { return scale_; }
  std::size_t observations() const { return values_.size(); }
  std::size_t candidates() const { return dimensions_ == 0 ? 0 : candidates_.size() / dimensions_; }

 private:
  std::span<const double> point(std::size_t number) const {
    return {points_.data() + number * dimensions_, dimensions_};
  }
  std::span<const double> candidate_point(std::size_t number) const {
    return {candidates_.data() + number * dimensions_, dimensions_};
  }
  LATHE_INLINE void append_candidate_row(std::size_t observation);
  LATHE_INLINE uncertain_value from(double mean, double explained) const;

  std::size_t dimensions_;
  gaussian_process_options options_;
  sequence<double> points_;
  sequence<double> values_;
  sequence<sequence<double>> factor_;  // rows of the Cholesky factor L
  sequence<double> weights_;           // inverse(L) (values - mean) / scale
  double mean_ = 0, scale_ = 1;
  sequence<double> candidates_;
  sequence<sequence<double>> solved_;  // rows of inverse(L) K(points, candidates)
  sequence<double> explained_;         // per candidate: sum of the squares of its column
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/model/gaussian_process.ipp>
#endif
