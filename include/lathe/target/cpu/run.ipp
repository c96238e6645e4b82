/// @file
/// Executes the phases of a plan one after the other. Declared in run.hpp.
#pragma once

#include <lathe/target/cpu/run.hpp>

namespace lathe::native {

namespace detail {

/// Scratch of one worker, rounded up to a cache line so that workers do not share one.
LATHE_INLINE std::int64_t scratch_stride(const kernel_plan& plan) {
  return aligned_bytes(plan.scratch_bytes);
}

/// What the workers of one parallel phase need.
struct phase_call {
  phase_function function;
  void* const* buffers;
  char* scratch;
  std::int64_t stride;
};

/// Ranges per worker of a parallel phase: enough that a worker that starts late or is interrupted
/// does not hold up the others, few enough that handing them out costs nothing.
inline constexpr std::int64_t ranges_per_worker = 8;

}  // namespace detail

LATHE_INLINE std::int64_t scratch_bytes(const kernel_plan& plan, int threads) {
  return detail::scratch_stride(plan) * threads;
}

LATHE_INLINE result<sequence<phase_function>> phase_functions(const kernel_plan& plan,
                                                              const loaded_object& object) {
  sequence<phase_function> functions;
  for (const plan_phase& phase : plan.phases) {
    const result<void*> address = object.lookup(phase.symbol);
    if (!address) return address.error();
    functions.push_back(reinterpret_cast<phase_function>(*address));
  }
  return functions;
}

LATHE_INLINE void run_plan(const kernel_plan& plan, std::span<const phase_function> phases,
                           void* const* buffers, void* scratch, int threads,
                           const parallel_for_hook& hook, plan_part part) {
  for (std::size_t n = 0; n < phases.size(); ++n) {
    const plan_phase& phase = plan.phases[n];
    if (phase.bind_only != (part == plan_part::bind)) continue;
    if (!phase.parallel || threads <= 1 || phase.tasks <= 1) {
      phases[n](buffers, scratch, 0, phase.tasks);
      continue;
    }
    detail::phase_call call{phases[n], buffers, static_cast<char*>(scratch),
                            detail::scratch_stride(plan)};
    const std::int64_t grain = phase.tasks / (threads * detail::ranges_per_worker);
    hook.run(
        hook.self, phase.tasks, grain > 1 ? grain : 1, threads,
        [](void* context, std::int64_t begin, std::int64_t end, int worker) {
          const auto& at = *static_cast<const detail::phase_call*>(context);
          at.function(at.buffers, at.scratch == nullptr ? nullptr : at.scratch + worker * at.stride,
                      begin, end);
        },
        &call);
  }
}

}  // namespace lathe::native
