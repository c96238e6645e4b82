/// @file
/// Steps that save work whatever the tiles are: every schedule of a space begins with them. In: a
/// program with default loops. Out: the steps.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>

namespace lathe {

/// factor() where a sum of products repeats a multiplication that can be done once per inner sum,
/// if the inner sums are long enough to pay for their way through memory; then narrowing_steps()
/// and flattening_steps(). @param narrow  whether to narrow: GPUs keep loops of one length
LATHE_INLINE trace rewrites_of(const program& of, bool narrow = true);

/// The program after its rewrites.
LATHE_INLINE program rewritten(program of, const trace& rewrites);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/rewrite.ipp>
#endif
