/// @file
/// A table whose columns are cut into at most 256 parts: what trees look for thresholds in. In:
/// rows of features. Out: the part of every value, and the thresholds between parts. Called by
/// boosted_trees.ipp and random_forest.ipp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/model/feature_rows.hpp>

#include <cstddef>
#include <cstdint>

namespace lathe {

/// Columns of up to 256 different values have one part for each, so that no threshold is lost.
class binned_rows {
 public:
  explicit binned_rows(const feature_rows& rows)
      : rows_(rows.rows()), bins_(rows.columns * rows.rows()), thresholds_(rows.columns) {
    constexpr std::size_t most_parts = 256;
    sequence<float> sorted, different;
    for (std::size_t column = 0; column < rows.columns; ++column) {
      sorted.clear();
      for (std::size_t row = 0; row < rows_; ++row)
        sorted.push_back(rows.values[row * rows.columns + column]);
      sort(sorted);
      different = sorted;
      remove_repeated(different);
      sequence<float>& cuts = thresholds_[column];
      if (different.size() <= most_parts) {
        for (std::size_t n = 1; n < different.size(); ++n)
          cuts.push_back((different[n - 1] + different[n]) * 0.5F);
      } else {
        for (std::size_t part = 1; part < most_parts; ++part)
          cuts.push_back(sorted[part * rows_ / most_parts]);
        remove_repeated(cuts);
        if (cuts.front() == sorted.front()) cuts.erase(cuts.begin());
      }
      for (std::size_t row = 0; row < rows_; ++row)
        bins_[column * rows_ + row] = part_of(cuts, rows.values[row * rows.columns + column]);
    }
  }

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return thresholds_.size(); }
  /// Parts of a column: one more than it has thresholds.
  std::size_t parts(std::size_t column) const { return thresholds_[column].size() + 1; }
  /// The part of every row of a column.
  const std::uint8_t* column(std::size_t number) const { return bins_.data() + number * rows_; }
  /// Least value of the part behind `part`. @pre part + 1 < parts(column)
  float threshold(std::size_t column, std::size_t part) const { return thresholds_[column][part]; }
  /// Puts those of the rows [first, last) of `order` that a threshold has on its left first,
  /// keeping their order; returns where the right side begins.
  std::size_t partition(sequence<std::uint32_t>& order, std::size_t first, std::size_t last,
                        std::size_t column, std::size_t part) const {
    const std::uint8_t* const bins = this->column(column);
    sequence<std::uint32_t> right;
    std::size_t to = first;
    for (std::size_t n = first; n < last; ++n) {
      if (bins[order[n]] <= part)
        order[to++] = order[n];
      else
        right.push_back(order[n]);
    }
    for (std::size_t n = 0; n < right.size(); ++n) order[to + n] = right[n];
    return to;
  }

 private:
  // The number of thresholds that are not above `value`.
  static std::uint8_t part_of(const sequence<float>& cuts, float value) {
    std::size_t low = 0, high = cuts.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (value < cuts[middle])
        high = middle;
      else
        low = middle + 1;
    }
    return static_cast<std::uint8_t>(low);
  }

  std::size_t rows_;
  sequence<std::uint8_t> bins_;  // by column
  sequence<sequence<float>> thresholds_;
};

}  // namespace lathe
