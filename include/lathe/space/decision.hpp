/// @file
/// Decisions for all stages of a program, and the schedule that they make. In: one decision per
/// stage, from the estimate or from a point of a space. Out: a trace.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/space/tile.hpp>

namespace lathe {

/// The decision for one stage: the member that fits the stage counts.
struct stage_decision {
  bool reduction = false;
  sequence<step> narrow;  ///< of borders_of() the stage, those that are left out
  reduction_tile tile;
  pointwise_tile point;
};

/// The trace of a list of decisions: narrowed borders and inlined stages first, then every other
/// stage in order.
LATHE_INLINE trace trace_of(const program& of, const sequence<stage_decision>& decisions);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/decision.ipp>
#endif
