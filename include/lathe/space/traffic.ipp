/// @file
/// Bodies of traffic.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/floor_div.hpp>
#include <lathe/core/math.hpp>
#include <lathe/space/traffic.hpp>

namespace lathe::detail {

inline constexpr double memory_line = 5;  ///< [cycles] likewise from memory, one after the other
inline constexpr double prefetched_line = 8;  ///< [cycles] for one of a page of its own
inline constexpr double far_l3_line = 1.5;    ///< [cycles] for a line of a page of its own, from L3
inline constexpr double far_memory_line = 40;  ///< [cycles] likewise from memory
inline constexpr double near_pages = 256;      ///< at most, of an operand's terms that lie together
inline constexpr double near_reuse = 24, far_reuse = 10;  ///< readings of an element, per lane,
                                                          ///< from which on a panel costs less
inline constexpr double scalar_copy = 1.5;                ///< [cycles] per element, one by one
inline constexpr double outer_index = 0.4;   ///< [cycles] of an address made outside of the terms
inline constexpr double inner_index = 4;     ///< [cycles] of one made in every term
inline constexpr double memory_copy = 0.25;  ///< [cycles] per byte copied from memory to memory

LATHE_INLINE double utilisation(double size, double factor) {
  return size / (math::ceil(size / factor) * factor);
}

LATHE_INLINE double utilisation(double size, double factor, double unit, double least) {
  const double branch = unit > 1 ? 0.02 : 0.2;  // [tiles], of vectors and of rows, as measured
  const double tiles = math::ceil(size / unit) * unit / factor;
  const double whole = math::floor(tiles);
  return size / (factor * (whole + (tiles > whole ? larger(tiles - whole, least) + branch : 0)));
}

LATHE_INLINE stage_traffic::stage_traffic(const program& of, const program_stage& stage,
                                          const cpu_target& target,
                                          const sequence<std::string>& bound)
    : program_(of),
      stage_(stage),
      target_(target),
      bound_(bound),
      uses_(loads_of(of, stage)),
      output_(output_strides(of, stage)) {
  bytes_ = size_of(of.exprs[stage.identity].type);
  lanes_ = larger(1, target.vector_bytes / bytes_);
  for (const program_axis& axis : stage.axes)
    if (axis.reduce) terms_ *= static_cast<double>(axis.extent);
}

LATHE_INLINE double stage_traffic::extent(int axis) const {
  return static_cast<double>(stage_.axes[static_cast<std::size_t>(axis)].extent);
}

LATHE_INLINE double stage_traffic::elements(const load_use& use) const {
  return elements_of(program_.tensors[static_cast<std::size_t>(use.tensor)]);
}

LATHE_INLINE double stage_traffic::bytes_of(const load_use& use) const {
  return elements(use) * bytes_;
}

LATHE_INLINE double stage_traffic::reuse_of(const load_use& use) const {
  double reused = 1;
  for (int axis = 0; axis < stage_.spatial; ++axis)
    if (!use.depends(axis)) reused *= extent(axis);
  return reused;
}

LATHE_INLINE bool stage_traffic::is_bound(const load_use& use) const {
  const std::string& name = program_.tensors[static_cast<std::size_t>(use.tensor)].name;
  return contains(bound_, name);
}

LATHE_INLINE bool stage_traffic::is_streamed(const load_use& use) const {
  return bytes_of(use) > static_cast<double>(target_.l3_bytes);
}

LATHE_INLINE bool stage_traffic::is_beyond_l2(const load_use& use) const {
  return bytes_of(use) > static_cast<double>(target_.l2_bytes);
}

LATHE_INLINE bool stage_traffic::is_product() const {
  return stage_.spatial + 1 == static_cast<int>(stage_.axes.size());
}

LATHE_INLINE bool stage_traffic::is_worth_a_panel(const load_use& use, int vector_axis) const {
  const double reuse = reuse_of(use) / lanes_;
  if (bytes_of(use) <= static_cast<double>(target_.l1_bytes)) return false;
  if (is_streamed(use)) return reuse >= 16;
  const double page_share = line_share_of_terms(use, small_page_bytes);
  const bool is_near =
      page_share <= 0.5 && terms_ * page_share <= near_pages && !straddles(use, vector_axis);
  return reuse >= (is_near ? near_reuse : far_reuse);
}

LATHE_INLINE bool stage_traffic::is_scattered_in_place(const load_use& use, int vector_axis) const {
  return use.is_contiguous_in(vector_axis, lanes_) && !is_bound(use) &&
         !is_worth_a_panel(use, vector_axis) && line_share_of_terms(use, small_page_bytes) == 1;
}

LATHE_INLINE double stage_traffic::copy_cycles(const load_use& use, int axis) const {
  const auto& shape = program_.tensors[static_cast<std::size_t>(use.tensor)].shape;
  std::int64_t run = 1;  // elements that lie together: a tile of them is transposed in registers
  for (std::size_t dim = shape.size(); dim-- > 0 && use.axis_of_dim[dim] != axis;)
    run *= shape[dim];
  const double bytes = elements(use) * bytes_;
  return elements(use) * (run >= 8 ? transposed_copy : scalar_copy) +
         (4 * bytes > static_cast<double>(target_.l3_bytes) ? bytes * memory_copy : 0);
}

LATHE_INLINE double stage_traffic::index_cycles(const load_use& use,
                                                const reduction_tile& tile) const {
  bool is_in_step = true;
  for (std::size_t axis = 0; axis < stage_.axes.size(); ++axis) {
    const std::int64_t repeat = use.repeat[axis], rows = tile.rows[axis];
    if (use.irregular[axis] == 0) continue;
    if (!stage_.axes[axis].reduce)
      is_in_step &= repeat > 0 && (rows % repeat == 0 || repeat % rows == 0);
    else if (repeat == 0 || repeat > 2 * most_repeat)
      return inner_index;
  }
  return is_in_step ? 0 : outer_index;
}

LATHE_INLINE std::int64_t stage_traffic::repeat_of_terms(const reduction_tile& tile) const {
  std::int64_t most = 1;
  for (const load_use& use : uses_) {
    const std::int64_t repeat = use.repeat[static_cast<std::size_t>(tile.inner_reduce)];
    if (!use.depends(tile.vector_axis) && repeat <= 2 * most_repeat)
      most = larger(most, smaller(repeat, most_repeat));
  }
  return most;
}

LATHE_INLINE bool stage_traffic::skips_one_run(const reduction_tile& tile) const {
  int around = 0;
  for (int axis = stage_.spatial; axis < static_cast<int>(stage_.axes.size()); ++axis)
    around +=
        axis != tile.inner_reduce && stage_.axes[static_cast<std::size_t>(axis)].size != ir::none;
  return tile.window_inside && tile.vectors > 1 && around < 2;
}

LATHE_INLINE double stage_traffic::line_share(const load_use& use, int axis,
                                              double line_bytes) const {
  const auto at = static_cast<std::size_t>(axis);
  if (use.irregular[at] != 0 && use.repeat[at] == 0) return 1;
  const double bytes = math::abs(use.mean_stride[at]) * bytes_;
  return smaller(1.0, bytes / line_bytes);
}

LATHE_INLINE double stage_traffic::line_share_of_terms(const load_use& use,
                                                       double line_bytes) const {
  double share = 1;
  for (int axis = stage_.spatial; axis < static_cast<int>(stage_.axes.size()); ++axis)
    if (use.depends(axis)) share = smaller(share, line_share(use, axis, line_bytes));
  return share;
}

LATHE_INLINE bool stage_traffic::crowds_l1(const load_use& use, int axis, std::int64_t rows) const {
  constexpr std::int64_t ways = 8;
  const std::int64_t stride = math::abs(use.stride[static_cast<std::size_t>(axis)]) * bytes_;
  const std::int64_t way_bytes = larger<std::int64_t>(1, target_.l1_bytes / ways);
  return stride >= static_cast<std::int64_t>(cache_line_bytes) &&
         rows > ways * (way_bytes / greatest_divisor(stride, way_bytes));
}

LATHE_INLINE bool stays_in_l1(double lines, const cpu_target& target) {
  return 2 * cache_line_bytes * lines <= static_cast<double>(target.l1_bytes);
}

LATHE_INLINE bool stage_traffic::straddles(const load_use& use, int vector_axis) const {
  if (lanes_ * bytes_ < static_cast<int>(cache_line_bytes)) return false;
  for (std::size_t axis = 0; axis < stage_.axes.size(); ++axis)
    if (static_cast<int>(axis) != vector_axis && use.stride[axis] % lanes_ != 0) return true;
  return false;
}

LATHE_INLINE double stage_traffic::far_store_cycles(const sequence<std::int64_t>& counts,
                                                    int axis) const {
  const double bytes =
      elements_of(program_.tensors[static_cast<std::size_t>(stage_.tensor)]) * bytes_;
  const auto at = static_cast<std::size_t>(axis);
  if (bytes <= static_cast<double>(target_.l2_bytes) ||
      static_cast<double>(output_[at]) * bytes_ < small_page_bytes)
    return 0;
  double all = bytes;
  for (const load_use& use : uses_) all += bytes_of(use);
  return static_cast<double>(counts[at]) *
         (all > static_cast<double>(target_.l3_bytes) ? far_memory_line : far_l3_line);
}

LATHE_INLINE double stage_traffic::passes_over(const load_use& use,
                                               const reduction_tile& tile) const {
  double passes = 1;
  for (int axis = 0; axis < stage_.spatial; ++axis) {
    const std::int64_t factor = tile_factor(tile, static_cast<std::size_t>(axis));
    const bool selects = decides_sizes(program_, stage_, axis) && use.dim_of(axis) < 0;
    if (selects || !use.depends(axis))
      passes *= math::ceil(extent(axis) / static_cast<double>(factor));
  }
  return passes;
}

LATHE_INLINE bool stage_traffic::is_read_in_rows_once(const load_use& use,
                                                      const reduction_tile& tile) const {
  return !use.depends(tile.vector_axis) && !stage_.is_narrowed() && is_beyond_l2(use) &&
         passes_over(use, tile) == 1;
}

LATHE_INLINE double stage_traffic::waiting_cycles(const load_use& use, const reduction_tile& tile,
                                                  double lines, double cycles) const {
  // Packed, it lies in a row; else the processor's own prefetching stops at every page, and only
  // vectors have prefetches of ours.
  const bool is_vector = use.depends(tile.vector_axis), is_packed = is_vector && is_bound(use);
  const bool is_far = !is_packed && line_share_of_terms(use, small_page_bytes) == 1;
  const double line = !is_far ? memory_line : is_vector ? prefetched_line : far_memory_line;
  return larger(0.0, lines * line - cycles) / passes_over(use, tile);
}

}  // namespace lathe::detail
