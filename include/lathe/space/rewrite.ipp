/// @file
/// Bodies of rewrite.hpp.
#pragma once

#include <lathe/lower/apply.hpp>
#include <lathe/lower/apply_factor.hpp>
#include <lathe/space/rewrite.hpp>

namespace lathe {
namespace detail {

/// Fewest terms of an inner sum. One element of a result of inner sums costs a store and a load,
/// up to 8 bytes of traffic or about 2 cycles from memory; a term that is one multiplication
/// shorter saves 1/32 of a cycle.
inline constexpr std::int64_t fewest_inner_terms = 64;

/// The reduce axis at which factoring leaves the fewest inner sums, -1 if it is not worth it.
LATHE_INLINE int axis_to_factor(const program& of, const program_stage& stage) {
  int best = -1;
  std::int64_t fewest = 0;
  for (int axis = stage.spatial; axis < static_cast<int>(stage.axes.size()); ++axis) {
    const factoring parts = factoring_at(of, stage, axis);
    if (!parts.refused.empty() || parts.terms < fewest_inner_terms) continue;
    if (best >= 0 && parts.sums >= fewest) continue;
    best = axis;
    fewest = parts.sums;
  }
  return best;
}

}  // namespace detail

LATHE_INLINE trace rewrites_of(const program& of) {
  trace out;
  for (const program_stage& stage : of.stages) {
    if (!stage.reduction) continue;
    const int axis = detail::axis_to_factor(of, stage);
    if (axis < 0) continue;
    step made;
    made.what = primitive::factor;
    made.stage = stage.name;
    made.loop = stage.axes[static_cast<std::size_t>(axis)].name;
    out.steps.push_back(std::move(made));
  }
  return out;
}

LATHE_INLINE program rewritten(program of, const trace& rewrites) {
  for (const step& each : rewrites.steps) apply_step(of, each);
  return of;
}

}  // namespace lathe
