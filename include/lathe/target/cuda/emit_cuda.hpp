/// @file
/// Loop nest to CUDA C++. In: ir::nest. Out: a kernel per phase, and how to launch it.
///
/// Loops over blocks and threads become indices taken from blockIdx.x and threadIdx.x, which are
/// one-dimensional: the innermost loop is the fastest index. What a block does together
/// (ir::stmt_kind::together) stands between barriers, and its own thread loops share the work.
/// Vectorized loops of 8 or 16 bytes become one access where the elements lie side by side;
/// other vectorized loops are straight code.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/lower/ir.hpp>
#include <lathe/target/cuda/cuda_source.hpp>

namespace lathe {

/// The text and its launches. Pointers that the kernels are given must be aligned to 16 bytes.
/// Compiles with NVRTC and with nvcc, for compute capability 8.0 and higher, without any header.
/// @return  LATHE-E330 if the nest cannot be written so: barriers under conditions of a thread,
///          calls of host functions, blocks that are not one chain of outermost loops
LATHE_INLINE result<cuda_source> emit_cuda(const ir::nest& nest);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/emit_cuda.ipp>
#endif
