/// @file
/// The step that takes factors out of a sum: factor. In: a program and a step. Out: the program
/// with one stage more, or why not. Called by apply.ipp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/program.hpp>

#include <string>

namespace lathe::detail {

/// What factor() would do at one reduce axis of a sum of products: sum(k, l)(a(k) * b(k, l)) is
/// sum(k)(a(k) * sum(l)(b(k, l))).
struct factoring {
  std::string refused;       ///< why it is not possible; empty = possible
  sequence<ir::expr> moved;  ///< factors that leave the inner sum
  sequence<ir::expr> kept;   ///< factors of the inner sum's terms
  sequence<int> inner;       ///< reduce axes of the inner sum
  sequence<int> outer;       ///< the other axes on which its terms depend, in the order in which
                             ///< the inner sums lie
  std::int64_t terms = 1;    ///< of one inner sum
  std::int64_t sums = 1;     ///< inner sums
};

/// Looks at a stage and one of its reduce axes. O(size of the body)
LATHE_INLINE factoring factoring_at(const program& target, const program_stage& stage, int axis);

/// Applies factor() and returns the reason if it is illegal (empty = applied).
LATHE_INLINE std::string apply_factor(program& target, int index, const step& what);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/apply_factor.ipp>
#endif
