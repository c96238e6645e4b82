/// @file
/// Pointwise stages: where they are computed, and with which loops. In: a program with default
/// loops. Out: the analytic decision, and the steps of a stage in its reader's loops.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/space/tile.hpp>

namespace lathe::detail {

/// Inlines what is cheap to compute again, computes in the reader's loops what stays in the cache
/// until it is read, and lets rows share the offsets of gathers.
LATHE_INLINE pointwise_tile estimate_pointwise(const program& of, const program_stage& stage,
                                               const cpu_target& target);

/// Appends the steps of a stage in its reader's loops; at root if there is no loop for it.
/// @pre the steps of the reader are in `out`
LATHE_INLINE void append_in_block(const program& of, int stage, pointwise_tile tile, trace& out);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/space/pointwise.ipp>
#endif
