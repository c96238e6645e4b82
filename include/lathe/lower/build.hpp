/// @file
/// From a scheduled program to a loop nest. In: the program that apply.hpp returns. Out: ir::nest.
///
/// Tiles need not divide: every loop runs exactly the iterations that exist, so no guard is needed
/// in the innermost code. The size of the block a loop runs over is tracked together with the few
/// values it can take; where code must be static (register tile, unrolled and vectorized loops) a
/// branch on that size selects a specialised copy (full tile, tail tile).
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/lower/ir.hpp>
#include <lathe/lower/program.hpp>

namespace lathe {

/// Builds the loop nest of a scheduled program: one phase per root stage.
/// @error LATHE-E205 if a stage cannot be placed where compute_at or cache_read asks (the region it
///        needs is guarded), or if static code would have to exist in too many sizes
LATHE_INLINE result<ir::nest> build(program source);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/lower/build.ipp>
#endif
