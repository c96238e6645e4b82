/// @file
/// Gradient-boosted regression trees for any loss: the cost model of AutoTVM and Ansor. In: rows of
/// features, and a function that says how predictions should change. Out: predictions. One thread;
/// the same data give the same trees on every machine.
///
/// The algorithm of XGBoost (Chen and Guestrin, KDD 2016, sections 2 and 3): second-order gains,
/// every threshold tried (`exact`), pruning from the leaves. Columns of more than 256 different
/// values are cut into 256 parts of equally many rows first (its `hist`).
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/model/feature_rows.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// First and second derivative of a loss by one prediction.
struct loss_slope {
  double gradient = 0, hessian = 0;
};

/// What training makes small.
class training_loss {
 public:
  virtual ~training_loss() = default;
  /// The loss of given predictions, one per row.
  virtual double value(std::span<const double> predictions) const = 0;
  /// Its derivatives by each of them.
  virtual void slopes(std::span<const double> predictions, std::span<loss_slope> slopes) = 0;
};

/// Parameters; the defaults are XGBoost's but for the number of rounds.
struct boosting_options {
  int rounds = 100;         ///< trees
  int depth = 6;            ///< of a tree
  double rate = 0.3;        ///< each tree counts this much (eta)
  double lambda = 1;        ///< penalty of the squares of leaf values
  double gamma = 0;         ///< least gain of a split that stays
  double least_weight = 1;  ///< least sum of hessians on either side of a split
};

/// A sum of trees.
class boosted_trees {
 public:
  /// Replaces the model by one trained on `rows`.
  /// @param base  prediction of every row before the first tree; empty = 0
  /// @complexity  O(rounds * depth * rows * columns)
  LATHE_INLINE void train(const feature_rows& rows, training_loss& loss,
                          const boosting_options& options, std::span<const double> base = {});

  /// The prediction of one row, 0 without trees.
  LATHE_INLINE double predict(std::span<const float> row) const;

  /// Number of trees.
  std::size_t size() const { return roots_.size(); }

 private:
  struct node {
    std::int32_t column = -1;  // -1 = leaf
    float threshold = 0;       // rows below it go left
    std::int32_t left = 0, right = 0;
    double value = 0;  // of a leaf
  };
  friend class tree_grower;

  sequence<node> nodes_;
  sequence<std::int32_t> roots_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/model/boosted_trees.ipp>
#endif
