/// @file
/// Which axes of a reduction matrix instructions can run along. In: a stage. Out: an axis of rows,
/// one of columns and one of terms, if it is a sum of products that has them.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/space/reuse.hpp>

#include <cstdint>

namespace lathe {

/// The axes of one stage along which a matrix instruction of 16 rows and 8 columns computes.
struct tensor_axes {
  int rows = -1, columns = -1;  ///< spatial axes; -1 = the stage has no such form
  int terms = -1;               ///< reduce axis
  int depth = 8;                ///< terms of one instruction: 8 of f32 (as TF32), 16 of f16 or bf16

  bool found() const { return terms >= 0; }
  /// Points of one instruction along an axis.
  std::int64_t points(std::size_t axis) const {
    if (!found()) return 1;
    return static_cast<int>(axis) == rows ? 16 : static_cast<int>(axis) == columns ? 8 : 1;
  }
};

/// The last axes of each kind: sums in f32 of products of two loads, of which one moves with the
/// columns and not with the rows, and the other the other way round.
LATHE_INLINE tensor_axes tensor_axes_of(const program& of, const program_stage& stage);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/tensor_axes.ipp>
#endif
