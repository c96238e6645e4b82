/// @file
/// Which programs compute without rounding: then every schedule gives the same bits. In: a program.
/// Out: how large its inputs may be. Called by oracle.hpp.
///
/// Sums of products of small integers are exact in any order as long as no partial sum exceeds the
/// integers that the type holds.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/program.hpp>

namespace lathe {

/// Largest integer magnitude r in {2, 1} of inputs for which every value of the program is exact in
/// its type and every integer division has a divisor; 0 if there is none (quotients of floats, math
/// functions, fractions, calls, too long sums, integer divisors that depend on inputs).
LATHE_INLINE int exact_inputs(const program& of);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/exactness.ipp>
#endif
