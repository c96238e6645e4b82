/// @file
/// Schedules of copies and pointwise stages whose innermost loop lies across the memory of what
/// they read: packed weights, matrices turned over. In: a layout or a stage. Out: steps that put
/// unrolled iterations along the one memory around vectors along the other, which the code
/// generator turns into tiles transposed in registers (target/cpu/llvm_tile.hpp).
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/space/step_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace lathe::detail {

/// The loops of such a stage.
struct transposition {
  sequence<std::string> loops;      ///< outermost first; the last one is contiguous in the result
  std::int64_t count = 1;           ///< of the last loop [iterations]
  std::size_t first = 0, last = 0;  ///< neighbouring loops that run through the source in its order
  std::int64_t run = 1;             ///< of them together [iterations]; 1 = there are none
};

/// Of a copy: the trailing dimensions of the source, if they stand whole and in order in the
/// layout; else what the layout holds together of the last one.
/// @param names  of the dimensions
/// @param whole  per dimension: true if the part that is copied holds all of it
LATHE_INLINE transposition transposition_of(const sequence<layout_item>& layout,
                                            const sequence<std::string>& names,
                                            const program_tensor& source,
                                            const sequence<char>& whole);

/// Of a pointwise stage: an axis, or several neighbouring ones, that run through the memory of an
/// operand in which the last axis jumps.
LATHE_INLINE transposition transposition_of(const program& of, const program_stage& stage);

/// Writes the steps and returns the loops outside of the blocks, outermost first.
/// @pre what.run > 1 && lanes > 1
LATHE_INLINE sequence<std::string> transpose_steps(step_writer& write, const std::string& stage,
                                                   const transposition& what, int lanes,
                                                   int element_bytes);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/space/transposition.ipp>
#endif
