/// @file
/// Bodies of partial_sums.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/space/partial_sums.hpp>
#include <lathe/space/step_writer.hpp>
#include <lathe/space/tile.hpp>

#include <string>

namespace lathe::detail {

LATHE_INLINE void append_partial_sums(const program_stage& stage, const reduction_tile& tile,
                                      trace& out) {
  step_writer write(out);
  const std::string& axis = stage.axes[static_cast<std::size_t>(tile.vector_axis)].name;
  const std::string outer = part_name(stage, axis, '0'), lane = part_name(stage, axis, '1');
  write.split(stage.name, axis, {{outer, 0}, {lane, tile.lanes}});
  write.annotate(primitive::rfactor, stage.name, lane);
  const std::string partial = stage.name + "_rf";

  sequence<std::string> alone, leading, order;  // of the stage that adds up the lanes
  sequence<std::string> inner;                  // of the partial sums
  const auto is_alone = [&](std::size_t at) {
    return stage.axes[at].extent > 1 && at < tile.block.size() && tile.block[at] == 1;
  };
  for (std::size_t at = 0; at < static_cast<std::size_t>(stage.spatial); ++at)
    if (is_alone(at)) alone.push_back(stage.axes[at].name);
  leading = inner = alone;
  std::string rows;
  std::int64_t row_count = 1;
  for (int at = 0; at < stage.spatial; ++at) {
    const program_axis& of = stage.axes[static_cast<std::size_t>(at)];
    if (is_alone(static_cast<std::size_t>(at))) continue;
    const std::int64_t factor = smaller(tile.rows[static_cast<std::size_t>(at)], of.extent);
    if (factor < 2) {
      leading.push_back(of.name);
      inner.push_back(of.name);
      continue;
    }
    const std::string blocks = part_name(stage, of.name, '0');
    rows = part_name(stage, of.name, '2');
    row_count = factor;
    write.split(stage.name, of.name, {{blocks, 0}, {rows, factor}});
    write.split(partial, of.name, {{blocks, 0}, {rows, factor}});
    leading.push_back(blocks);
    inner.push_back(blocks);
  }
  order = leading;
  order.push_back(lane);
  if (!rows.empty()) order.push_back(rows);
  if (order.size() > 1) write.reorder(stage.name, order);
  // The lanes of several rows are turned into vectors of rows, in registers, and added up together.
  if (!rows.empty())
    write.annotate(row_count <= tile.lanes ? primitive::vectorize : primitive::unroll, stage.name,
                   rows);
  write.annotate(primitive::unroll, stage.name, lane);
  write.cache_write(stage.name, "");
  const std::string at = write.parallel(stage.name, alone.empty() ? leading : alone);

  for (std::size_t r = static_cast<std::size_t>(stage.spatial); r < stage.axes.size(); ++r)
    if (static_cast<int>(r) != tile.vector_axis) inner.push_back(stage.axes[r].name);
  if (tile.unroll > 1) {
    const std::string steps = outer + "u";
    write.split(partial, outer, {{outer, 0}, {steps, tile.unroll}});
    inner.push_back(outer);
    inner.push_back(steps);
    write.annotate(primitive::unroll, partial, steps);
  } else {
    inner.push_back(outer);
  }
  if (!rows.empty()) inner.push_back(rows);
  inner.push_back(lane);
  write.reorder(partial, inner);
  if (!rows.empty()) write.annotate(primitive::unroll, partial, rows);
  write.annotate(primitive::vectorize, partial, lane);
  write.cache_write(partial, "");
  if (!at.empty()) write.place(primitive::compute_at, partial, stage.name, at);
}

}  // namespace lathe::detail
