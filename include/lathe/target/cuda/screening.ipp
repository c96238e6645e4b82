/// @file
/// Bodies of screening.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/target/cuda/screening.hpp>

#include <limits>

namespace lathe::gpu {

namespace detail {

/// "kernel0: 2048 threads per block, at most 1024".
inline std::string over_limit(const cuda_launch& launch, std::int64_t got, const std::string& what,
                              std::int64_t most) {
  return launch.symbol + ": " + std::to_string(got) + " " + what + ", at most " +
         std::to_string(most);
}

}  // namespace detail

LATHE_INLINE std::string refusal_of(const cuda_source& source, const device& on,
                                    const screening_limits& limits) {
  constexpr std::int64_t most_blocks = std::numeric_limits<std::int32_t>::max();
  for (const cuda_launch& each : source.launches) {
    if (each.threads < 1 || each.threads > on.threads_per_block)
      return detail::over_limit(each, each.threads, "threads per block", on.threads_per_block);
    if (each.blocks < 1 || each.blocks > most_blocks)
      return detail::over_limit(each, each.blocks, "blocks", most_blocks);
    if (each.shared_bytes > on.shared_per_block)
      return detail::over_limit(each, each.shared_bytes, "bytes of shared memory per block",
                                on.shared_per_block);
    if (each.unrolled > limits.unrolled)
      return detail::over_limit(each, each.unrolled, "statements after unrolling", limits.unrolled);
    const std::int64_t registers = each.registers_at_least + limits.other_registers;
    const std::int64_t most =
        smaller<std::int64_t>(on.registers_per_thread, on.registers_per_block / each.threads);
    if (registers > most)
      return detail::over_limit(each, registers, "registers per thread or more", most);
  }
  return {};
}

LATHE_INLINE block_needs needs_of(const cuda_launch& launch, const cubin_kernel& kernel,
                                  const device& on) {
  // The system's share is part of the section's size from sm_90 on.
  std::int64_t fixed = kernel.static_shared_bytes;
  if (on.compute_major >= 9) fixed = larger<std::int64_t>(0, fixed - on.shared_reserved);
  return {static_cast<int>(launch.threads), kernel.registers, launch.shared_bytes + fixed};
}

LATHE_INLINE std::string refusal_of(const cuda_source& source,
                                    std::span<const cubin_kernel> kernels, const device& on,
                                    const screening_limits& limits) {
  for (const cuda_launch& each : source.launches) {
    const cubin_kernel* found = nullptr;
    for (const cubin_kernel& kernel : kernels)
      if (kernel.symbol == each.symbol) found = &kernel;
    if (found == nullptr) return each.symbol + ": no kernel of that name in the compiled code";
    if (found->threads != 0 && found->threads < each.threads)
      return detail::over_limit(each, each.threads, "threads per block by its launch bounds",
                                found->threads);
    if (found->local_bytes > limits.local_bytes)
      return detail::over_limit(each, found->local_bytes,
                                "bytes of registers spilled to memory (" +
                                    std::to_string(found->registers) + " registers, " +
                                    std::to_string(found->mix.local_loads) + " loads, " +
                                    std::to_string(found->mix.local_stores) + " stores)",
                                limits.local_bytes);
    const occupancy resident = occupancy_of(on, needs_of(each, *found, on));
    if (resident.blocks == 0)
      return each.symbol + ": not one block fits on a multiprocessor: " + name_of(resident.limit);
    if (resident.warps < limits.warps)
      return each.symbol + ": " + std::to_string(resident.warps) +
             " warps on a multiprocessor, at least " + std::to_string(limits.warps) +
             "; limited by " + name_of(resident.limit);
  }
  return {};
}

}  // namespace lathe::gpu
