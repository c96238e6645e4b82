/// @file
/// Which sums dot product instructions can compute, and what their operands need for it. In: one
/// reduction of a program and the axis that is vectorized. Out: the reduce axis whose terms are
/// grouped; called by tile.ipp, estimate.ipp and nothing else.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/space/reuse.hpp>

#include <cstdint>

namespace lathe {

/// Terms of a sum that one instruction takes (primitive `dot`).
struct dot_group {
  int axis = -1;           ///< reduce axis, -1 = no grouping
  std::int64_t terms = 1;  ///< iterations of it in one group
  int registers = 0;       ///< vectors that the instructions need besides operands and sums

  /// Groups in so many iterations of an axis; the iterations themselves along other axes.
  double groups(int of, double iterations) const {
    return of == axis ? iterations / static_cast<double>(terms) : iterations;
  }
};

/// The groups of tiles with vectors of `lanes` elements along `vector_axis`: sum(cast<int>(a) *
/// cast<int>(b)) over bytes in fours, and if the processor has such instructions (`has_bf16`)
/// sum(cast<float>(a) * cast<float>(b)) over bf16 in twos. None if the body is another one, or the
/// operands cannot be packed so that the terms of a group lie together.
LATHE_INLINE dot_group dot_group_of(const program& of, const program_stage& stage,
                                    const sequence<load_use>& uses, int vector_axis, int lanes,
                                    bool has_bf16);

/// True if an operand has to be packed for that.
LATHE_INLINE bool must_pack(const load_use& use, const dot_group& group, int vector_axis);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/dot_group.ipp>
#endif
