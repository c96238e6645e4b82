/// @file
/// The schedule of a reduction whose vectorized axis is a reduce axis: partial sums, one per lane.
/// In: the decisions for the stage. Out: steps of a trace, which make two stages of it.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>

namespace lathe {
struct reduction_tile;
}

namespace lathe::detail {

/// Partial sums over a contiguous reduce axis, one per vector lane, for several rows at a time.
/// Axes whose blocks are single iterations run outside of the others, whose partial sums are then
/// computed together: what they read may be computed in those loops.
LATHE_INLINE void append_partial_sums(const program_stage& stage, const reduction_tile& tile,
                                      trace& out);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/space/partial_sums.ipp>
#endif
