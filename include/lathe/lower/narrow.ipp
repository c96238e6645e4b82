/// @file
/// Bodies of narrow.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/lower/apply_loops.hpp>
#include <lathe/lower/apply_stages.hpp>
#include <lathe/lower/conditions.hpp>
#include <lathe/lower/narrow.hpp>
#include <lathe/lower/stage_axes.hpp>

namespace lathe::detail {

LATHE_INLINE std::string apply_phase(program& target, int index, const step& what) {
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  ir::pool& exprs = target.exprs;
  if (!has_default_loops(target, index)) return comes_first(stage, "phase");
  const int at = find_axis(stage, what.loop);
  if (at < 0) return unknown_axis(stage, what.loop);
  const program_axis axis = stage.axes[static_cast<std::size_t>(at)];
  if (axis.reduce) return quoted(what.loop) + " is a reduce axis; narrow it";
  if (axis.size != ir::none) return quoted(what.loop) + " has phases or is narrowed already";
  if (what.parts.size() != 2 || what.parts[0].factor < 2 || what.parts[1].factor != 0)
    return "phase gives a number of phases from 2, then the rest: xr:2, xq:_";
  const std::int64_t count = what.parts[0].factor;
  if (count > axis.extent)
    return quoted(what.loop) + " has " + std::to_string(axis.extent) + " iterations, less than " +
           std::to_string(count);
  for (std::size_t part = 0; part < 2; ++part) {
    const std::string& name = what.parts[part].name;
    const int other = find_axis(stage, name);
    if ((other >= 0 && other != at) || name == what.parts[1 - part].name)
      return "the name " + quoted(name) + " is taken";
  }
  program_axis remainder{what.parts[0].name, exprs.make_variable(what.parts[0].name, count), count};
  const std::int64_t most = (axis.extent + count - 1) / count;
  program_axis quotient{what.parts[1].name, exprs.make_variable(what.parts[1].name, most), most};
  if (axis.extent % count != 0) {
    quotient.size = exprs.floor_div(
        exprs.sub(exprs.constant(axis.extent + count - 1), remainder.variable), count);
    quotient.sizes = {most, most - 1};
  }
  const ir::expr value = exprs.add(exprs.scale(quotient.variable, count), remainder.variable);
  substitute_axes(exprs, stage, {{axis.variable, value}});
  stage.axes[static_cast<std::size_t>(at)] = quotient;
  stage.axes.insert(stage.axes.begin() + at, remainder);
  ++stage.spatial;
  reset_loops(stage);
  return {};
}

/// The iterations of a reduce axis whose terms count: start + step * (0 .. size - 1).
class loop_bounds {
 public:
  /// @param outside  variables of the axes that run outside
  loop_bounds(ir::pool& exprs, const program_axis& axis, const sequence<ir::expr>& outside)
      : exprs_(exprs),
        variable_(axis.variable),
        atom_(exprs.terms(axis.variable)[0].atom),
        extent_(axis.extent),
        start_(exprs.constant(0)),
        count_(exprs.constant(axis.extent)),
        low_(exprs.constant(0)),
        outside_(outside) {
    all_ = outside;
    all_.push_back(axis.variable);
  }

  /// Takes account of a condition, if it is about the axis and those outside alone.
  /// @pre congruences come before comparisons
  bool take(ir::expr condition) {
    const congruence equal = read_congruence(exprs_, condition);
    return equal.modulus > 1 ? take_congruence(equal) : take_comparison(condition);
  }

  /// The iterations from the first to the last that count.
  ir::expr size() {
    if (exprs_.is_constant(low_) && exprs_.constant_value(low_) == 0)
      return maximum(exprs_.constant(0), count_);
    return maximum(exprs_.constant(0), exprs_.sub(count_, low_));
  }

  /// What the axis stands for in iteration `number`.
  ir::expr value(ir::expr number) {
    return exprs_.add(start_, exprs_.scale(exprs_.add(low_, number), step_));
  }

 private:
  ir::expr minimum(ir::expr left, ir::expr right) {
    return exprs_.binary(opcode::min, dtype::i64, left, right);
  }
  ir::expr maximum(ir::expr left, ir::expr right) {
    return exprs_.binary(opcode::max, dtype::i64, left, right);
  }

