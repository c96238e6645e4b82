/// @file
/// Bodies of conditions.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/lower/conditions.hpp>

namespace lathe::detail {

/// Finds the conditions without which a value is neutral.
class condition_finder {
 public:
  condition_finder(program& of, const program_stage& stage) : of_(of), neutral_(stage.identity) {
    ir::pool& exprs = of.exprs;
    const dtype type = exprs[stage.identity].type;
    const ir::expr sum = exprs.binary(opcode::add, type, exprs.load(accumulated, type, {}),
                                      exprs.load(new_term, type, {}));
    adds_ = stage.combine == sum && is_zero(stage.identity);
  }

  /// What must hold for a value to count.
  struct found {
    bool never = false;  ///< the value is neutral whatever holds
    sequence<ir::expr> conditions;
  };

  found of(ir::expr value) {
    if (const auto known = known_.find(value); known != known_.end()) return known->second;
    found out = look(value);
    sort(out.conditions);
    remove_repeated(out.conditions);
    known_.add(value, out);
    return out;
  }

 private:
  bool is_zero(ir::expr value) const {
    const ir::node& at = of_.exprs[value];
    if (at.what == ir::kind::linear) return at.count == 0 && at.imm == 0;
    return at.what == ir::kind::literal && at.imm == 0 && at.num == 0;
  }

  found look(ir::expr value) {
    if (value == neutral_ || (adds_ && is_zero(value))) return {true, {}};
    const ir::node at = of_.exprs[value];
    switch (at.what) {
      case ir::kind::select: {
        const found then = of(at.b), otherwise = of(at.c);
        if (!otherwise.never) return both(then, otherwise);
        found out = then;
        take_apart(at.a, out.conditions);
        return out;
      }
      case ir::kind::load: {
        const ir::expr computed = producer_value(value);
        return computed == ir::none ? found{} : of(computed);
      }
      default: break;
    }
    if (!adds_) return {};
    switch (at.what) {  // what is zero if its operands are
      case ir::kind::cast: return of(at.a);
      case ir::kind::unary: return at.fn == opcode::neg ? of(at.a) : found{};
      case ir::kind::binary:
        if (at.fn == opcode::mul) return either(of(at.a), of(at.b));
        if (at.fn == opcode::add || at.fn == opcode::sub) return both(of(at.a), of(at.b));
        return {};
      case ir::kind::linear: {
        if (at.imm != 0) return {};
        const sequence<ir::term> terms(of_.exprs.terms(value).begin(),
                                       of_.exprs.terms(value).end());
        found out{true, {}};
        for (const ir::term& each : terms) out = both(out, of(each.atom));
        return out;
      }
      default: return {};
    }
  }

  /// Neutral if both are: what both need.
  static found both(const found& left, const found& right) {
    if (left.never) return right;
    if (right.never) return left;
    found out;
    for (const ir::expr each : left.conditions)
      if (contains(right.conditions, each)) out.conditions.push_back(each);
    return out;
  }

  /// Neutral if one of them is: what any needs.
  static found either(found left, const found& right) {
    left.never |= right.never;
    left.conditions.insert(left.conditions.end(), right.conditions.begin(), right.conditions.end());
    return left;
  }

  void take_apart(ir::expr condition, sequence<ir::expr>& out) const {
    const ir::node at = of_.exprs[condition];
    if (at.what != ir::kind::binary || at.fn != opcode::logical_and) {
      out.push_back(condition);
      return;
    }
    take_apart(at.a, out);
    take_apart(at.b, out);
  }

  /// What a pointwise stage computes for the element that is loaded; none if no such stage does.
  ir::expr producer_value(ir::expr load) {
    const std::int64_t index = of_.exprs[load].imm;
    if (index < 0) return ir::none;
    const int producer = of_.tensors[static_cast<std::size_t>(index)].producer;
    if (producer < 0) return ir::none;
    const program_stage& stage = of_.stages[static_cast<std::size_t>(producer)];
    if (stage.reduction || stage.has_phases()) return ir::none;
    sequence<std::pair<ir::expr, ir::expr>> mapping;
    const auto indices = of_.exprs.args(load);
    for (std::size_t dim = 0; dim < indices.size(); ++dim)
      mapping.emplace_back(stage.axes[dim].variable, indices[dim]);
    return of_.exprs.substitute(stage.body, mapping);
  }

