/// @file
/// Which conditions of an operator become loop bounds before its loops are scheduled. In: a program
/// with default loops. Out: steps of phase and narrow.
///
/// Conditions that let every s-th term of a reduction count come first in every trace of the
/// operator's space. The rule: where a congruence ties a reduce axis to spatial ones, the reduce
/// axis is narrowed, so that no product with a zero is computed. The last of these spatial axes,
/// which register tiles are made of, gets phases first; the others run outside the terms, and their
/// tiles have one row. Intermediates then hold the elements that are read and no others.
///
/// Conditions that leave out terms at the ends of an axis, the products with a padding, are
/// decisions of the space: a narrowed window costs the rows that tiles have along that axis, and
/// saves much on small images alone.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>

namespace lathe {

/// The steps that leave out the terms that never count; empty for most operators.
/// @post they are legal for `of`
LATHE_INLINE trace narrowing_steps(const program& of);

/// A window that reaches beyond the ends of other axes.
struct border {
  int axis = -1;          ///< the reduce axis of the window
  sequence<int> outside;  ///< the spatial axes at whose ends fewer of its terms count
  step narrow;            ///< leaves the others out
};

/// The borders of a stage at which leaving out terms saves 1 % or more.
/// @post their steps are legal for `of`, each alone and all of them in this order
LATHE_INLINE sequence<border> borders_of(const program& of, int stage);

/// The program without any term at a border: the least that a schedule can compute.
LATHE_INLINE program without_borders(program of);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/narrowing.ipp>
#endif