  /// The factor of the axis in a sum, and the rest of the sum. False if other axes are in it.
  bool take_apart(ir::expr sum, std::int64_t& factor, ir::expr& rest) {
    if (!is_over(exprs_, sum, all_)) return false;
    factor = 0;
    for (const ir::term& each : exprs_.terms(sum))
      if (each.atom == atom_) factor = each.coef;
    rest = exprs_.sub(sum, exprs_.scale(variable_, factor));
    return is_over(exprs_, rest, outside_);
  }

  /// Leaves no iterations unless `value` (0 or 1) is 1.
  void require(ir::expr value) { count_ = minimum(count_, exprs_.scale(value, extent_)); }

  /// factor * axis + rest == remainder (mod modulus): every (modulus / g)-th iteration, where g is
  /// the common divisor of factor and modulus.
  bool take_congruence(const congruence& equal) {
    std::int64_t factor = 0;
    ir::expr rest = ir::none;
    if (!take_apart(equal.sum, factor, rest)) return false;
    const std::int64_t common = greatest_divisor(equal.modulus, factor);
    if (step_ != 1 && common != equal.modulus) return false;  // one congruence decides the step
    const ir::expr wanted = exprs_.sub(exprs_.constant(equal.remainder), rest);
    if (common > 1) {
      const ir::expr left = exprs_.floor_mod(wanted, common);
      require(exprs_.sub(exprs_.constant(1), minimum(exprs_.constant(1), left)));
    }
    const std::int64_t step = equal.modulus / common;
    if (step == 1) return true;
    std::int64_t inverse = 1;
    while (lathe::floor_mod(factor / common * inverse, step) != 1) ++inverse;
    step_ = step;
    start_ = exprs_.floor_mod(exprs_.scale(exprs_.floor_div(wanted, common), inverse), step);
    count_ = minimum(
        count_, exprs_.floor_div(exprs_.sub(exprs_.constant(extent_ + step - 1), start_), step));
    return true;
  }

  bool take_comparison(ir::expr condition) {
    const ir::node at = exprs_[condition];
    if (at.what != ir::kind::binary || !is_comparison(at.fn) || exprs_[at.a].type != dtype::i64)
      return false;
    const ir::expr gap = exprs_.sub(at.a, at.b), one = exprs_.constant(1);
    const ir::expr opposite = exprs_.scale(gap, -1);
    switch (at.fn) {
      case opcode::less: return at_least_zero(exprs_.sub(opposite, one));
      case opcode::less_equal: return at_least_zero(opposite);
      case opcode::greater: return at_least_zero(exprs_.sub(gap, one));
      case opcode::greater_equal: return at_least_zero(gap);
      case opcode::equal: return at_least_zero(gap) && at_least_zero(opposite);
      default: return false;
    }
  }

  bool at_least_zero(ir::expr sum) {
    std::int64_t factor = 0;
    ir::expr rest = ir::none;
    if (!take_apart(sum, factor, rest)) return false;
    rest = exprs_.add(rest, exprs_.scale(start_, factor));
    factor *= step_;
    const ir::expr one = exprs_.constant(1);
    if (factor > 0)
      low_ = maximum(low_, exprs_.scale(exprs_.floor_div(rest, factor), -1));
    else if (factor < 0)
      count_ = minimum(count_, exprs_.add(exprs_.floor_div(rest, -factor), one));
    else
      require(maximum(exprs_.constant(0), minimum(one, exprs_.add(rest, one))));
    return true;
  }