  program& of_;
  ir::expr neutral_;
  bool adds_ = false;
  flat_map<ir::expr, found> known_;
};

LATHE_INLINE sequence<ir::expr> conditions_of_terms(program& of, const program_stage& stage) {
  return condition_finder(of, stage).of(stage.body).conditions;
}

LATHE_INLINE congruence read_congruence(ir::pool& exprs, ir::expr condition) {
  const ir::node at = exprs[condition];
  if (at.what != ir::kind::binary || at.fn != opcode::equal || exprs[at.a].type != dtype::i64)
    return {};
  const ir::expr gap = exprs.sub(at.a, at.b);
  if (exprs.terms(gap).size() != 1) return {};
  const ir::term only = exprs.terms(gap)[0];
  const ir::node remainder = exprs[only.atom];
  const std::int64_t wanted = -exprs[gap].imm;
  if (remainder.what != ir::kind::floor_mod || wanted % only.coef != 0) return {};
  return {remainder.a, remainder.imm, wanted / only.coef};
}

LATHE_INLINE bool is_over(const ir::pool& exprs, ir::expr value,
                          const sequence<ir::expr>& variables) {
  if (value == ir::none) return true;
  const ir::node& at = exprs[value];
  switch (at.what) {
    case ir::kind::variable:
      return any_of(variables, [&](ir::expr each) { return exprs.variable_index(each) == at.imm; });
    case ir::kind::linear:
    case ir::kind::floor_div:
    case ir::kind::floor_mod: break;
    case ir::kind::binary:
      if (at.type == dtype::i64 && (at.fn == opcode::min || at.fn == opcode::max)) break;
      return false;
    default: return false;
  }
  return all_of(exprs.terms(value),
                [&](const ir::term& each) { return is_over(exprs, each.atom, variables); }) &&
         is_over(exprs, at.a, variables) && is_over(exprs, at.b, variables);
}

LATHE_INLINE congruence residues_of(ir::pool& exprs, ir::expr index) {
  // c * (a % m) is c * a up to a multiple of c * m; what is left moves by its factors.
  std::int64_t step = 0;
  for (bool again = true; again;) {
    again = false;
    for (const ir::term each : exprs.terms(index)) {
      const ir::node atom = exprs[each.atom];
      if (atom.what != ir::kind::floor_mod) continue;
      step = greatest_divisor(step, each.coef * atom.imm);
      const ir::expr without = exprs.sub(index, exprs.scale(each.atom, each.coef));
      index = exprs.add(without, exprs.scale(atom.a, each.coef));
      again = true;
      break;
    }
  }
  for (const ir::term& each : exprs.terms(index))
    if (exprs.range(each.atom).high > exprs.range(each.atom).low)
      step = greatest_divisor(step, each.coef);
    else if (each.coef != 0)
      step = greatest_divisor(step, each.coef * exprs.range(each.atom).low);
  const std::int64_t fixed = exprs[index].imm;
  return {index, step, step == 0 ? fixed : lathe::floor_mod(fixed, step)};
}

LATHE_INLINE std::int64_t evaluate_index(const ir::pool& exprs, ir::expr value,
                                         const flat_map<std::int64_t, std::int64_t>& variables) {
  const ir::node& at = exprs[value];
  switch (at.what) {
    case ir::kind::variable: return variables.find(at.imm)->second;
    case ir::kind::floor_div:
      return lathe::floor_div(evaluate_index(exprs, at.a, variables), at.imm);
    case ir::kind::floor_mod:
      return lathe::floor_mod(evaluate_index(exprs, at.a, variables), at.imm);
    case ir::kind::binary: {
      const std::int64_t left = evaluate_index(exprs, at.a, variables);
      const std::int64_t right = evaluate_index(exprs, at.b, variables);
      return at.fn == opcode::min ? smaller(left, right) : larger(left, right);
    }
    default: {
      std::int64_t sum = at.imm;
      for (const ir::term& each : exprs.terms(value))
        sum += each.coef * evaluate_index(exprs, each.atom, variables);
      return sum;
    }
  }
}

}  // namespace lathe::detail
