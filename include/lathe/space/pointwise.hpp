/// @file
/// Where intermediates are computed, and the loops of pointwise ones. In: a program with default
/// loops. Out: the analytic decision, and loops of readers that share nothing of a stage.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/space/tile.hpp>

#include <string>

namespace lathe::detail {

/// Inlines what is cheap to compute again, computes in the reader's loops what stays in the cache
/// until it is read, lets rows share the offsets of gathers, and unrolls the vectors of a padding.
LATHE_INLINE pointwise_tile estimate_pointwise(const program& of, const program_stage& stage,
                                               const cpu_target& target);

/// True if iterations of a reader's axis share no element of `tensor`: the axis indexes it alone,
/// without the offsets of a window.
LATHE_INLINE bool is_private(const program& of, const program_stage& reader, int tensor, int axis);

/// The one reader of a stage and the innermost of its leading loops whose iterations share nothing
/// of the stage's result; no loop if there is none with more than one iteration.
struct reader_loop {
  std::string reader, loop;
};
/// @param of  with the loops of the reader as they will be
/// @param rows  axis of the stage that no loop may cut, -1 = none
/// @param windows  the next loop counts too, if its iterations share little of the result
LATHE_INLINE reader_loop private_loop(const program& of, const program_stage& stage, int rows,
                                      bool windows);

/// Where a reduction is computed in the loops of its reader.
struct shared_axis {
  int own = -1, of_reader = -1;  ///< one iteration after the other; -1 = not there
};

/// The sums that one iteration of an axis of the reader reads, the first axis where they share
/// little with those of the others and stay in L2: then they need not go through memory.
LATHE_INLINE shared_axis axis_in_reader(const program& of, const program_stage& stage,
                                        const cpu_target& target);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/space/pointwise.ipp>
#endif
