/// @file
/// Bodies of gpu_cost.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/space/gpu_cost.hpp>
#include <lathe/target/cuda/occupancy.hpp>

#include <array>

namespace lathe {
namespace detail {

// Cycles and rates that data sheets do not name; orders of magnitude, not fitted to any kernel.
inline constexpr double chunk_wait = 700;       ///< [cycles] load from memory, barrier
inline constexpr double launch_seconds = 3e-6;  ///< [s] of one kernel
inline constexpr double l2_per_dram = 2.5;      ///< bandwidth of L2 over that of the memory
inline constexpr std::int64_t other_registers = 24;
inline constexpr double tf32_rate = 4, half_rate = 8;  ///< of mma.sync over f32 multiply-adds

inline constexpr std::array<std::int64_t, 8> gpu_rows{1, 2, 3, 4, 5, 6, 7, 8};
inline constexpr std::array<std::int64_t, 3> gpu_vthreads{1, 2, 4};
inline constexpr std::array<std::int64_t, 13> gpu_threads{1,  2,  4,  7,  8,   14, 16,
                                                          28, 32, 56, 64, 128, 256};
inline constexpr std::array<std::int64_t, 7> gpu_chunks{1, 2, 4, 8, 16, 32, INT64_C(1) << 40};

/// Tries tiles and keeps the cheapest.
class gpu_tile_chooser {
 public:
  gpu_tile_chooser(const program& of, const program_stage& stage, const gpu::device& on)
      : of_(of), stage_(stage), uses_(loads_of(of, stage)), on_(on), best_(plain_tile(of, stage)) {
    least_ = cost_of(of_, stage_, uses_, best_, on_).seconds;
  }

  /// @param tensor  axes for matrix instructions that may be used
  gpu_tile choose(const tensor_axes& tensor) {
    choose_plain();
    if (tensor.found()) choose_tensor(tensor);
    return best_;
  }

 private:
  void choose_plain() {
    gpu_tile tile = best_;
    for (std::int64_t& each : tile.threads) each = 1;
    const std::size_t axes = tile.threads.size();
    if (stage_.is_narrowed() || axes == 0) return;
    spatial(tile, axes);
    const gpu_tile one = best_;
    for (const int buffers : {2, 3}) {
      gpu_tile ahead = one;
      ahead.buffers = buffers;
      if (contains(ahead.staged, static_cast<char>(1))) consider(ahead);
    }
    share_sums();
  }

  void choose_tensor(const tensor_axes& tensor) {
    gpu_tile tile = plain_tile(of_, stage_);
    for (std::int64_t& each : tile.threads) each = 1;
    for (char& each : tile.staged) each = 1;
    tile.tensor = tensor;
    tile.vector = 4;
    tile.gap = 8;  // four terms a row apart, eight rows or columns each: all 32 banks
    tile.chunk[static_cast<std::size_t>(tensor.terms) - tile.threads.size()] = 2 * tensor.depth;
    const auto rows = static_cast<std::size_t>(tensor.rows);
    const auto columns = static_cast<std::size_t>(tensor.columns);
    for (const std::int64_t down_warps : {1, 2, 4})
      for (const std::int64_t across_warps : {1, 2, 4})
        for (const std::int64_t down : {1, 2, 4})
          for (const std::int64_t across : {1, 2, 4, 8})
            for (const int buffers : {1, 2, 3}) {
              tile.threads[rows] = down_warps;
              tile.threads[columns] = across_warps;
              tile.rows[rows] = down;
              tile.rows[columns] = across;
              tile.buffers = buffers;
              consider(tile);
            }
  }

  void consider(const gpu_tile& tile) {
    const gpu_cost cost = cost_of(of_, stage_, uses_, tile, on_);
    if (cost.resident == 0 || cost.seconds >= least_) return;
    least_ = cost.seconds;
    best_ = tile;
  }

  std::int64_t extent(std::size_t axis) const { return stage_.axes[axis].extent; }

