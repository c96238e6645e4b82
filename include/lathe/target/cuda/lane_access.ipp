/// @file
/// Bodies of lane_access.hpp.
#pragma once

#include <lathe/target/cuda/lane_access.hpp>

namespace lathe::detail {

/// True for `lanes * (...) + lane`.
LATHE_INLINE bool lane_access::begins_aligned(ir::expr index) const {
  if (exprs_[index].what != ir::kind::linear || exprs_[index].imm % lanes_ != 0) return false;
  bool follows = false;
  for (const ir::term& each : exprs_.terms(index)) {
    const bool lane = exprs_.is_variable(each.atom) &&
                      exprs_.variable_index(each.atom) == exprs_.variable_index(variable_);
    if (lane) {
      follows = each.coef == 1;
      if (!follows) return false;
    } else if (each.coef % lanes_ != 0 || exprs_.depends_on(each.atom, variable_)) {
      return false;
    }
  }
  return follows;
}

LATHE_INLINE bool lane_access::is_uniform(ir::expr condition) const {
  if (variable_ == ir::none || !exprs_.depends_on(condition, variable_)) return true;
  const ir::node& at = exprs_[condition];
  if (at.what == ir::kind::unary) return at.fn == opcode::logical_not && is_uniform(at.a);
  if (at.what != ir::kind::binary) return false;
  if (is_logical(at.fn)) return is_uniform(at.a) && is_uniform(at.b);
  const bool halves = at.fn == opcode::less || at.fn == opcode::greater_equal;
  return halves && exprs_[at.a].type == dtype::i64 && begins_aligned(at.a) &&
         exprs_.is_constant(at.b) && exprs_.constant_value(at.b) % lanes_ == 0;
}

LATHE_INLINE lane_copy lane_access::copied(ir::expr value) const {
  lane_copy out;
  while (exprs_[value].what == ir::kind::select) {
    const ir::node& at = exprs_[value];
    const bool constant = exprs_[at.c].what == ir::kind::literal || exprs_.is_constant(at.c);
    const bool same = out.conditions.empty() || at.c == out.otherwise;
    if (!constant || !same || !is_uniform(at.a)) return {};
    out.conditions.push_back(at.a);
    out.otherwise = at.c;
    value = at.b;
  }
  if (exprs_[value].what != ir::kind::load) return {};
  out.load = value;
  return out;
}

}  // namespace lathe::detail
