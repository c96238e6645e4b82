/// @file
/// What models learn from: a table of numbers. In: whatever describes a program, one row per
/// statement or one for all. Out: read by every model of this folder.
#pragma once

#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <span>

namespace lathe {

/// Rows of equal length, one behind the other.
struct feature_rows {
  std::size_t columns = 0;
  sequence<float> values;

  std::size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
  std::span<const float> row(std::size_t number) const {
    return {values.data() + number * columns, columns};
  }
  /// Appends the rows of another table of as many columns; a table without any takes those.
  void append(const feature_rows& other) {
    if (values.empty()) columns = other.columns;
    values.append(other.values.begin(), other.values.end());
  }
};

}  // namespace lathe
