/// @file
/// What a GPU tile costs by an analytic model: the slowest of arithmetic, instruction issue, shared
/// memory and the memories behind it, with the waits that too few resident blocks cannot hide. In:
/// a reduction stage, a tile and a device. Out: seconds, for the estimate and to rank candidates.
///
/// Rates per multiprocessor and cycle, from the CUDA C++ Programming Guide and NVIDIA's Hopper
/// white paper: 4 warp instructions, 128 f32 multiply-adds (4 warps), 32 words of shared memory.
/// The roofline form is that of Williams, Waterman and Patterson (CACM 2009); the wait for a chunk
/// is the latency bound of Volkov (GTC 2010) with the blocks that are resident.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/space/gpu_tile.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/target/cuda/device.hpp>

#include <cstdint>

namespace lathe {

/// What a tile needs of a multiprocessor, and how long its kernel takes.
struct gpu_cost {
  double seconds = 0;
  std::int64_t shared_bytes = 0;  ///< [bytes] per block
  std::int64_t registers = 0;     ///< per thread, a guess: accumulators, operands, addresses
  std::int64_t blocks = 0;        ///< of the grid
  int resident = 0;               ///< blocks per multiprocessor, 0 = none fits
};

/// Distinct elements of a tensor that a load reads while every axis runs `counts[axis]` iterations.
/// @pre no irregular axis runs more than once
LATHE_INLINE std::int64_t elements_in(const load_use& use, const sequence<std::int64_t>& counts);

/// The cost of a tile. @param uses  loads_of() the stage. O(axes * loads)
LATHE_INLINE gpu_cost cost_of(const program& of, const program_stage& stage,
                              const sequence<load_use>& uses, const gpu_tile& tile,
                              const gpu::device& on);

/// The cheapest tile by that cost, of a few thousand. Never touches a device.
/// @param tensor  axes for matrix instructions, if they may be used
LATHE_INLINE gpu_tile estimate_gpu_tile(const program& of, const program_stage& stage,
                                        const gpu::device& on, const tensor_axes& tensor = {});

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/gpu_cost.ipp>
#endif
