/// @file
/// The GPU schedule template: decisions for one stage as numbers, and their translation into steps
/// of a trace. FlexTensor's pre-decided structure for GPUs (Zheng et al., ASPLOS 2020, table 2):
/// blocks, virtual threads, threads and a register tile per spatial axis, two or three parts per
/// reduce axis, operands staged in shared memory.
///
/// Levels of a reduction stage, outermost first:
///     blocks, threads of all spatial axes
///     R0  chunks of the reduce axes: copies of what all threads of a block read of one chunk
///     R1  terms of a chunk, the innermost ones unrolled
///     tile  virtual threads x rows: accumulators in registers
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/tensor_axes.hpp>

#include <cstdint>

namespace lathe {

/// Decisions for one reduction stage.
struct gpu_tile {
  sequence<std::int64_t> threads;   ///< per spatial axis: threads of a block along it
  sequence<std::int64_t> rows;      ///< per spatial axis: neighbouring points of one thread
  sequence<std::int64_t> vthreads;  ///< per spatial axis: such runs of one thread, `threads` apart
  sequence<std::int64_t> chunk;     ///< per reduce axis: terms staged at a time; >= extent = all
  std::int64_t unroll = 1;          ///< most terms of the innermost reduce axes as straight code
  sequence<char> staged;  ///< per load of loads_of(): read through shared memory; an intermediate
                          ///< of one pointwise stage that nobody else reads is computed there,
                          ///< or, if not staged, for every element that is read
  int gap = 0;      ///< elements left free after the rows of copies: rows begin in other banks
  int buffers = 1;  ///< chunks in shared memory at a time: the next ones are fetched meanwhile
  int vector = 1;   ///< elements per access of copies and stores: 1, 2 or 4
  std::int64_t cross = 1;  ///< threads that share one sum: partial sums meet in shared memory
  std::int64_t split =
      1;  ///< blocks that share one sum: partial sums meet in a kernel of their own

  tensor_axes tensor;  ///< if found: warps compute with matrix instructions; `threads` and `rows`
                       ///< count warps and instructions along the axes of these, chunks are whole
                       ///< instructions

  /// Points of one block along a spatial axis.
  std::int64_t block(std::size_t axis) const {
    return threads[axis] * rows[axis] * vthreads[axis] * tensor.points(axis);
  }
  std::int64_t threads_of_block() const {
    std::int64_t all = cross * (tensor.found() ? 32 : 1);
    for (const std::int64_t each : threads) all *= each;
    return all;
  }
  /// Sums of one thread.
  std::int64_t accumulators() const {
    std::int64_t all = tensor.found() ? 4 : 1;
    for (std::size_t axis = 0; axis < rows.size(); ++axis) all *= rows[axis] * vthreads[axis];
    return all;
  }
};

/// A tile of one point per thread that is legal for every stage.
LATHE_INLINE gpu_tile plain_tile(const program& of, const program_stage& stage);

/// Appends the steps that schedule a reduction stage. `scheduled` is the program after the steps of
/// `out`; both grow. Factors are lowered where an axis cannot be padded (phases, narrowed axes).
LATHE_INLINE void append_gpu_steps(program& scheduled, int stage, gpu_tile tile, trace& out);

/// Appends the steps of a pointwise stage: a point, or `vector` neighbours, per thread.
LATHE_INLINE void append_gpu_points(program& scheduled, int stage, int vector, trace& out);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/gpu_tile.ipp>
#endif
