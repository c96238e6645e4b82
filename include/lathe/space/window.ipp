/// @file
/// Bodies of window.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/space/traffic.hpp>
#include <lathe/space/window.hpp>

namespace lathe::detail {

inline constexpr std::int64_t longest_window = 5;  ///< [terms] that are unrolled

/// Rows that one term loads, on average, if `count` terms are unrolled: of the neighbouring terms'
/// rows only the new ones. @param pitch, step  from row to row, from term to term [elements]
LATHE_INLINE double rows_in_window(std::int64_t rows, std::int64_t pitch, std::int64_t count,
                                   std::int64_t step) {
  std::int64_t different = rows * count;
  if (step == 0 || pitch == 0) return static_cast<double>(rows);
  if (step % pitch == 0)
    different = smaller(different, rows + (count - 1) * (step / pitch));
  else if (pitch % step == 0)
    different = smaller(different, (rows - 1) * (pitch / step) + count);
  return static_cast<double>(different) / static_cast<double>(count);
}

LATHE_INLINE window window_of(const program_stage& stage, const sequence<load_use>& uses,
                              const reduction_tile& tile, const sequence<std::int64_t>& counts,
                              const cpu_target& target, int bytes) {
  window best;
  if (tile.vector_axis >= stage.spatial || stage.is_narrowed()) return best;
  for (std::size_t at = 0; at < uses.size(); ++at) {
    const load_use& use = uses[at];
    if (!use.depends(tile.vector_axis)) continue;
    std::size_t row = 0;
    int several = 0;  // axes of rows that the operand depends on
    for (std::size_t axis = 0; axis < static_cast<std::size_t>(stage.spatial); ++axis)
      if (use.distinct_in(static_cast<int>(axis), tile.rows[axis]) > 1) row = axis, ++several;
    if (several != 1 || use.irregular[row] != 0) continue;
    if (!stays_in_l1(lines_of(use, counts, bytes), target)) continue;
    const auto kept = static_cast<std::int64_t>(uses.size()) + tile.vectors * tile.rows[row];
    if (accumulators_of(tile) + kept > target.vector_registers) continue;
    for (auto axis = static_cast<std::size_t>(stage.spatial); axis < stage.axes.size(); ++axis) {
      const std::int64_t terms = stage.axes[axis].extent;
      if (terms < 2 || terms > longest_window) continue;
      const double loaded = rows_in_window(tile.rows[row], math::abs(use.stride[row]), terms,
                                           math::abs(use.stride[axis]));
      if (loaded < (best.reduce < 0 ? static_cast<double>(tile.rows[row]) : best.rows))
        best = {static_cast<int>(axis), static_cast<int>(row), at, loaded};
    }
  }
  return best;
}

}  // namespace lathe::detail
