/// @file
/// Bodies of rewrite.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/apply_factor.hpp>
#include <lathe/space/flattening.hpp>
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

/// True if the last index of a load moves with an axis.
LATHE_INLINE bool is_contiguous_along(const program& of, ir::expr load, const program_axis& axis) {
  const auto indices = of.exprs.args(load);
  return !indices.empty() && of.exprs.depends_on(indices.back(), axis.variable);
}

/// True if vectors of inner sums need no operand transposed: there is an axis of the sums along
/// which every operand that depends on it is contiguous.
LATHE_INLINE bool has_vectors(const program& of, const program_stage& stage,
                              const factoring& parts) {
  return any_of(parts.outer, [&](int number) {
    const program_axis& axis = stage.axes[static_cast<std::size_t>(number)];
    bool is_there = false;
    for (const ir::expr factor : parts.kept)
      for (const ir::expr load : loads_in(of.exprs, factor)) {
        if (!of.exprs.depends_on(load, axis.variable)) continue;
        if (!is_contiguous_along(of, load, axis)) return false;
        is_there = true;
      }
    return is_there;
  });
}

/// Inner sums, and elements of an operand, that stay in L2 while they are used.
inline constexpr double cached_elements = 65536;
/// What such a sum counts beside an element that goes through memory.
inline constexpr double cached_traffic = 1. / 8;

/// True if the inner sums may be used one iteration of a spatial axis after the other, and those of
/// one iteration, with what all iterations read, stay in the cache.
LATHE_INLINE bool stay_in_cache(const program& of, const program_stage& stage,
                                const factoring& parts) {
  return any_of(parts.outer, [&](int number) {
    const program_axis& axis = stage.axes[static_cast<std::size_t>(number)];
    if (axis.reduce || axis.extent < 2) return false;
    double shared = static_cast<double>(parts.sums) / static_cast<double>(axis.extent);
    for (const ir::expr factor : parts.kept)
      for (const ir::expr load : loads_in(of.exprs, factor))
        if (!of.exprs.depends_on(load, axis.variable))
          shared =
              larger(shared, elements_of(of.tensors[static_cast<std::size_t>(of.exprs[load].imm)]));
    return shared <= cached_elements;
  });
}

/// What factoring at an axis moves through memory.
struct traffic {
  double elements = 0;   ///< inner sums are written and read, operands transposed
  bool streams = false;  ///< the inner sums run along the memory of the largest operand
};

LATHE_INLINE traffic traffic_of(const program& of, const program_stage& stage,
                                const factoring& parts) {
  traffic out;
  out.elements =
      (stay_in_cache(of, stage, parts) ? cached_traffic : 2.0) * static_cast<double>(parts.sums);
  const bool transposes = !has_vectors(of, stage, parts);
  double largest = 0;
  for (const ir::expr factor : parts.kept)
    for (const ir::expr load : loads_in(of.exprs, factor)) {
      const bool is_summed = any_of(parts.inner, [&](int axis) {
        return is_contiguous_along(of, load, stage.axes[static_cast<std::size_t>(axis)]);
      });
      const double elements = elements_of(of.tensors[static_cast<std::size_t>(of.exprs[load].imm)]);
      if (is_summed && transposes) out.elements += elements;
      if (elements <= largest) continue;
      largest = elements;
      out.streams = is_summed;
    }
  return out;
}

/// The reduce axis at which factoring moves fewest elements, among equals one that reads the
/// largest operand in its order; -1 if it is not worth it.
LATHE_INLINE int axis_to_factor(const program& of, const program_stage& stage) {
  int best = -1;
  traffic least;
  for (int axis = stage.spatial; axis < static_cast<int>(stage.axes.size()); ++axis) {
    const factoring parts = factoring_at(of, stage, axis);
    if (!parts.refused.empty() || parts.terms < fewest_inner_terms) continue;
    const traffic moved = traffic_of(of, stage, parts);
    const bool is_equal = moved.elements == least.elements;
    if (best >= 0 &&
        !(moved.elements < least.elements || (is_equal && moved.streams && !least.streams)))
      continue;
    best = axis;
    least = moved;
  }
  return best;
}

}  // namespace detail

LATHE_INLINE trace rewrites_of(const program& of, bool narrow) {
  trace out;
  for (const program_stage& stage : of.stages) {
    if (!stage.reduction) continue;
    const int axis = detail::axis_to_factor(of, stage);
    if (axis < 0) continue;
    detail::step_writer(out).annotate(primitive::factor, stage.name,
                                      stage.axes[static_cast<std::size_t>(axis)].name);
  }
  for (const auto& steps_of : {narrowing_steps, flattening_steps}) {
    if (steps_of == narrowing_steps && !narrow) continue;
    const trace steps = steps_of(rewritten(of, out));
    out.steps.append(steps.steps.begin(), steps.steps.end());
  }
  return out;
}

LATHE_INLINE program rewritten(program of, const trace& rewrites) {
  for (const step& each : rewrites.steps) apply_step(of, each);
  return of;
}

}  // namespace lathe
