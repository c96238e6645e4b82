/// @file
/// How the loads of a stage move when one axis moves: the facts from which spaces and estimates are
/// derived. In: one stage of a program. Out: per load and axis a stride, or "irregular".
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>

#include <cstdint>

namespace lathe {

inline constexpr double cache_line_bytes = 64;

/// One tensor access of a stage's body, in terms of the stage's axes.
struct load_use {
  int tensor = 0;
  sequence<std::int64_t> stride;  ///< per axis [elements of the row-major tensor]
  sequence<char> irregular;       ///< per axis: the index depends on it, but not affinely
  sequence<std::int64_t> period;  ///< per irregular axis: the index is affine within aligned runs
                                  ///< of so many iterations (f/6 and f%6: runs of 6); 1 = it is not
  sequence<std::int64_t> stride_in_period;  ///< per irregular axis: within such a run [elements]
  sequence<std::int64_t> repeat;  ///< per axis: iterations after which the index has moved by a
                                  ///< constant, whatever the other axes ((j - k) % 8: 8 of k); 1 if
                                  ///< it is affine, 0 if there are none
  sequence<double> mean_stride;   ///< per axis that repeats: over all iterations [elements]
  sequence<int> axis_of_dim;      ///< per dimension: the axis it equals exactly, -1 if none
  sequence<sequence<int>> axes_through_dim;  ///< per dimension: axes that read all of it if none
                                             ///< is divided into blocks; empty: they never do

  /// True if the loaded element depends on the axis.
  bool depends(int axis) const {
    const auto at = static_cast<std::size_t>(axis);
    return stride[at] != 0 || irregular[at] != 0;
  }
  /// True if the index is affine in `run` iterations of the axis from any multiple of `run` on.
  bool is_affine_in(int axis, std::int64_t run) const {
    const auto at = static_cast<std::size_t>(axis);
    return irregular[at] == 0 || period[at] % run == 0;
  }
  /// Stride in such a run [elements]. @pre is_affine_in(axis, run)
  std::int64_t stride_in(int axis, std::int64_t run) const {
    const auto at = static_cast<std::size_t>(axis);
    return irregular[at] != 0 && run > 1 ? stride_in_period[at] : stride[at];
  }
  /// True if the elements that such a run reads lie together.
  bool is_contiguous_in(int axis, std::int64_t run) const {
    return is_affine_in(axis, run) && stride_in(axis, run) == 1;
  }
  /// Loads that `run` iterations of the axis need, from a multiple of `run` on: one for each
  /// element that is known to be the same in several of them. A run that may begin in one period
  /// and end in the next needs as many as it has iterations.
  std::int64_t distinct_in(int axis, std::int64_t run) const {
    const auto at = static_cast<std::size_t>(axis);
    if (!depends(axis)) return 1;
    const bool is_in_step = period[at] > 0 && (period[at] % run == 0 || run % period[at] == 0);
    if (irregular[at] == 0 || stride_in_period[at] != 0 || !is_in_step) return run;
    return (run + period[at] - 1) / period[at];
  }
  /// Dimension that is indexed by exactly this axis, -1 if none.
  int dim_of(int axis) const {
    for (std::size_t dim = 0; dim < axis_of_dim.size(); ++dim)
      if (axis_of_dim[dim] == axis) return static_cast<int>(dim);
    return -1;
  }
};

/// All distinct loads of a stage's body, in order of appearance.
LATHE_INLINE sequence<load_use> loads_of(const program& of, const program_stage& stage);

/// The pointwise stage, not placed yet, that computes a tensor for one reader alone; null if there
/// is none.
LATHE_INLINE const program_stage* own_producer(const program& of, const program_stage& reader,
                                               int tensor);

/// True if the index of an operand is not affine in the axes of the stage's terms.
LATHE_INLINE bool moves_irregularly(const program_stage& stage, const load_use& use);

/// Cache lines that a load touches while every axis runs `counts[axis]` iterations: neighbours
/// share lines, and the windows of neighbouring points overlap. Spatial axes come first.
/// @param bytes  of one element
LATHE_INLINE double lines_of(const load_use& use, const sequence<std::int64_t>& counts, int bytes);

/// Strides of the stage's own tensor per axis (0 for reduce axes) [elements].
LATHE_INLINE sequence<std::int64_t> output_strides(const program& of, const program_stage& stage);

/// Floating or integer operations per point of the stage's iteration space (selects and index
/// arithmetic not counted); a multiply-add counts 2.
LATHE_INLINE int operations_per_point(const program& of, const program_stage& stage);

/// Operations of all stages, as operations_per_point counts them.
LATHE_INLINE double operations_of(const program& of);

/// Number of elements of a tensor.
LATHE_INLINE double elements_of(const program_tensor& tensor);

/// Number of points of the stage's iteration space; narrowed axes count with their largest size.
LATHE_INLINE double points_of(const program_stage& stage);

/// The same with narrowed axes counted as often as they run. O(iterations of the axes that decide)
LATHE_INLINE double narrowed_points(const program& of, const program_stage& stage);

/// True if the trip count of another axis depends on this one: it runs outside that axis, and no
/// tile may hold several of its iterations. @param spatial  count spatial axes only (phases)
LATHE_INLINE bool decides_sizes(const program& of, const program_stage& stage, int axis,
                                bool spatial = false);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/reuse.ipp>
#endif
