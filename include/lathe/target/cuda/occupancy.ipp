/// @file
/// Bodies of occupancy.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/target/cuda/occupancy.hpp>

namespace lathe::gpu {

LATHE_INLINE occupancy occupancy_of(const device& on, const block_needs& block) {
  const auto rounded_up = [](std::int64_t value, std::int64_t unit) {
    return (value + unit - 1) / unit * unit;
  };
  occupancy out;
  if (block.threads < 1) return out;
  const int warps = static_cast<int>(rounded_up(block.threads, on.warp) / on.warp);
  const std::int64_t registers_of_warp =
      rounded_up(std::int64_t{larger(block.registers, 1)} * on.warp, on.register_unit);

  struct {
    occupancy_limit by;
    std::int64_t blocks;
  } limits[] = {{occupancy_limit::threads, on.threads_per_multiprocessor / on.warp / warps},
                {occupancy_limit::blocks, on.blocks_per_multiprocessor},
                {occupancy_limit::registers, on.registers_per_multiprocessor / on.warp_unit /
                                                 registers_of_warp * on.warp_unit / warps},
                {occupancy_limit::shared,
                 on.shared_per_multiprocessor /
                     rounded_up(block.shared_bytes + on.shared_reserved, on.shared_unit)}};
  if (block.threads > on.threads_per_block) limits[0].blocks = 0;
  if (block.registers > on.registers_per_thread ||
      registers_of_warp * rounded_up(warps, on.warp_unit) > on.registers_per_block)
    limits[2].blocks = 0;
  if (block.shared_bytes > on.shared_per_block) limits[3].blocks = 0;

  out.blocks = static_cast<int>(limits[0].blocks);
  for (const auto& limit : limits) {
    if (limit.blocks >= out.blocks) continue;
    out.blocks = static_cast<int>(limit.blocks);
    out.limit = limit.by;
  }
  out.warps = out.blocks * warps;
  return out;
}

LATHE_INLINE std::int64_t waves_of(const device& on, const occupancy& each, std::int64_t blocks) {
  const std::int64_t at_a_time = std::int64_t{each.blocks} * on.multiprocessors;
  return (blocks + at_a_time - 1) / at_a_time;
}

}  // namespace lathe::gpu
