/// @file
/// Executes a compiled kernel: the phases of its plan in order, with a barrier between them. Called
/// by the kernel's call operator, the measuring worker and the tests.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/cpu/jit.hpp>
#include <lathe/target/cpu/parallel.hpp>
#include <lathe/target/plan.hpp>

#include <cstdint>
#include <span>

namespace lathe::native {

/// Which phases of a plan run.
enum class plan_part : unsigned char {
  every_call,  ///< all but the bind-only phases
  bind         ///< the bind-only phases
};

/// Size of the scratch block that run_plan needs for `threads` workers [bytes]; 0 for none. Align
/// the block to 64 bytes.
std::int64_t scratch_bytes(const kernel_plan& plan, int threads);

/// The functions of a loaded object in the order of the plan's phases.
/// @error E309 a phase's symbol is missing
result<sequence<phase_function>> phase_functions(const kernel_plan& plan,
                                                 const loaded_object& object);

/// Runs the phases of `part` in order. Serial phases are plain calls; nothing is allocated here.
/// @param phases   one function per plan phase
/// @param buffers  one address per plan buffer
/// @param scratch  64-byte aligned block of scratch_bytes(plan, threads), or null if that is 0
/// @param threads  most workers of a parallel phase, >= 1
void run_plan(const kernel_plan& plan, std::span<const phase_function> phases, void* const* buffers,
              void* scratch, int threads, const parallel_for_hook& hook,
              plan_part part = plan_part::every_call);

}  // namespace lathe::native

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/run.ipp>
#endif
