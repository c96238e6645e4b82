/// @file
/// Bodies of rewrite.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/apply_factor.hpp>
#include <lathe/space/narrowing.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/rewrite.hpp>
#include <lathe/space/step_writer.hpp>

namespace lathe {
namespace detail {

/// Fewest terms of an inner sum. One element of a result of inner sums costs a store and a load,
/// up to 8 bytes of traffic or about 2 cycles from memory; a term that is one multiplication
/// shorter saves 1/32 of a cycle.
inline constexpr std::int64_t fewest_inner_terms = 64;

/// Elements that factoring moves: inner sums are written and read, and tensors whose last dimension
/// the inner sums run over have to be transposed for vectors of sums.
LATHE_INLINE double elements_moved(const program& of, const program_stage& stage,
                                   const factoring& parts) {
  double moved = 2 * static_cast<double>(parts.sums);
  for (const ir::expr factor : parts.kept)
    for (const ir::expr load : loads_in(of.exprs, factor)) {
      const auto indices = of.exprs.args(load);
      const bool is_summed = !indices.empty() && any_of(parts.inner, [&](int axis) {
        return of.exprs.depends_on(indices.back(),
                                   stage.axes[static_cast<std::size_t>(axis)].variable);
      });
      if (is_summed) moved += elements_of(of.tensors[static_cast<std::size_t>(of.exprs[load].imm)]);
    }
  return moved;
}

/// The reduce axis at which factoring moves fewest elements, -1 if it is not worth it.
LATHE_INLINE int axis_to_factor(const program& of, const program_stage& stage) {
  int best = -1;
  double fewest = 0;
  for (int axis = stage.spatial; axis < static_cast<int>(stage.axes.size()); ++axis) {
    const factoring parts = factoring_at(of, stage, axis);
    if (!parts.refused.empty() || parts.terms < fewest_inner_terms) continue;
    const double moved = elements_moved(of, stage, parts);
    if (best >= 0 && moved >= fewest) continue;
    best = axis;
    fewest = moved;
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
    detail::step_writer(out).annotate(primitive::factor, stage.name,
                                      stage.axes[static_cast<std::size_t>(axis)].name);
  }
  const trace narrowing = narrowing_steps(rewritten(of, out));
  out.steps.append(narrowing.steps.begin(), narrowing.steps.end());
  return out;
}

LATHE_INLINE program rewritten(program of, const trace& rewrites) {
  for (const step& each : rewrites.steps) apply_step(of, each);
  return of;
}

}  // namespace lathe