  ir::pool& exprs_;
  ir::expr variable_, atom_;
  std::int64_t extent_;
  ir::expr start_;
  std::int64_t step_ = 1;
  ir::expr count_;  ///< iterations of the step up to the last that counts
  ir::expr low_;    ///< those before the first that counts
  const sequence<ir::expr>& outside_;
  sequence<ir::expr> all_;
};

inline constexpr std::size_t most_sizes = 1024;  ///< different trip counts of one axis

/// All values that a size takes, largest first. Empty: too many.
LATHE_INLINE size_choices values_of(const ir::pool& exprs, ir::expr size,
                                    const sequence<program_axis>& axes) {
  sequence<const program_axis*> outside;
  std::int64_t points = 1;
  for (const program_axis& each : axes) {
    if (!exprs.depends_on(size, each.variable)) continue;
    outside.push_back(&each);
    if (each.extent > most_points / points) return {};
    points *= each.extent;
  }
  size_choices values;
  for (std::int64_t point = 0; point < points; ++point) {
    flat_map<std::int64_t, std::int64_t> variables;
    std::int64_t rest = point;
    for (const program_axis* each : outside) {
      variables.add(exprs.variable_index(each->variable), rest % each->extent);
      rest /= each->extent;
    }
    const std::int64_t value = evaluate_index(exprs, size, variables);
    if (!contains(values, value)) values.push_back(value);
    if (values.size() > most_sizes) return {};
  }
  sort(values, [](std::int64_t left, std::int64_t right) { return left > right; });
  return values;
}

/// A reduce axis: only the terms that count.
LATHE_INLINE std::string narrow_terms(program& target, program_stage& stage, int at,
                                      const step& what) {
  ir::pool& exprs = target.exprs;
  program_axis& axis = stage.axes[static_cast<std::size_t>(at)];
  if (axis.size != ir::none) return quoted(what.loop) + " is narrowed already";
  sequence<ir::expr> outside;
  std::string names;
  for (const std::string& name : what.loops) {
    const int other = find_axis(stage, name);
    if (other < 0) return unknown_axis(stage, name);
    if (stage.axes[static_cast<std::size_t>(other)].reduce)
      return quoted(name) + " is a reduce axis; the bounds can depend on spatial ones";
    outside.push_back(stage.axes[static_cast<std::size_t>(other)].variable);
    names += " " + name;
  }
  loop_bounds bounds(exprs, axis, outside);
  const std::size_t before = stage.holds.size();
  const sequence<ir::expr> conditions = conditions_of_terms(target, stage);
  for (const bool congruences : {true, false})
    for (const ir::expr each : conditions)
      if ((read_congruence(exprs, each).modulus > 1) == congruences && bounds.take(each))
        stage.holds.push_back(each);
  if (stage.holds.size() == before)
    return "no condition of the terms of " + quoted(stage.name) + " is about " + quoted(what.loop) +
           (names.empty() ? "" : " and" + names) + " alone";
  const ir::expr size = bounds.size();
  const size_choices sizes = values_of(exprs, size, stage.axes);
  if (sizes.empty())
    return quoted(what.loop) + " would have more than " + std::to_string(most_sizes) +
           " different trip counts";
  if (sizes.front() < 1) return "no term of " + quoted(stage.name) + " counts";
  const ir::expr number = exprs.make_variable(axis.name, sizes.front());
  const ir::expr value = bounds.value(number), old = axis.variable;
  drop_what_holds(exprs, stage);
  const std::int64_t whole = axis.extent;
  axis.variable = number;
  axis.extent = sizes.front();
  axis.value = value;
  axis.whole = whole;
  substitute_axes(exprs, stage, {{old, value}});
  if (sizes.size() > 1) {
    axis.size = size;
    axis.sizes = sizes;
  }
  reset_loops(stage);
  return {};
}

/// A spatial axis of an intermediate: only the elements that are read.
LATHE_INLINE std::string narrow_elements(program& target, int index, int at, const step& what) {
  ir::pool& exprs = target.exprs;
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  program_tensor& tensor = target.tensors[static_cast<std::size_t>(stage.tensor)];
  if (!what.loops.empty())
    return quoted(what.loop) + " is no reduce axis; write narrow(" + stage.name + "." + what.loop +
           ")";
  if (tensor.param >= 0)
    return "stage " + quoted(stage.name) + " computes an output, which must be computed whole";
  if (stage.has_phases()) return "stage " + quoted(stage.name) + " has phases";
  const sequence<int> readers = target.readers(stage.tensor);
  std::int64_t step = 0, first = -1;
  const auto dim = static_cast<std::size_t>(at);
  for (const int reader : readers) {
    const program_stage& from = target.stages[static_cast<std::size_t>(reader)];
    for (const ir::expr root : {from.body, from.epilogue}) {
      if (root == ir::none) continue;
      for (const ir::expr load : loads_in(exprs, root)) {
        if (exprs[load].imm != stage.tensor) continue;
        const congruence read = residues_of(exprs, exprs.args(load)[dim]);
        step = greatest_divisor(step, read.modulus);
        if (first >= 0) step = greatest_divisor(step, read.remainder - first);
        first = read.remainder;
      }
    }
  }
  if (step < 2)
    return "the elements of " + quoted(stage.name) + " that are read along " + quoted(what.loop) +
           " are not known to lie a fixed distance apart";
  first = lathe::floor_mod(first, step);
  program_axis& axis = stage.axes[dim];
  axis.extent = (axis.extent - first + step - 1) / step;
  if (axis.extent < 1) return "no element of " + quoted(stage.name) + " is read";
  const ir::expr old = axis.variable;
  axis.variable = exprs.make_variable(axis.name, axis.extent);
  substitute_axes(exprs, stage,
                  {{old, exprs.add(exprs.scale(axis.variable, step), exprs.constant(first))}});
  stage.point[dim] = axis.variable;
  tensor.shape[dim] = axis.extent;
  reset_loops(stage);
  const auto moved = [&](ir::expr load, std::span<const ir::expr> indices) -> ir::expr {
    const ir::node from = exprs[load];
    if (from.imm != stage.tensor) return load;
    sequence<ir::expr> point(indices.begin(), indices.end());
    point[dim] = exprs.floor_div(exprs.sub(point[dim], exprs.constant(first)), step);
    return exprs.load(stage.tensor, from.type, point);
  };
  for (const int reader : readers) {
    program_stage& into = target.stages[static_cast<std::size_t>(reader)];
    into.body = exprs.rewrite_loads(into.body, moved);
    if (into.epilogue != ir::none) into.epilogue = exprs.rewrite_loads(into.epilogue, moved);
  }
  return {};
}

LATHE_INLINE std::string apply_narrow(program& target, int index, const step& what) {
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  if (!has_default_loops(target, index)) return comes_first(stage, "narrow");
  const int at = find_axis(stage, what.loop);
  if (at < 0) return unknown_axis(stage, what.loop);
  if (stage.axes[static_cast<std::size_t>(at)].reduce) return narrow_terms(target, stage, at, what);
  return narrow_elements(target, index, at, what);
}

LATHE_INLINE std::string check_sizes(const program& target, const program_stage& stage) {
  const auto is_made_of = [&](const auto& self, int dim, int axis) -> bool {
    return dim == axis ||
           any_of(stage.dims[static_cast<std::size_t>(dim)].sources,
                  [&](const auto& source) { return self(self, source.first, axis); });
  };
  for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
    const program_axis& narrowed = stage.axes[axis];
    if (narrowed.size == ir::none) continue;
    const loop_place inner = place_of(stage, static_cast<int>(axis), 0);
    for (std::size_t other = 0; other < stage.axes.size(); ++other) {
      if (!target.exprs.depends_on(narrowed.size, stage.axes[other].variable)) continue;
      const int last = static_cast<int>(stage.dims[other].blocks.size()) - 1;
      if (!(place_of(stage, static_cast<int>(other), last) < inner))
        return "the loops of " + quoted(narrowed.name) + " of stage " + quoted(stage.name) +
               " must run inside those of " + quoted(stage.axes[other].name) +
               ", which decides how often they run";
      for (const stage_loop& loop : stage.loops)
        if (loop.how == ir::loop_kind::vectorized &&
            is_made_of(is_made_of, loop.dim, static_cast<int>(other)))
          return "loop " + quoted(loop.name) + " of stage " + quoted(stage.name) +
                 " is vectorized, but " + quoted(narrowed.name) +
                 " runs a different number of times in each of its iterations";
    }
    const int kept = stage.accumulate_at.empty() ? -1 : stage.find_loop(stage.accumulate_at);
    if (narrowed.sizes.back() == 0 && inner.loop <= kept)
      return "cache_write(" + stage.name + " at " + stage.accumulate_at +
             ") starts inside a loop of " + quoted(narrowed.name) + ", which does not always run";
  }
  return {};
}

}  // namespace lathe::detail