  /// All factors of the axes before `left`, the last axis first: it has the fastest threads.
  void spatial(gpu_tile& tile, std::size_t left) {
    if (left == 0) return reduce(tile);
    const std::size_t axis = left - 1;
    const bool last = left == tile.threads.size();
    for (const std::int64_t threads : gpu_threads) {
      if (threads > 1 && threads >= 2 * extent(axis)) break;
      if ((threads & (threads - 1)) != 0 && extent(axis) % threads != 0) continue;
      for (const std::int64_t rows : gpu_rows) {
        if (rows > 1 && rows > extent(axis)) break;
        if ((rows & (rows - 1)) != 0 && (extent(axis) % rows != 0 || extent(axis) % 8 == 0))
          continue;
        for (const std::int64_t vthreads : {1, 2}) {
          if (vthreads > 1 && (rows != 4 || threads < 8 || 2 * rows * threads > extent(axis)))
            continue;
          tile.threads[axis] = threads;
          tile.rows[axis] = rows;
          tile.vthreads[axis] = vthreads;
          const std::int64_t block = tile.block(axis);
          const double waste = static_cast<double>((extent(axis) + block - 1) / block * block) /
                               static_cast<double>(extent(axis));
          if (waste > 1.34 && block > 1) continue;
          std::int64_t all = 1, sums = 1;
          for (std::size_t at = axis; at < tile.threads.size(); ++at) {
            all *= tile.threads[at];
            sums *= tile.rows[at] * tile.vthreads[at];
          }
          if (all > 512 || sums > 128 || (left == 1 && all < 32)) continue;
          if (last && threads < 8 && extent(axis) >= 16) continue;  // accesses side by side
          spatial(tile, axis);
        }
      }
    }
    tile.threads[axis] = tile.rows[axis] = tile.vthreads[axis] = 1;
  }

  void reduce(gpu_tile& tile) {
    const std::int64_t all = tile.threads_of_block();
    if (all < 32 || (all & 31) != 0) {
      if (all < 49) return;
    }
    const std::size_t reduces = stage_.axes.size() - tile.threads.size();
    std::size_t longest = 0;
    for (std::size_t at = 0; at < reduces; ++at)
      if (extent(tile.threads.size() + at) > extent(tile.threads.size() + longest)) longest = at;
    for (const std::int64_t chunk : {8, 16, 32}) {
      for (std::size_t at = 0; at < reduces; ++at)
        tile.chunk[at] = at == longest ? chunk : extent(tile.threads.size() + at);
      if (reduces > 0 && chunk > 8 && chunk / 2 >= extent(tile.threads.size() + longest)) break;
      stage_operands(tile);
      tile.unroll = larger<std::int64_t>(1, smaller<std::int64_t>(32, 512 / tile.accumulators()));
      tile.vector = 4;
      consider(tile);
    }
  }

  /// What several threads of a block read more than once goes through shared memory.
  void stage_operands(gpu_tile& tile) const {
    for (std::size_t at = 0; at < uses_.size(); ++at) {
      bool irregular = false, shared = false;
      for (std::size_t axis = 0; axis < stage_.axes.size(); ++axis) {
        irregular |= uses_[at].irregular[axis] != 0;
        if (axis < tile.threads.size() && tile.block(axis) > 1)
          shared |= !uses_[at].depends(static_cast<int>(axis));
      }
      tile.staged[at] = shared && !irregular ? 1 : 0;
    }
  }

  std::int64_t longest_sum() const {
    std::int64_t most = 0;
    for (std::size_t axis = best_.threads.size(); axis < stage_.axes.size(); ++axis)
      most = larger(most, extent(axis));
    return most;
  }

  /// Long sums of few points: threads or blocks that share them.
  void share_sums() {
    const gpu_tile alone = best_;
    for (const std::int64_t split : {2, 4, 8, 16}) {
      gpu_tile tile = alone;
      tile.split = split;
      consider(tile);
    }
    for (const std::int64_t cross : {32, 64, 128, 256})
      for (const std::int64_t threads : {1, 2, 4, 8}) {
        gpu_tile tile = plain_tile(of_, stage_);
        for (std::int64_t& each : tile.threads) each = 1;
        tile.threads.back() = threads;
        tile.cross = cross;
        tile.vector = 4;
        const bool enough = longest_sum() >= 2 * cross * tile.vector;
        if (enough && tile.threads_of_block() <= 512) consider(tile);
      }
  }

