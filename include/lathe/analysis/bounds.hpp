/// @file
/// The proof that no access leaves its tensor. Constexpr functions over the flat description, by
/// interval arithmetic and the conditions of `select`.
#pragma once

#include <lathe/analysis/access.hpp>

namespace lathe {

/// What is known about the indices of an operator.
enum class bounds : unsigned char {
  proven,    ///< every access stays inside its tensor
  violated,  ///< some unguarded access leaves its tensor
  unknown    ///< depends on a gather, or on a condition that the proof does not understand
};

namespace detail {

// Index expressions [low, high] that a condition leaves over for `form`.
struct narrowed_range {
  const affine_form* form;
  index_range range;
};

constexpr bool same_coefficients(const affine_form& left, const affine_form& right) {
  for (int n = 0; n < max_stage_axes; ++n) {
    if (left.coef[n] != right.coef[n]) return false;
  }
  return left.kind == index_kind::affine && right.kind == index_kind::affine && left.known &&
         right.known;
}

constexpr bool is_index_expression(const desc_view& desc, int expr) {
  const desc_expr& node = desc.exprs[expr];
  if (node.op == opcode::literal) return node.type == dtype::i64;
  if (node.op == opcode::axis) return true;
  return is_index_operation(node.op) && is_index_expression(desc, node.a) &&
         is_index_expression(desc, node.b);
}

// The comparison that holds if and only if `op` does not.
constexpr opcode opposite(opcode op) {
  switch (op) {
    case opcode::less: return opcode::greater_equal;
    case opcode::less_equal: return opcode::greater;
    case opcode::greater: return opcode::less_equal;
    case opcode::greater_equal: return opcode::less;
    case opcode::equal: return opcode::not_equal;
    default: return opcode::equal;
  }
}

// The comparison that holds for (-a, 0) if and only if `op` holds for (a, 0).
constexpr opcode mirrored(opcode op) {
  switch (op) {
    case opcode::less: return opcode::greater;
    case opcode::less_equal: return opcode::greater_equal;
    case opcode::greater: return opcode::less;
    case opcode::greater_equal: return opcode::less_equal;
    default: return op;
  }
}

// Keeps the values v of `range` with `v op limit`.
constexpr void keep(opcode op, std::int64_t limit, index_range& range) {
  const bool is_edge = op == opcode::not_equal;
  const bool above = op == opcode::greater || op == opcode::greater_equal || op == opcode::equal ||
                     (is_edge && range.low == limit);
  const bool below = op == opcode::less || op == opcode::less_equal || op == opcode::equal ||
                     (is_edge && range.high == limit);
  const std::int64_t low = limit + (op == opcode::greater || is_edge ? 1 : 0);
  const std::int64_t high = limit - (op == opcode::less || is_edge ? 1 : 0);
  if (above && low > range.low) range.low = low;
  if (below && high < range.high) range.high = high;
}

// Narrows the range of an index, knowing that `condition` is `holds`, if the two differ by no more
// than a constant: `yp >= p && yp < H + p` keeps `yp - p` in 0 .. H - 1.
constexpr void narrow(const desc_view& desc, int stage, int condition, bool holds,
                      narrowed_range& index) {
  const desc_expr& node = desc.exprs[condition];
  if (node.op == (holds ? opcode::logical_and : opcode::logical_or)) {
    narrow(desc, stage, node.a, holds, index);
    narrow(desc, stage, node.b, holds, index);
    return;
  }
  if (node.op == opcode::logical_not) {
    narrow(desc, stage, node.a, !holds, index);
    return;
  }
  if (!is_comparison(node.op) || !is_index_expression(desc, node.a) ||
      !is_index_expression(desc, node.b)) {
    return;
  }
  // a op b is (a - b) op 0, where a - b should be index - limit or limit - index
  affine_form difference = affine_form_of(desc, stage, node.a);
  add_to_form(desc, desc.stages[stage].first_axis, node.b, -1, difference);
  const opcode op = holds ? node.op : opposite(node.op);
  if (same_coefficients(difference, *index.form)) {
    keep(op, index.form->offset - difference.offset, index.range);
    return;
  }
  for (std::int64_t& coef : difference.coef) coef = -coef;
  if (same_coefficients(difference, *index.form)) {
    keep(mirrored(op), index.form->offset + difference.offset, index.range);
  }
}

// Conditions that are known where an access is evaluated: one per `select` around it.
struct guard {
  int condition;
  bool holds;  // in the first branch of the select; it does not in the second
  const guard* outer;
};

constexpr bounds bounds_of_access(const desc_view& desc, const desc_access& access,
                                  const guard* guards) {
  const desc_tensor& tensor = desc.tensors[access.tensor];
  bounds worst = bounds::proven;
  for (int d = 0; d < tensor.rank; ++d) {
    index_range range = range_of(desc, access.index[d]);
    if (!range.known || tensor.shape[d] == unknown_extent) {
      worst = worst == bounds::violated ? worst : bounds::unknown;
      continue;
    }
    if (guards != nullptr) {
      const affine_form form = affine_form_of(desc, access.stage, access.index[d]);
      narrowed_range index{&form, range};
      for (const guard* g = guards; g != nullptr; g = g->outer) {
        narrow(desc, access.stage, g->condition, g->holds, index);
      }
      range = index.range;
    }
    const bool empty = range.low > range.high;  // the branch is never taken
    if (empty || (range.low >= 0 && range.high < tensor.shape[d])) continue;
    worst = access.guarded && worst != bounds::violated ? bounds::unknown : bounds::violated;
  }
  return worst;
}

constexpr void join(bounds& worst, bounds next) {
  if (next == bounds::violated || worst == bounds::proven) worst = next;
}

// All accesses at and below `expr`, those inside indices included.
constexpr bounds bounds_below(const desc_view& desc, int expr, const guard* guards) {
  const desc_expr& node = desc.exprs[expr];
  bounds worst = bounds::proven;
  if (node.op == opcode::load) {
    const desc_access& access = desc.accesses[node.imm];
    join(worst, bounds_of_access(desc, access, guards));
    for (int d = 0; d < desc.tensors[access.tensor].rank; ++d) {
      join(worst, bounds_below(desc, access.index[d], guards));
    }
  } else if (node.op == opcode::select) {
    const guard yes{node.a, true, guards};
    const guard no{node.a, false, guards};
    join(worst, bounds_below(desc, node.a, guards));
    join(worst, bounds_below(desc, node.b, &yes));
    join(worst, bounds_below(desc, node.c, &no));
  } else if (node.op != opcode::literal && node.op != opcode::axis && node.op != opcode::arg) {
    if (node.a >= 0) join(worst, bounds_below(desc, node.a, guards));
    if (node.b >= 0) join(worst, bounds_below(desc, node.b, guards));
    if (node.c >= 0 && node.op != opcode::reduce) join(worst, bounds_below(desc, node.c, guards));
  }
  return worst;
}

}  // namespace detail

/// Whether all accesses of the operator stay inside their tensors. Understands conditions of
/// `select` made of && || ! and comparisons of an index, up to a constant, with a constant.
/// @complexity O(accesses * conditions)
constexpr bounds bounds_of(const desc_view& desc) {
  bounds worst = bounds::proven;
  for (int s = 0; s < desc.stage_count; ++s) {
    detail::join(worst,
                 detail::bounds_of_access(desc, desc.accesses[desc.stages[s].write], nullptr));
    detail::join(worst, detail::bounds_below(desc, desc.stages[s].body, nullptr));
  }
  return worst;
}

}  // namespace lathe
