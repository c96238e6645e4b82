/// @file
/// From a program and a trace to object bytes: the steps that every kernel goes through, as a list.
/// Called by compile(), by tune() for each candidate, and by explain(), which prints every step.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/lower/plan_of.hpp>
#include <lathe/target/cpu/emit_llvm.hpp>
#include <lathe/target/cpu/executable.hpp>
#include <lathe/target/cpu/jit.hpp>
#include <lathe/target/cpu/parallel.hpp>
#include <lathe/target/plan.hpp>

#include <cstddef>
#include <string>

namespace lathe {

/// What may differ between kernels of one program besides the trace.
struct pipeline_options {
  sequence<std::string> bound;  ///< inputs packed once in bind()
  bool strict_fp = false;
};

/// One kernel, compiled but not linked.
struct compiled {
  kernel_plan plan;
  sequence<std::byte> object;
};

/// Applies a trace and builds the loop nest. @error LATHE-E2xx the trace is illegal
LATHE_INLINE result<ir::nest> lower(const program& base, const trace& steps,
                                    const pipeline_options& options);

/// All steps: apply, build, plan, emit, compile. @error LATHE-E2xx, LATHE-E3xx
LATHE_INLINE result<compiled> compile_trace(const program& base, const trace& steps,
                                            const cpu_target& target, const native::jit& compiler,
                                            const pipeline_options& options);

/// All steps and linking: a kernel that can be called.
/// @error LATHE-E2xx, LATHE-E3xx
LATHE_INLINE result<native::executable> ready_kernel(const program& base, const trace& steps,
                                                     const cpu_target& target,
                                                     const native::jit& compiler,
                                                     const pipeline_options& options, int threads,
                                                     const parallel_for_hook& hook);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/pipeline.ipp>
#endif