  const program& of_;
  const program_stage& stage_;
  sequence<load_use> uses_;
  const gpu::device& on_;
  gpu_tile best_;
  double least_ = 0;
};

}  // namespace detail

LATHE_INLINE std::int64_t elements_in(const load_use& use, const sequence<std::int64_t>& counts) {
  struct run {
    std::int64_t stride, count;
  };
  sequence<run> moves;
  for (std::size_t axis = 0; axis < counts.size(); ++axis)
    if (counts[axis] > 1 && use.stride[axis] != 0)
      moves.push_back({math::abs(use.stride[axis]), counts[axis]});
  sort(moves, [](const run& left, const run& right) { return left.stride < right.stride; });
  sequence<run> runs{{1, 1}};  // nested: each as long as its elements are one stride apart
  for (const run& each : moves) {
    run& last = runs.back();
    if (each.stride % last.stride == 0 && each.stride <= last.stride * last.count)
      last.count += each.stride / last.stride * (each.count - 1);
    else
      runs.push_back(each);
  }
  std::int64_t all = 1;
  for (const run& each : runs) all *= each.count;
  return all;
}

LATHE_INLINE gpu_cost cost_of(const program& of, const program_stage& stage,
                              const sequence<load_use>& uses, const gpu_tile& tile,
                              const gpu::device& on) {
  const auto spatial = tile.threads.size();
  const auto real = [](std::int64_t value) { return static_cast<double>(value); };
  const int bytes = larger(4, size_of(of.exprs[stage.identity].type));
  gpu_cost out;
  out.blocks = tile.split;
  double terms = 1, chunks = 1;
  sequence<std::int64_t> per_thread, per_block, per_warp;
  std::int64_t warp = 32;
  for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
    const std::int64_t extent = stage.axes[axis].extent;
    if (axis < spatial) {
      const std::int64_t block = tile.block(axis);
      out.blocks *= (extent + block - 1) / block;
      const std::int64_t pair = tile.tensor.points(axis) > 1 ? 2 : 1;
      per_thread.push_back(tile.rows[axis] * tile.vthreads[axis] * pair);
      per_block.push_back(block);
      per_warp.push_back(1);
    } else {
      const std::int64_t chunk = smaller(tile.chunk[axis - spatial], extent);
      terms *= real(chunk);
      chunks *= real((extent + chunk - 1) / chunk);
      per_thread.push_back(1);
      per_block.push_back(chunk);
      per_warp.push_back(1);
    }
  }
  for (std::size_t axis = spatial; axis-- > 0;) {  // the last axis has the fastest threads
    per_warp[axis] = smaller(tile.threads[axis], warp);
    warp = larger<std::int64_t>(1, warp / tile.threads[axis]);
  }
  const std::int64_t threads = tile.threads_of_block();
  const double warps = real((threads + 31) / 32);
  const double shares = real(tile.cross * tile.split);  // a thread has so much less to add up

