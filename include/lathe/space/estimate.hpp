/// @file
/// The analytic schedule: decisions for every stage without measuring anything. In: a program with
/// default loops and the processor. Out: one decision per stage, the first candidate of every
/// search and the whole answer of effort `estimate`.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/space/decision.hpp>
#include <lathe/space/tile_chooser.hpp>

namespace lathe {

/// One decision per stage. O(stages * axes^2 * tile sizes), well below a millisecond.
LATHE_INLINE sequence<stage_decision> estimate(const program& of, const cpu_target& target,
                                               const call_context& call);

/// The whole analytic schedule: rewrites_of(), then the decisions for what they leave.
LATHE_INLINE trace estimate_trace(const program& of, const cpu_target& target,
                                  const call_context& call);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/estimate.ipp>
#endif
