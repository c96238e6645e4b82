/// @file
/// Bodies of gather_bounds.hpp.
#pragma once

#include <lathe/api/gather_bounds.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/space/reuse.hpp>

namespace lathe {

LATHE_INLINE gather_bounds::gather_bounds(const program& of)
    : of_(of), uses_(of.tensors.size(), 0) {
  for (const program_stage& stage : of.stages)
    for (const ir::expr root : {stage.body, stage.epilogue})
      if (root != ir::none)
        for (const ir::expr load : loads_in(of.exprs, root))
          for (const ir::expr index : of.exprs.args(load)) mark(index);
}

/// Notes the tensors that an index expression reads, and what they are computed from.
LATHE_INLINE void gather_bounds::mark(ir::expr index) {
  for (const ir::expr load : loads_in(of_.exprs, index)) {
    const std::int64_t tensor = of_.exprs[load].imm;
    if (tensor < 0 || uses_[static_cast<std::size_t>(tensor)] != 0) continue;
    uses_[static_cast<std::size_t>(tensor)] = 1;
    const int producer = of_.tensors[static_cast<std::size_t>(tensor)].producer;
    if (producer >= 0) mark(of_.stages[static_cast<std::size_t>(producer)].body);
  }
}

LATHE_INLINE std::int64_t gather_bounds::bound() const {
  std::int64_t low = 1, high = 1 << 20;
  while (low < high) {
    const std::int64_t middle = (low + high + 1) / 2;
    (safe(middle) ? low : high) = safe(middle) ? middle : middle - 1;
  }
  return low;
}

LATHE_INLINE bool gather_bounds::safe(std::int64_t values) const {
  for (const program_stage& stage : of_.stages)
    for (const ir::expr root : {stage.body, stage.epilogue}) {
      if (root == ir::none) continue;
      for (const ir::expr load : loads_in(of_.exprs, root)) {
        if (of_.exprs[load].imm < 0) continue;
        const auto& shape = of_.tensors[static_cast<std::size_t>(of_.exprs[load].imm)].shape;
        const auto indices = of_.exprs.args(load);
        for (std::size_t dim = 0; dim < indices.size(); ++dim) {
          if (loads_in(of_.exprs, indices[dim]).empty()) continue;
          const ir::interval range = of(indices[dim], values);
          if (range.low < 0 || range.high >= shape[dim]) return false;
        }
      }
    }
  return true;
}

LATHE_INLINE ir::interval gather_bounds::of(ir::expr handle, std::int64_t values) const {
  const ir::node& at = of_.exprs[handle];
  switch (at.what) {
    case ir::kind::linear: {
      ir::interval total{at.imm, at.imm};
      for (const ir::term& each : of_.exprs.terms(handle))
        total = ir::detail::sum(total, ir::detail::scaled(of(each.atom, values), each.coef));
      return total;
    }
    case ir::kind::floor_div: {
      const ir::interval inner = of(at.a, values);
      return {floor_div(inner.low, at.imm), floor_div(inner.high, at.imm)};
    }
    case ir::kind::floor_mod: {
      const ir::interval inner = of(at.a, values);
      if (inner.low >= 0 && inner.high < at.imm) return inner;
      return {0, at.imm - 1};
    }
    case ir::kind::cast: return of(at.a, values);
    case ir::kind::literal: return {at.imm, at.imm};
    case ir::kind::load: {
      if (at.imm < 0) return {};
      const int producer = of_.tensors[static_cast<std::size_t>(at.imm)].producer;
      if (producer < 0) return {0, values - 1};
      const program_stage& stage = of_.stages[static_cast<std::size_t>(producer)];
      return stage.reduction ? ir::interval{} : of(stage.body, values);
    }
    case ir::kind::select: {
      const ir::interval then = of(at.b, values), otherwise = of(at.c, values);
      return {smaller(then.low, otherwise.low), larger(then.high, otherwise.high)};
    }
    case ir::kind::binary: {
      if (at.fn == opcode::mul && of_.exprs.is_constant(at.b))
        return ir::detail::scaled(of(at.a, values), of_.exprs.constant_value(at.b));
      const ir::interval left = of(at.a, values), right = of(at.b, values);
      if (at.fn == opcode::min)
        return {smaller(left.low, right.low), smaller(left.high, right.high)};
      if (at.fn == opcode::max) return {larger(left.low, right.low), larger(left.high, right.high)};
      if (at.fn != opcode::add && at.fn != opcode::sub) return of_.exprs.range(handle);
      return ir::detail::sum(left, at.fn == opcode::add ? right : ir::detail::scaled(right, -1));
    }
    default: return of_.exprs.range(handle);
  }
}

}  // namespace lathe
