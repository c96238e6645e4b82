/// @file
/// Which conditions of an operator become loop bounds before its loops are scheduled: those that
/// let every s-th term of a reduction count. In: a program with default loops. Out: steps of phase
/// and narrow, which come first in every trace of the operator's space.
///
/// The rule: where a congruence ties a reduce axis to spatial ones, the reduce axis is narrowed, so
/// that no product with a zero is computed. The last of these spatial axes, which register tiles
/// are made of, gets phases first; the others run outside the terms, and their tiles have one row.
/// Intermediates then hold the elements that are read and no others.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>

namespace lathe {

/// The steps that leave out the terms that never count; empty for most operators.
/// @post they are legal for `of`
LATHE_INLINE trace narrowing_steps(const program& of);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/narrowing.ipp>
#endif
