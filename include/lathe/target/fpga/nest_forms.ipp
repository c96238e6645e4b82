/// @file
/// Bodies of nest_forms.hpp.
#pragma once

#include <lathe/core/math.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/target/fpga/nest_forms.hpp>

namespace lathe::detail {

class dimension_finder {
 public:
  explicit dimension_finder(ir::nest& nest) : nest_(nest) {}

  /// Per statement: indices of its store.
  sequence<sequence<ir::expr>> find() {
    sequence<sequence<ir::expr>> out(nest_.stmts.size());
    for (ir::buffer& each : nest_.buffers)
      if (is_off_chip(each) || each.shape.empty()) each.shape = {each.elements};
    for_each_access([&](std::int32_t of, ir::expr flat) {
      ir::buffer& at = nest_.buffers[static_cast<std::size_t>(of)];
      if (at.shape.size() > 1 && per_dimension(flat, at.shape).empty()) at.shape = {at.elements};
    });
    for (std::size_t at = 0; at < nest_.stmts.size(); ++at) {
      ir::statement each = nest_.stmts[at];
      for (ir::expr* root : {&each.value, &each.index, &each.condition, &each.extent})
        if (*root != ir::none && root != &each.index) *root = with_dimensions(*root);
      if (each.what == ir::stmt_kind::store) {
        const sequence<std::int64_t> shape = buffer(each.buffer).shape;
        const ir::expr flat = with_dimensions(each.index);
        out[at] = shape.size() > 1 ? per_dimension(each.index, shape) : sequence<ir::expr>{flat};
      }
      nest_.stmts[at] = each;
    }
    return out;
  }

 private:
  ir::pool& exprs() { return nest_.exprs; }
  const ir::buffer& buffer(std::int64_t index) {
    return nest_.buffers[static_cast<std::size_t>(index)];
  }

  /// Per dimension, the index of a flat one; empty if it is no sum of parts within the dimensions.
  sequence<ir::expr> per_dimension(ir::expr flat, const sequence<std::int64_t>& shape) {
    sequence<std::int64_t> pitch(shape.size(), 1);
    for (std::size_t at = shape.size(); at-- > 1;) pitch[at - 1] = pitch[at] * shape[at];
    sequence<ir::expr> index(shape.size(), exprs().constant(0));
    const sequence<ir::term> terms(exprs().terms(flat).begin(), exprs().terms(flat).end());
    const auto dimension_of = [&](std::int64_t coef) {
      std::size_t at = 0;
      while (at + 1 < shape.size() &&
             (shape[at] == 1 || math::abs(coef) < pitch[at] || coef % pitch[at] != 0))
        ++at;
      return at;
    };
    for (const ir::term& each : terms) {
      const std::size_t at = dimension_of(each.coef);
      if (each.coef % pitch[at] != 0) return {};
      index[at] = exprs().add(index[at], exprs().scale(each.atom, each.coef / pitch[at]));
    }
    std::int64_t rest = exprs()[flat].imm;
    for (std::size_t at = 0; at < shape.size() && rest != 0; ++at) {
      const std::int64_t part = rest / pitch[at];
      if (shape[at] == 1 || part == 0) continue;
      index[at] = exprs().add(index[at], exprs().constant(part));
      rest -= part * pitch[at];
    }
    if (rest != 0) return {};
    for (std::size_t at = 0; at < shape.size(); ++at) {
      const ir::interval range = exprs().range(index[at]);
      if (range.low < 0 || range.high >= shape[at]) return {};
    }
    return index;
  }

  /// Calls visit(buffer, flat index) for all accesses.
  template <class Visit>
  void for_each_access(const Visit& visit) {
    for (std::size_t at = 0; at < nest_.stmts.size(); ++at) {
      const ir::statement each = nest_.stmts[at];
      for (const ir::expr root : {each.value, each.index, each.condition, each.extent})
        if (root != ir::none)
          for (const ir::expr load : loads_in(exprs(), root))
            visit(static_cast<std::int32_t>(exprs()[load].imm), exprs().args(load)[0]);
      if (each.what == ir::stmt_kind::store) visit(each.buffer, each.index);
    }
  }

  ir::expr with_dimensions(ir::expr value) {
    return exprs().rewrite_loads(value, [&](ir::expr load, std::span<const ir::expr> indices) {
      const ir::node at = exprs()[load];
      const sequence<std::int64_t> shape = buffer(at.imm).shape;
      if (shape.size() < 2)
        return exprs().load(static_cast<std::int32_t>(at.imm), at.type, indices);
      const sequence<ir::expr> index = per_dimension(indices[0], shape);
      return exprs().load(static_cast<std::int32_t>(at.imm), at.type, index);
    });
  }

  ir::nest& nest_;
};

LATHE_INLINE sequence<sequence<ir::expr>> give_dimensions(ir::nest& nest) {
  return dimension_finder(nest).find();
}

LATHE_INLINE fpga_range range_where(ir::pool& exprs, ir::expr condition, ir::expr variable,
                                    ir::expr extent) {
  const ir::node at = exprs[condition];
  if (at.what != ir::kind::binary) return {};
  if (at.fn == opcode::logical_and) {
    const fpga_range left = range_where(exprs, at.a, variable, extent),
                     right = range_where(exprs, at.b, variable, extent);
    if (left.first == ir::none || right.first == ir::none) return {};
    return {exprs.binary(opcode::max, dtype::i64, left.first, right.first),
            exprs.binary(opcode::min, dtype::i64, left.end, right.end)};
  }
  if (!is_comparison(at.fn) || exprs[at.a].type != dtype::i64) return {};
  const bool below = at.fn == opcode::less || at.fn == opcode::less_equal;
  if (!below && at.fn != opcode::greater && at.fn != opcode::greater_equal) return {};
  // margin >= 0
  ir::expr margin = below ? exprs.sub(at.b, at.a) : exprs.sub(at.a, at.b);
  if (at.fn == opcode::less || at.fn == opcode::greater)
    margin = exprs.sub(margin, exprs.constant(1));
  std::int64_t step = 0;
  for (const ir::term& each : exprs.terms(margin))
    if (exprs.is_variable(each.atom) &&
        exprs.variable_index(each.atom) == exprs.variable_index(variable))
      step = each.coef;
  if (step != 1 && step != -1) return {};
  const ir::expr rest = exprs.sub(margin, exprs.scale(variable, step));
  if (exprs.depends_on(rest, variable) || !loads_in(exprs, rest).empty()) return {};
  const ir::expr zero = exprs.constant(0);
  if (step > 0) return {exprs.binary(opcode::max, dtype::i64, zero, exprs.sub(zero, rest)), extent};
  return {zero, exprs.binary(opcode::min, dtype::i64, extent, exprs.add(rest, exprs.constant(1)))};
}

}  // namespace lathe::detail
