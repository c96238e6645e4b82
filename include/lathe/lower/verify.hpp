/// @file
/// The rules every loop nest keeps. In: ir::nest. Out: the first broken rule as text. Run by the
/// tests after each pass, and by emitters' tests on the nests they are given.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/ir.hpp>

#include <string>

namespace lathe {

/// The first rule that `nest` breaks, with the statement or buffer it breaks it in; empty = none.
///
/// - Handles exist, statements form trees, operands have the types their operation asks for.
/// - Buffers are listed parameters first, then workspaces, then scratch and registers; only outputs
///   and non-parameters are stored to.
/// - Every variable is bound by an enclosing loop; no loop rebinds one.
/// - A parallel loop is the whole of a phase, with as many iterations as the phase has tasks; at
/// most
///   one vectorized loop is active at a time.
/// - `registers` are indexed by constants and by variables of vectorized loops and of unrolled
/// loops
///   whose trip count is static.
/// - No index that is sure to be reached lies outside its buffer. Indices under a select, a branch
/// or
///   `&&`, and those of prefetches, are not judged: interpret.hpp judges them as they run.
///
/// @complexity  O(statements * size of their expressions)
LATHE_INLINE std::string verify(const ir::nest& nest);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/lower/verify.ipp>
#endif
