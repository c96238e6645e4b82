/// @file
/// Bodies of random_forest.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/model/binned_rows.hpp>
#include <lathe/model/random_forest.hpp>

#include <array>

namespace lathe {

/// Grows the trees of one forest.
class forest_grower {
 public:
  forest_grower(random_forest& model, const binned_rows& rows, std::span<const double> wanted,
                std::uint64_t seed, const forest_options& options)
      : model_(model),
        rows_(rows),
        wanted_(wanted),
        engine_(seed),
        options_(options),
        columns_(rows.columns()) {
    for (std::size_t column = 0; column < columns_.size(); ++column) columns_[column] = column;
  }

  void grow() {
    order_.clear();
    const auto rows = static_cast<std::uint32_t>(rows_.rows());
    for (std::uint32_t row = 0; row < rows; ++row)
      order_.push_back(options_.resample ? engine_.below(rows) : row);
    model_.roots_.push_back(grow(0, order_.size(), 0));
  }

 private:
  struct part {
    double sum = 0;
    std::size_t count = 0;
  };
  struct split {
    double gain = 0;
    std::size_t column = 0, part = 0;
  };

  std::int32_t grow(std::size_t first, std::size_t last, int depth) {
    const auto handle = static_cast<std::int32_t>(model_.nodes_.size());
    random_forest::node made;
    part whole;
    for (std::size_t n = first; n < last; ++n) whole.sum += wanted_[order_[n]];
    whole.count = last - first;
    made.value = whole.sum / static_cast<double>(whole.count);
    model_.nodes_.push_back(made);
    if (depth >= options_.depth) return handle;
    const split best = best_split(first, last, whole);
    if (!(best.gain > 0)) return handle;
    const std::size_t middle = rows_.partition(order_, first, last, best.column, best.part);
    made.column = static_cast<std::int32_t>(best.column);
    made.threshold = rows_.threshold(best.column, best.part);
    made.left = grow(first, middle, depth + 1);
    made.right = grow(middle, last, depth + 1);
    model_.nodes_[static_cast<std::size_t>(handle)] = made;
    return handle;
  }

  /// The split of least squared error over some columns; others are looked at while none splits.
  split best_split(std::size_t first, std::size_t last, const part& whole) {
    split best;
    const auto error_less = [](const part& of) {  // what the mean explains of the sum of squares
      return of.sum * of.sum / static_cast<double>(of.count);
    };
    // Rounding of equal values is no gain.
    const double least = 1e-12 * (1 + error_less(whole));
    std::array<part, 256> parts;
    const auto least_rows = static_cast<std::size_t>(larger(options_.least_rows, 1));
    for (std::size_t tried = 0; tried < columns_.size(); ++tried) {
      if (tried >= static_cast<std::size_t>(options_.columns) && best.gain > 0) break;
      const auto left_columns = static_cast<std::uint32_t>(columns_.size() - tried);
      const std::size_t drawn = tried + engine_.below(left_columns);
      const std::size_t column = columns_[drawn];
      columns_[drawn] = columns_[tried];
      columns_[tried] = column;
      const std::size_t count = rows_.parts(column);
      for (std::size_t n = 0; n < count; ++n) parts[n] = {};
      const std::uint8_t* const bins = rows_.column(column);
      for (std::size_t n = first; n < last; ++n) {
        part& at = parts[bins[order_[n]]];
        at.sum += wanted_[order_[n]];
        ++at.count;
      }
      part left;
      for (std::size_t n = 0; n + 1 < count; ++n) {
        left.sum += parts[n].sum;
        left.count += parts[n].count;
        const part right{whole.sum - left.sum, whole.count - left.count};
        if (left.count < least_rows || right.count < least_rows || left.count == 0 ||
            right.count == 0)
          continue;
        const double gain = error_less(left) + error_less(right) - error_less(whole);
        if (gain > least && gain > best.gain) best = {gain, column, n};
      }
    }
    return best;
  }

  random_forest& model_;
  const binned_rows& rows_;
  std::span<const double> wanted_;
  random_engine engine_;
  const forest_options& options_;
  sequence<std::size_t> columns_;
  sequence<std::uint32_t> order_;
};

LATHE_INLINE void random_forest::train(const feature_rows& rows, std::span<const double> wanted,
                                       std::uint64_t seed, const forest_options& options) {
  nodes_.clear();
  roots_.clear();
  if (rows.rows() == 0) return;
  const binned_rows binned(rows);
  forest_grower grower(*this, binned, wanted, seed, options);
  for (int tree = 0; tree < options.trees; ++tree) grower.grow();
}

LATHE_INLINE uncertain_value random_forest::predict(std::span<const float> row) const {
  if (roots_.empty()) return {};
  double sum = 0, squares = 0;
  for (const std::int32_t root : roots_) {
    const node* at = &nodes_[static_cast<std::size_t>(root)];
    while (at->column >= 0) {
      const bool left = row[static_cast<std::size_t>(at->column)] < at->threshold;
      at = &nodes_[static_cast<std::size_t>(left ? at->left : at->right)];
    }
    sum += at->value;
    squares += at->value * at->value;
  }
  const auto count = static_cast<double>(roots_.size());
  const double mean = sum / count;
  return {mean, math::sqrt(larger(0.0, squares / count - mean * mean))};
}

}  // namespace lathe
