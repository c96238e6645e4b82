/// @file
/// Bodies of boosted_trees.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/model/binned_rows.hpp>
#include <lathe/model/boosted_trees.hpp>

#include <array>

namespace lathe {

/// Grows one tree.
class tree_grower {
 public:
  tree_grower(boosted_trees& model, const binned_rows& rows, const sequence<loss_slope>& slopes,
              const boosting_options& options)
      : model_(model), rows_(rows), slopes_(slopes), options_(options), order_(rows.rows()) {
    for (std::size_t row = 0; row < order_.size(); ++row)
      order_[row] = static_cast<std::uint32_t>(row);
  }

  /// Adds a tree to the model and what it says to the predictions.
  void grow(sequence<double>& predictions) {
    predictions_ = &predictions;
    model_.roots_.push_back(grow(0, order_.size(), 0));
  }

 private:
  using node = boosted_trees::node;

  struct split {
    double gain = 0;
    std::size_t column = 0, part = 0;
  };

  /// The tree of the rows [first, last) of order_.
  std::int32_t grow(std::size_t first, std::size_t last, int depth) {
    const auto handle = static_cast<std::int32_t>(model_.nodes_.size());
    model_.nodes_.push_back(node{});
    loss_slope sum;
    for (std::size_t n = first; n < last; ++n) {
      sum.gradient += slopes_[order_[n]].gradient;
      sum.hessian += slopes_[order_[n]].hessian;
    }
    constexpr double least_gain = 1e-6;
    const split best = depth < options_.depth ? best_split(first, last, sum) : split{};
    if (best.gain > least_gain) {
      const std::size_t middle = rows_.partition(order_, first, last, best.column, best.part);
      const std::int32_t left = grow(first, middle, depth + 1);
      const std::int32_t right = grow(middle, last, depth + 1);
      // Pruning from the leaves: a split of little gain stays if one below it does.
      const bool over_leaves = is_leaf(left) && is_leaf(right);
      if (!(over_leaves && best.gain < options_.gamma)) {
        node& made = model_.nodes_[static_cast<std::size_t>(handle)];
        made.column = static_cast<std::int32_t>(best.column);
        made.threshold = rows_.threshold(best.column, best.part);
        made.left = left;
        made.right = right;
        return handle;
      }
      for (std::size_t n = first; n < last; ++n)
        (*predictions_)[order_[n]] -=
            model_.nodes_[static_cast<std::size_t>(n < middle ? left : right)].value;
      model_.nodes_.erase(model_.nodes_.begin() + handle + 1, model_.nodes_.end());
    }
    const double value = -options_.rate * sum.gradient / (sum.hessian + options_.lambda);
    model_.nodes_[static_cast<std::size_t>(handle)].value = value;
    for (std::size_t n = first; n < last; ++n) (*predictions_)[order_[n]] += value;
    return handle;
  }

  bool is_leaf(std::int32_t handle) const {
    return model_.nodes_[static_cast<std::size_t>(handle)].column < 0;
  }

  double score(const loss_slope& sum) const {
    return sum.gradient * sum.gradient / (sum.hessian + options_.lambda);
  }

  split best_split(std::size_t first, std::size_t last, const loss_slope& sum) const {
    split best;
    const double whole = score(sum);
    std::array<loss_slope, 256> parts;
    for (std::size_t column = 0; column < rows_.columns(); ++column) {
      const std::size_t count = rows_.parts(column);
      if (count < 2) continue;
      for (std::size_t part = 0; part < count; ++part) parts[part] = {};
      const std::uint8_t* const bins = rows_.column(column);
      for (std::size_t n = first; n < last; ++n) {
        const loss_slope& slope = slopes_[order_[n]];
        loss_slope& part = parts[bins[order_[n]]];
        part.gradient += slope.gradient;
        part.hessian += slope.hessian;
      }
      loss_slope left;
      for (std::size_t part = 0; part + 1 < count; ++part) {
        left.gradient += parts[part].gradient;
        left.hessian += parts[part].hessian;
        const loss_slope right{sum.gradient - left.gradient, sum.hessian - left.hessian};
        if (left.hessian < options_.least_weight || right.hessian < options_.least_weight) continue;
        const double gain = score(left) + score(right) - whole;
        if (gain > best.gain) best = {gain, column, part};
      }
    }
    return best;
  }

  boosted_trees& model_;
  const binned_rows& rows_;
  const sequence<loss_slope>& slopes_;
  const boosting_options& options_;
  sequence<std::uint32_t> order_;
  sequence<double>* predictions_ = nullptr;
};

LATHE_INLINE void boosted_trees::train(const feature_rows& rows, training_loss& loss,
                                       const boosting_options& options,
                                       std::span<const double> base) {
  nodes_.clear();
  roots_.clear();
  if (rows.rows() == 0) return;
  const binned_rows binned(rows);
  sequence<double> predictions(base.begin(), base.end());
  predictions.resize(rows.rows());
  sequence<loss_slope> slopes(rows.rows());
  for (int round = 0; round < options.rounds; ++round) {
    loss.slopes(predictions, slopes);
    tree_grower(*this, binned, slopes, options).grow(predictions);
  }
}

LATHE_INLINE double boosted_trees::predict(std::span<const float> row) const {
  double sum = 0;
  for (const std::int32_t root : roots_) {
    const node* at = &nodes_[static_cast<std::size_t>(root)];
    while (at->column >= 0) {
      const bool left = row[static_cast<std::size_t>(at->column)] < at->threshold;
      at = &nodes_[static_cast<std::size_t>(left ? at->left : at->right)];
    }
    sum += at->value;
  }
  return sum;
}

}  // namespace lathe
