/// @file
/// Bodies of decision.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/space/decision.hpp>
#include <lathe/space/pointwise.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/step_writer.hpp>

#include <optional>

namespace lathe {
namespace detail {

/// Packing decided per load of a stage, for the loads it has once other stages are inlined: what
/// stands in the place of an inlined tensor is packed as that was to be.
LATHE_INLINE sequence<packing> packing_after_inlining(const program& before, const program& after,
                                                      std::size_t stage,
                                                      const sequence<packing>& pack) {
  const sequence<load_use> old = loads_of(before, before.stages[stage]);
  sequence<packing> out;
  for (const load_use& use : loads_of(after, after.stages[stage])) {
    packing chosen = packing::none;
    for (std::size_t at = 0; at < old.size() && at < pack.size(); ++at) {
      const int producer = before.tensors[static_cast<std::size_t>(old[at].tensor)].producer;
      const bool inlined =
          producer >= 0 && after.stages[static_cast<std::size_t>(producer)].inlined;
      if (old[at].tensor == use.tensor || inlined) chosen = pack[at];
      if (old[at].tensor == use.tensor) break;
    }
    out.push_back(chosen);
  }
  return out;
}

/// Appends the steps of a stage in its reader's loops; at root if there is no loop for it.
/// @param rows  axis of the stage that no loop may cut, -1 = none
/// @pre the steps of the reader are in `out`
template <class Tile>
void append_in_block(const program& of, int stage, Tile tile, int rows, trace& out) {
  program scheduled = of;
  for (const step& each : out.steps) apply_step(scheduled, each);
  const program_stage& made = of.stages[static_cast<std::size_t>(stage)];
  const reader_loop at =
      private_loop(scheduled, made, rows, tile.place == lathe::placement::window);
  tile.place = at.loop.empty() ? lathe::placement::root : lathe::placement::block;
  append_steps(of, stage, tile, out);
  if (!at.loop.empty())
    step_writer(out).place(primitive::compute_at, made.name, at.reader, at.loop);
}

}  // namespace detail

LATHE_INLINE trace trace_of(const program& of, const sequence<stage_decision>& decisions) {
  trace out;
  std::optional<program> changed;  // copied only if a stage is narrowed or inlined
  const auto append = [&](const step& made) {
    if (!changed) changed = of;
    apply_step(*changed, made);
    out.steps.push_back(made);
  };
  for (const stage_decision& each : decisions)
    for (const step& narrow : each.narrow) append(narrow);
  for (std::size_t stage = 0; stage < decisions.size(); ++stage) {
    if (decisions[stage].reduction || decisions[stage].point.place != placement::inlined) continue;
    append(detail::inlining_of(of.stages[stage].name));
  }
  const program& at = changed ? *changed : of;
  const auto is_in_block = [&](std::size_t stage) {
    const stage_decision& made = decisions[stage];
    if (!made.reduction)
      return made.point.place == placement::block || made.point.place == placement::window;
    return made.tile.place == placement::block &&
           made.tile.vector_axis < of.stages[stage].spatial;  // partial sums are two stages
  };
  const auto reduction_of = [&](std::size_t stage) {
    reduction_tile tile = decisions[stage].tile;
    if (changed) tile.pack = detail::packing_after_inlining(of, at, stage, tile.pack);
    return tile;
  };
  trace tiles;  // without these steps, which `at` is after
  for (std::size_t stage = 0; stage < decisions.size(); ++stage) {
    if (at.stages[stage].inlined || is_in_block(stage)) continue;
    if (decisions[stage].reduction)
      append_steps(at, static_cast<int>(stage), reduction_of(stage), tiles);
    else
      append_steps(at, static_cast<int>(stage), decisions[stage].point, tiles);
  }
  for (std::size_t stage = decisions.size(); stage-- > 0;) {  // once the loops are known
    if (!is_in_block(stage)) continue;
    const pointwise_tile& point = decisions[stage].point;
    if (decisions[stage].reduction)
      detail::append_in_block(at, static_cast<int>(stage), reduction_of(stage), -1, tiles);
    else
      detail::append_in_block(at, static_cast<int>(stage), point,
                              point.rows > 1 ? row_axis(at.stages[stage]) : -1, tiles);
  }
  out.steps.append(tiles.steps.begin(), tiles.steps.end());
  return out;
}

}  // namespace lathe
