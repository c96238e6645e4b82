/// @file
/// Bodies of estimate.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/space/estimate.hpp>
#include <lathe/space/narrowing.hpp>
#include <lathe/space/pointwise.hpp>
#include <lathe/space/rewrite.hpp>

#include <optional>
#include <utility>

namespace lathe {
namespace detail {

/// Cost that is left where narrowing is worth another tile: the model is not much more exact.
inline constexpr double worth_another_tile = 0.8;

/// The tile of a reduction stage. A border is left out if the terms that are saved are worth more
/// than the rows that the tile then cannot have.
/// @param alone  axis whose iterations are tiles and blocks of their own, -1 = none
LATHE_INLINE stage_decision choose_tile(const program& of, std::size_t at, const cpu_target& target,
                                        const call_context& call, int alone) {
  stage_decision out;
  out.reduction = true;
  tile_choice whole = cheapest_tile(of, of.stages[at], target, call, alone);
  out.tile = std::move(whole.tile);
  double least = whole.cost;
  if (alone >= 0) return out;  // its loops are those of another stage, too
  std::optional<program> narrowed;
  for (const border& each : borders_of(of, static_cast<int>(at))) {
    program next = narrowed ? *narrowed : of;
    apply_step(next, each.narrow);
    tile_choice other = cheapest_tile(next, next.stages[at], target, call, alone, each.axis);
    const bool loses_rows = !other.tile.window_inside && any_of(each.outside, [&](int axis) {
      return out.tile.rows[static_cast<std::size_t>(axis)] > 1;
    });
    const bool is_other = loses_rows || other.tile.vector_axis != out.tile.vector_axis;
    if (other.cost >= least * (is_other ? worth_another_tile : 1)) continue;
    least = other.cost;
    out.tile = std::move(other.tile);
    out.narrow.push_back(each.narrow);
    narrowed = std::move(next);
  }
  return out;
}

}  // namespace detail

LATHE_INLINE sequence<stage_decision> estimate(const program& of, const cpu_target& target,
                                               const call_context& call) {
  sequence<stage_decision> out(of.stages.size());
  sequence<int> alone_in(of.stages.size(), -1);  // readers come after what they read
  for (std::size_t at = 0; at < of.stages.size(); ++at) {
    const program_stage& stage = of.stages[at];
    out[at].reduction = stage.reduction;
    if (stage.reduction) {
      const detail::shared_axis place = detail::axis_in_reader(of, stage, target);
      const int alone = place.own >= 0 ? place.own : alone_in[at];
      out[at] = detail::choose_tile(of, at, target, call, alone);
      if (place.own >= 0) {
        out[at].tile.place = placement::block;
        alone_in[static_cast<std::size_t>(of.readers(stage.tensor)[0])] = place.of_reader;
      }
      continue;
    }
    out[at].point = detail::estimate_pointwise(of, stage, target);
  }
  return out;
}

LATHE_INLINE trace estimate_trace(const program& of, const cpu_target& target,
                                  const call_context& call) {
  trace out = rewrites_of(of);
  const program left = rewritten(of, out);
  const trace tiles = trace_of(left, estimate(left, target, call));
  out.steps.append(tiles.steps.begin(), tiles.steps.end());
  return out;
}

}  // namespace lathe
