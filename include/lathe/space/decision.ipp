/// @file
/// Bodies of decision.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/space/decision.hpp>
#include <lathe/space/pointwise.hpp>
#include <lathe/space/reuse.hpp>

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

}  // namespace detail

LATHE_INLINE trace trace_of(const program& of, const sequence<stage_decision>& decisions) {
  trace out;
  std::optional<program> changed;  // copied only if a stage is inlined
  for (std::size_t stage = 0; stage < decisions.size(); ++stage) {
    if (decisions[stage].reduction || decisions[stage].point.place != placement::inlined) continue;
    if (!changed) changed = of;
    step made;
    made.what = primitive::inline_stage;
    made.stage = of.stages[stage].name;
    apply_step(*changed, made);
    out.steps.push_back(std::move(made));
  }
  const program& at = changed ? *changed : of;
  trace tiles;  // without the inlining, which `at` is after
  for (std::size_t stage = 0; stage < decisions.size(); ++stage) {
    if (at.stages[stage].inlined) continue;
    if (decisions[stage].reduction) {
      reduction_tile tile = decisions[stage].tile;
      if (changed) tile.pack = detail::packing_after_inlining(of, at, stage, tile.pack);
      append_steps(at, static_cast<int>(stage), tile, tiles);
    } else if (decisions[stage].point.place != placement::block) {
      append_steps(at, static_cast<int>(stage), decisions[stage].point, tiles);
    }
  }
  for (std::size_t stage = 0; stage < decisions.size(); ++stage)  // once the loops are known
    if (!decisions[stage].reduction && decisions[stage].point.place == placement::block)
      detail::append_in_block(at, static_cast<int>(stage), decisions[stage].point, tiles);
  out.steps.append(tiles.steps.begin(), tiles.steps.end());
  return out;
}

}  // namespace lathe
