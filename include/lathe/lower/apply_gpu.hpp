/// @file
/// The steps that shape a stage for a GPU: pad makes every tile whole, bind spreads loops over
/// blocks and threads. In: a program and a step. Out: the changed program, or why not. Called by
/// apply.ipp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/program.hpp>

#include <string>

namespace lathe::detail {

/// Lets an axis run to the next multiple of `what.distance`. Spatial axes: the points beyond the
/// end are computed from zeros where a tensor ends before them, and not stored. Reduce axes: the
/// terms beyond the end are neutral.
LATHE_INLINE std::string apply_pad(program& target, int index, const step& what);

/// Binds a spatial loop to the blocks of a GPU, to the threads of a block or to virtual threads.
LATHE_INLINE std::string apply_bind(program_stage& stage, const step& what);

/// Keeps the results of a stage that threads compute together in several buffers.
LATHE_INLINE std::string apply_buffers(program_stage& stage, const step& what);

/// The reason if the bound loops and padded axes of a stage are misplaced; empty = legal.
LATHE_INLINE std::string check_bindings(const program& target, const program_stage& stage);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/apply_gpu.ipp>
#endif
