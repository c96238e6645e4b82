/// @file
/// The steps that turn the conditions of a stage into bounds of its loops: phase and narrow. In: a
/// program and a step. Out: the program with other axes, or why not. Called by apply.ipp.
///
/// A reduction whose term is select(condition, value, 0) * w adds zeros wherever the condition does
/// not hold. narrow leaves these terms out: of a congruence, (x + d r - c) % s == 0, it makes the
/// start and the step of the loop over r; of comparisons, 0 <= x + r - c < H, its first and last
/// iteration. The conditions are found through pointwise stages that are not inlined, so that a
/// padded copy may stay a copy. phase prepares for it the axes of a register tile: all x of one
/// remainder run together, and have the same terms.
///
/// With stride 2 in both directions three quarters of the products of a transposed convolution are
/// gone (the sub-pixel convolution of Shi et al., CVPR 2016, for any stride and kernel).
///
/// A product with a zero that a condition puts counts as zero: where the other factor is infinite
/// or no number, the sum as written is NaN, and the narrowed one is not.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/program.hpp>

#include <string>

namespace lathe::detail {

/// Each applies its step and returns the reason if it is illegal (empty = applied).
LATHE_INLINE std::string apply_phase(program& target, int index, const step& what);
LATHE_INLINE std::string apply_narrow(program& target, int index, const step& what);

/// The reason if a loop of a narrowed axis runs outside a loop that its size depends on, or if the
/// loop that starts an accumulation may not run at all. Empty = legal.
LATHE_INLINE std::string check_sizes(const program& target, const program_stage& stage);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/narrow.ipp>
#endif