  // One term of one warp: multiply-adds, loads, words of shared memory.
  const double sums = real(tile.accumulators());
  double loads = 0, shared_words = 0, memory_lines = 0, copied = 0, copying = 0, unique = 0;
  out.registers = tile.accumulators() * bytes / 4 + detail::other_registers;
  for (std::size_t at = 0; at < uses.size(); ++at) {
    const load_use& use = uses[at];
    const auto element = real(size_of(of.tensors[static_cast<std::size_t>(use.tensor)].type));
    double mine = 1, together = 1;
    bool side_by_side = false;
    for (std::size_t axis = 0; axis < spatial; ++axis) {
      if (!use.depends(static_cast<int>(axis))) continue;
      mine *= real(per_thread[axis]);
      together *= real(per_warp[axis]);
      side_by_side |= tile.rows[axis] > 1 && tile.rows[axis] % 4 == 0;
    }
    out.registers += static_cast<std::int64_t>(mine * element / 4);
    const bool staged = tile.staged[at] != 0;
    const double accesses = staged && side_by_side ? mine / 4 : mine;
    loads += accesses;
    unique += elements_of(of.tensors[static_cast<std::size_t>(use.tensor)]) * element;
    if (staged) {
      const auto part = elements_in(use, per_block);
      out.shared_bytes += part * static_cast<std::int64_t>(element);
      copied += real(part) * element;
      // [instructions] per element: whole vectors, or indices taken apart for each
      const bool vectors = tile.vector == 4 && use.axis_of_dim.back() >= 0;
      copying += real(part) * element / 4 / 32 * (vectors ? 4 : 16);
      shared_words += larger(accesses, mine * together * element / 4 / 32);
    } else {
      const bool follows = spatial > 0 && use.stride[spatial - 1] == 1;
      const bool shares_k = tile.cross > 1;
      memory_lines += mine * (together == 1 && !shares_k ? 1
                              : follows || shares_k      ? larger(1.0, element / 4)
                                                         : smaller(together, 32.0) / 4);
    }
  }
  out.shared_bytes *= tile.buffers;
  const gpu::occupancy held = gpu::occupancy_of(
      on, {static_cast<int>(smaller<std::int64_t>(threads, 2048)),
           static_cast<int>(smaller<std::int64_t>(out.registers, 255)), out.shared_bytes});
  const bool fits = threads <= on.threads_per_block && out.shared_bytes <= on.shared_per_block &&
                    out.registers <= on.registers_per_thread;
  out.resident = fits ? held.blocks : 0;
  if (out.resident == 0) return out;

  const double wide = bytes / 4.0;
  const double faster = !tile.tensor.found()     ? 1
                        : tile.tensor.depth == 8 ? detail::tf32_rate
                                                 : detail::half_rate;
  const double add = sums * wide / 4 * 128 / on.f32_per_clock / faster;  // [cycles] of a warp
  const double issue = (sums * wide / (faster > 1 ? 32 : 1) + loads +
                        2.0 / real(larger<std::int64_t>(1, tile.unroll))) /
                       4;
  const double per_term = larger(larger(add, issue), shared_words + memory_lines);
  const double chunk_cycles = warps * per_term * terms / shares + copying / 4;
  const double fetched_ahead = (tile.buffers - 1) * warps * per_term * terms / shares;
  const double waits = copied > 0 ? larger(0.0, detail::chunk_wait - fetched_ahead) : 0;
  const double at_once =
      smaller(real(out.resident), real((out.blocks + on.multiprocessors - 1) / on.multiprocessors));
  const double rounds = math::ceil(real(out.blocks) / (on.multiprocessors * at_once));
  // Few warps do not keep the arithmetic busy: 4 cycles of latency, 4 schedulers.
  const double parallel = larger(1.0, 16 / (at_once * warps * smaller(sums, 4.0)));
  const double cycles =
      rounds * chunks * larger(at_once * chunk_cycles * parallel, chunk_cycles * parallel + waits);
  const double moved = real(out.blocks) * chunks * (copied > 0 ? copied : 0);
  const double result =
      elements_of(of.tensors[static_cast<std::size_t>(stage.tensor)]) * bytes * real(tile.split);
  const double memory = (unique + result * (tile.split > 1 ? 2 : 1)) / on.bandwidth;
  const double l2 = moved / (on.bandwidth * detail::l2_per_dram);
  out.seconds = larger(larger(cycles / on.clock_hz, memory), l2) +
                detail::launch_seconds * (tile.split > 1 ? 2 : 1);
  return out;
}

LATHE_INLINE gpu_tile estimate_gpu_tile(const program& of, const program_stage& stage,
                                        const gpu::device& on, const tensor_axes& tensor) {
  return detail::gpu_tile_chooser(of, stage, on).choose(tensor);
}

}  // namespace lathe
