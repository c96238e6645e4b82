/// @file
/// Bodies of apply_factor.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply_factor.hpp>
#include <lathe/lower/apply_loops.hpp>
#include <lathe/lower/apply_stages.hpp>

namespace lathe::detail {

/// Appends the factors of a product of one type.
LATHE_INLINE void append_factors(const ir::pool& exprs, ir::expr value, dtype type,
                                 sequence<ir::expr>& out) {
  const ir::node& at = exprs[value];
  if (at.what == ir::kind::binary && at.fn == opcode::mul && at.type == type) {
    append_factors(exprs, at.a, type, out);
    append_factors(exprs, at.b, type, out);
  } else {
    out.push_back(value);
  }
}

/// Moves the axis to the end along which all moved factors are contiguous: the inner sums then lie
/// in memory like what they are multiplied with.
LATHE_INLINE void lay_out_sums(const ir::pool& exprs, const program_stage& stage, factoring& out) {
  sequence<ir::expr> last_indices;
  for (const ir::expr factor : out.moved)
    for (const ir::expr load : loads_in(exprs, factor))
      if (!exprs.args(load).empty()) last_indices.push_back(exprs.args(load).back());
  for (std::size_t at = 0; at + 1 < out.outer.size(); ++at) {
    const int axis = out.outer[at];
    const ir::expr variable = stage.axes[static_cast<std::size_t>(axis)].variable;
    if (last_indices.empty() ||
        !all_of(last_indices, [&](ir::expr index) { return index == variable; }))
      continue;
    out.outer.erase(out.outer.begin() + static_cast<std::ptrdiff_t>(at));
    out.outer.push_back(axis);
    return;
  }
}

LATHE_INLINE factoring factoring_at(const program& target, const program_stage& stage, int axis) {
  const ir::pool& exprs = target.exprs;
  factoring out;
  const auto depends = [&](ir::expr value, int on) {
    return exprs.depends_on(value, stage.axes[static_cast<std::size_t>(on)].variable);
  };
  if (!stage.reduction || !target.is_sum(stage)) {
    out.refused = "stage " + quoted(stage.name) + " is not a sum";
    return out;
  }
  const std::string& name = stage.axes[static_cast<std::size_t>(axis)].name;
  sequence<ir::expr> factors;
  append_factors(exprs, stage.body, exprs[stage.identity].type, factors);
  for (const ir::expr each : factors) (depends(each, axis) ? out.kept : out.moved).push_back(each);
  if (out.moved.empty() || out.kept.empty()) {
    out.refused = out.kept.empty()
                      ? "no factor of " + quoted(stage.name) + " depends on " + quoted(name) +
                            "; name an axis that some depend on"
                      : "every factor of " + quoted(stage.name) + " depends on " + quoted(name);
    return out;
  }
  const auto count = static_cast<int>(stage.axes.size());
  bool rest = false;
  for (int other = 0; other < count; ++other) {
    const program_axis& of = stage.axes[static_cast<std::size_t>(other)];
    const bool moves = any_of(out.moved, [&](ir::expr each) { return depends(each, other); });
    if (of.reduce && !moves) {
      out.inner.push_back(other);
      out.terms *= of.extent;
      continue;
    }
    rest |= of.reduce;
    if (!any_of(out.kept, [&](ir::expr each) { return depends(each, other); })) continue;
    out.outer.push_back(other);
    out.sums *= of.extent;
  }
  if (!rest)
    out.refused = "the factors that do not depend on " + quoted(name) +
                  " depend on no other reduce axis: nothing is left to sum over";
  lay_out_sums(exprs, stage, out);
  return out;
}

LATHE_INLINE std::string apply_factor(program& target, int index, const step& what) {
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  ir::pool& exprs = target.exprs;
  const int loop = stage.find_loop(what.loop);
  if (loop < 0) return unknown_loop(stage, what.loop);
  const loop_dim& dim =
      stage.dims[static_cast<std::size_t>(stage.loops[static_cast<std::size_t>(loop)].dim)];
  if (dim.axis < 0 || !dim.reduce || dim.blocks.size() != 1)
    return "factor takes a whole reduce axis; " + quoted(what.loop) + " is not one";
  if (stage.register_tile) return "factor comes before cache_write";
  if (stage.is_narrowed()) return "factor comes before phase and narrow";
  if (stage.is_padded()) return "factor comes before pad";
  for (const program_stage& each : target.stages)
    if (each.attach_stage == index) return "factor comes before compute_at and cache_read";
  const std::string name = stage.name + "_inner";
  if (target.find_tensor(name) >= 0) return "stage " + quoted(stage.name) + " is factored already";
  const factoring parts = factoring_at(target, stage, dim.axis);
  if (!parts.refused.empty()) return parts.refused;

  const auto product = [&](const sequence<ir::expr>& of) {
    ir::expr value = of.front();
    for (std::size_t at = 1; at < of.size(); ++at)
      value = exprs.binary(opcode::mul, exprs[stage.identity].type, value, of[at]);
    return value;
  };
  program_tensor sums;
  sums.name = name;
  sums.type = exprs[stage.identity].type;
  program_stage made;
  made.name = name;
  made.tensor = static_cast<int>(target.tensors.size());
  made.reduction = true;
  made.identity = stage.identity;
  made.combine = stage.combine;
  made.epilogue = exprs.load(accumulated, sums.type, {});
  sequence<std::pair<ir::expr, ir::expr>> mapping;
  sequence<ir::expr> point;
  const auto add_axis = [&](int axis, bool reduce) {
    const program_axis& from = stage.axes[static_cast<std::size_t>(axis)];
    made.axes.push_back(
        {from.name, exprs.make_variable(from.name, from.extent), from.extent, reduce});
    mapping.emplace_back(from.variable, made.axes.back().variable);
    if (reduce) return;
    point.push_back(from.variable);
    sums.layout.push_back({static_cast<int>(sums.shape.size()), 1, 0});
    sums.shape.push_back(from.extent);
  };
  for (const int axis : parts.outer) add_axis(axis, false);
  made.spatial = static_cast<int>(made.axes.size());
  for (const program_axis& each : made.axes) made.point.push_back(each.variable);
  for (const int axis : parts.inner) add_axis(axis, true);
  made.body = exprs.substitute(product(parts.kept), mapping);
  reset_loops(made);

  sequence<ir::expr> factors = parts.moved;
  factors.push_back(exprs.load(made.tensor, sums.type, point));
  stage.body = product(factors);
  sequence<program_axis> axes;
  for (int axis = 0; axis < static_cast<int>(stage.axes.size()); ++axis)
    if (!contains(parts.inner, axis)) axes.push_back(stage.axes[static_cast<std::size_t>(axis)]);
  stage.axes = std::move(axes);
  reset_loops(stage);

  insert_stage(target, index, std::move(made), std::move(sums));
  return {};
}

}  // namespace lathe::detail
