/// @file
/// Where the buffers of a nest are at run time. In: a loop nest. Out: the kernel_plan that runners
/// and the store read, and the layout of scratch memory that every emitter writes into its text.
///
/// The table of buffers holds parameters and workspaces; nests list these first, so a buffer's
/// place in the table is its index in nest.buffers. Scratch buffers are offsets in the block that
/// the running task owns; registers exist in the emitted code only.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>
#include <lathe/target/plan.hpp>

#include <cstdint>

namespace lathe {

/// Start of each scratch buffer inside the scratch block, in order of nest.buffers, each aligned to
/// buffer_alignment [bytes]. One entry per buffer of the nest; 0 for buffers of other scopes.
LATHE_INLINE sequence<std::int64_t> scratch_offsets(const ir::nest& nest);

/// The plan of a nest: its parameters and workspaces, its phases, and its scratch size.
LATHE_INLINE kernel_plan plan_of(const ir::nest& nest);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/lower/plan_of.ipp>
#endif
