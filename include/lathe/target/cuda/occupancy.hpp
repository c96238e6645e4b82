/// @file
/// How many blocks of a kernel a multiprocessor holds at a time, and what stops more. In: a device
/// and what one block needs. Out: numbers for the screening and for cost models. No driver needed.
#pragma once

#include <lathe/config.hpp>
#include <lathe/target/cuda/device.hpp>

#include <cstdint>

namespace lathe::gpu {

/// What one block of a kernel needs.
struct block_needs {
  int threads = 0;
  int registers = 0;              ///< per thread, as the compiler reports them
  std::int64_t shared_bytes = 0;  ///< [bytes] static and dynamic, without the system's share
};

/// What keeps more blocks off a multiprocessor.
enum class occupancy_limit : unsigned char { threads, blocks, registers, shared };

/// Name for people: "threads", "blocks", "registers", "shared memory".
constexpr const char* name_of(occupancy_limit limit) {
  switch (limit) {
    case occupancy_limit::threads: return "threads";
    case occupancy_limit::blocks: return "blocks";
    case occupancy_limit::registers: return "registers";
    case occupancy_limit::shared: return "shared memory";
  }
  return "?";
}

/// Blocks and warps that a multiprocessor holds.
struct occupancy {
  int blocks = 0;  ///< 0: not one block fits, the launch fails
  int warps = 0;
  occupancy_limit limit = occupancy_limit::threads;  ///< the tightest; of equal ones the first
};

/// NVIDIA's rule (cuda_occupancy.h of CUDA 12 and 13, compute capability 7.0 and above, carve-out
/// for as much shared memory as there is): registers are given per warp and from a quarter of the
/// register file, shared memory per block with the system's share.
LATHE_INLINE occupancy occupancy_of(const device& on, const block_needs& block);

/// Rounds of blocks until all of a grid have run: blocks / (blocks at a time), rounded up.
/// @pre each.blocks > 0
LATHE_INLINE std::int64_t waves_of(const device& on, const occupancy& each, std::int64_t blocks);

}  // namespace lathe::gpu

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/occupancy.ipp>
#endif
