/// @file
/// The losses of cost models. In: what programs are worth, higher is better. Out: how predictions
/// should change. Called by boosted_trees.hpp; each has a value too, so that its slopes can be
/// checked.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/model/boosted_trees.hpp>

#include <cstddef>
#include <span>

namespace lathe {

/// sum over rows of weight * (prediction - wanted)^2 / 2.
class squared_loss final : public training_loss {
 public:
  /// @param wanted  per row; must outlive the loss
  /// @param weights  per row, or empty: 1; must outlive the loss. Ansor (Zheng et al., OSDI 2020,
  ///     section 5.2) gives programs their throughput as weight, so that the fast ones matter
  explicit squared_loss(std::span<const double> wanted, std::span<const double> weights = {})
      : wanted_(wanted), weights_(weights) {}
  LATHE_INLINE double value(std::span<const double> predictions) const override;
  LATHE_INLINE void slopes(std::span<const double> predictions,
                           std::span<loss_slope> slopes) override;

 private:
  double weight(std::size_t row) const { return weights_.empty() ? 1 : weights_[row]; }

  std::span<const double> wanted_, weights_;
};

/// sum over pairs of rows of which one is worth more of log(1 + exp(-(prediction of the better one
/// - prediction of the other))): AutoTVM's rank loss (Chen et al., NeurIPS 2018, equation 2), every
/// pair, divided by the number of rows.
class rank_loss final : public training_loss {
 public:
  /// @param worth  per row; must outlive the loss
  explicit rank_loss(std::span<const double> worth) : worth_(worth) {}
  LATHE_INLINE double value(std::span<const double> predictions) const override;
  LATHE_INLINE void slopes(std::span<const double> predictions,
                           std::span<loss_slope> slopes) override;

 private:
  std::span<const double> worth_;
};

/// Ansor's programs: a program is worth the sum of the predictions of its rows, one per statement,
/// and a loss of programs says how these sums should change.
class summed_loss final : public training_loss {
 public:
  /// @param programs  loss of the sums; must outlive this one
  /// @param ends      per program: the row behind its last one; must outlive the loss
  summed_loss(training_loss& programs, std::span<const std::size_t> ends)
      : programs_(programs), ends_(ends) {}
  LATHE_INLINE double value(std::span<const double> predictions) const override;
  LATHE_INLINE void slopes(std::span<const double> predictions,
                           std::span<loss_slope> slopes) override;

 private:
  LATHE_INLINE sequence<double> sums(std::span<const double> predictions) const;

  training_loss& programs_;
  std::span<const std::size_t> ends_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/model/losses.ipp>
#endif
