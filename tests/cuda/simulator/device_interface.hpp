/// @file
/// What a compiled kernel and the simulator know of each other. No header: kernels include it, too.
#pragma once

namespace cuda_simulator {

/// threadIdx and the like. Blocks and grids have one dimension.
struct index3 {
  unsigned x, y, z;
};

/// Bytes that a lane can give to the others of its warp in one step.
inline constexpr int lane_bytes = 32;

/// Between arrays in shared memory [bytes]: an index too high does not reach the next one.
inline constexpr int shared_gap = 1024;

/// What a kernel sees and calls. Functions return when the thread runs again; if it must not,
/// never.
struct device_interface {
  index3 thread, block, block_size, grid_size;
  unsigned char* shared;  ///< the block's dynamic shared memory
  const int* arrays;      ///< where arrays in it begin, ascending, -1 at the end

  /// Where an array lies that the text has at `offset`.
  int apart(int offset) const {
    int gaps = 0;
    for (const int* at = arrays; *at >= 0 && *at < offset; ++at) gaps += shared_gap;
    return offset + gaps;
  }

  bool changed;  ///< set if a condition that mutation.hpp altered had another value

  /// __syncthreads(). @param site  number of the place in the text
  void (*barrier)(int site, int line);
  /// Waits for the other lanes in `mask` and gives them `bytes` bytes. Returns what they gave, 32
  /// times lane_bytes bytes, until the next call; 0xff of lanes that do not exist or are not in the
  /// mask.
  const unsigned char* (*exchange)(int site, int line, unsigned mask, const void* gift, int bytes);
  void (*copy_async)(void* shared, const void* global, int bytes, int line);
  void (*copy_async_commit)();
  void (*copy_async_wait)(int groups);
};

}  // namespace cuda_simulator
