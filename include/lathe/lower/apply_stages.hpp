/// @file
/// The steps that change the graph of stages: inline, compute_at, cache_read, pack, rfactor. In: a
/// program and a step. Out: the program with stages added, rewritten or moved, or why not. Called
/// by apply.ipp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/program.hpp>

#include <span>
#include <string>

namespace lathe::detail {

/// True if an expression loads an element of `tensor`.
LATHE_INLINE bool reads(const program& target, ir::expr value, int tensor);

/// Leaves out of a stage's body the conditions that are known to hold.
LATHE_INLINE void drop_what_holds(ir::pool& exprs, program_stage& stage);

/// True if a stage belongs to a phase that runs in bind() only.
LATHE_INLINE bool runs_in_bind(const program& target, int index);

/// Adds a stage, and the tensor it computes as the last tensor, before stage `place`, and renumbers
/// the stages from there on. References to stages and tensors end. @pre made.tensor is the number
/// of tensors
LATHE_INLINE void insert_stage(program& target, int place, program_stage made,
                               program_tensor computed);

/// Each applies its step and returns the reason if it is illegal (empty = applied).
LATHE_INLINE std::string apply_inline(program& target, int index);
LATHE_INLINE std::string apply_compute_at(program& target, int index, const step& what);
LATHE_INLINE std::string apply_rfactor(program& target, int index, const step& what);
/// cache_read or pack. @param bound  inputs that are packed once in bind()
LATHE_INLINE std::string apply_copy(program& target, const step& what,
                                    std::span<const std::string> bound);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/apply_stages.ipp>
#endif
