/// @file
/// What compiled GPU code needs and consists of, read from the cubin itself: neither a driver nor a
/// tool of the vendor's. In: the bytes of a cubin. Out: registers, spills, shared memory and an
/// instruction mix per kernel, for the screening and for cost models.
///
/// A cubin is an ELF64 file. NVIDIA documents neither its .nv.info sections nor the instructions'
/// encoding; what is read here was found by compiling kernels of known content (NVRTC 12.9 and
/// 13.0, sm_75 to sm_120) and is checked by tests/cuda/cubin.cpp in the same way. Every offset is
/// checked: any bytes at all may be passed.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace lathe::gpu {

/// How often instructions of a kind stand in the code (not how often they run).
struct instruction_mix {
  int total = 0;               ///< all, padding behind the end included
  int f32_multiply_add = 0;    ///< FFMA
  int matrix = 0;              ///< HMMA, IMMA and their like: one per warp
  int barriers = 0;            ///< BAR: __syncthreads()
  int shared_loads = 0;        ///< LDS
  int shared_stores = 0;       ///< STS
  int global_loads = 0;        ///< LDG
  int global_stores = 0;       ///< STG
  int async_copies = 0;        ///< LDGSTS: cp.async
  int local_loads = 0;         ///< LDL: spilled registers and arrays that are indexed at run time
  int local_stores = 0;        ///< STL
  int wide_shared_loads = 0;   ///< LDS.128
  int wide_shared_stores = 0;  ///< STS.128
  int wide_global_loads = 0;   ///< LDG.128
  int wide_global_stores = 0;  ///< STG.128
};

/// One kernel of a cubin.
struct cubin_kernel {
  std::string symbol;
  int registers = 0;                     ///< per thread
  std::int64_t local_bytes = 0;          ///< [bytes] stack frame of a thread; spills are in it
  std::int64_t static_shared_bytes = 0;  ///< [bytes] from sm_90 on with 1024 of the system's
  std::int64_t parameter_bytes = 0;      ///< [bytes]
  int threads = 0;  ///< most threads of a block, from __launch_bounds__; 0 = not said
  instruction_mix mix;
};

/// All kernels of a cubin, in the order of its sections.
/// @error LATHE-E337 not a cubin, or damaged
LATHE_INLINE result<sequence<cubin_kernel>> read_cubin(std::span<const std::byte> bytes);

}  // namespace lathe::gpu

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/cubin.ipp>
#endif
