/// @file
/// Is a kernel worth a launch, or would it fail or be slow for certain? In: launches and their
/// needs before compiling, a cubin after. Out: why not, in words, or nothing. A refused kernel
/// never reaches the device. The checks stand in the order of their price: the first that fails
/// answers.
#pragma once

#include <lathe/config.hpp>
#include <lathe/target/cuda/cubin.hpp>
#include <lathe/target/cuda/cuda_source.hpp>
#include <lathe/target/cuda/device.hpp>
#include <lathe/target/cuda/occupancy.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace lathe::gpu {

/// Where legal becomes not worth it. Limits of the device are in `device`.
struct screening_limits {
  /// Statements after unrolling: each costs 0.3 to 0.5 ms of compiling.
  std::int64_t unrolled = 4096;
  /// Registers beside accumulators and operands: addresses, counters. With 12 no kernel was refused
  /// that did not spill, and half of those that did were (500 random matrix products, CUDA 13).
  int other_registers = 12;
  std::int64_t local_bytes = 0;  ///< [bytes] of spills and run-time indexed arrays per thread
  int warps = 1;                 ///< at least so many on a multiprocessor at a time
};

/// Before compiling: threads, shared memory by our own count (compilers accept more for sm_90a than
/// the device has), unroll volume, a lower bound of the registers. Empty if nothing speaks against.
LATHE_INLINE std::string refusal_of(const cuda_source& source, const device& on,
                                    const screening_limits& limits = {});

/// After compiling: every kernel is there, its registers, spills and occupancy.
/// @param kernels  of read_cubin()
LATHE_INLINE std::string refusal_of(const cuda_source& source,
                                    std::span<const cubin_kernel> kernels, const device& on,
                                    const screening_limits& limits = {});

/// What one block of a launch needs. @pre the kernel is that of the launch
LATHE_INLINE block_needs needs_of(const cuda_launch& launch, const cubin_kernel& kernel,
                                  const device& on);

}  // namespace lathe::gpu

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/screening.ipp>
#endif
