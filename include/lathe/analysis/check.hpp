/// @file
/// Rules about numbers: extents, divisors, shapes, bounds. Constexpr functions over the flat
/// description, so that the same mistake has the same id at compile time and at run time.
/// describe.hpp runs them; api/ asks for the result before it tunes.
#pragma once

#include <lathe/analysis/access.hpp>
#include <lathe/core/diagnose.hpp>

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
  return node.op >= opcode::add && node.op <= opcode::mod && is_index_expression(desc, node.a) &&
         is_index_expression(desc, node.b);
}

// Narrows the range of an index whose form differs from the condition's only by a constant:
// `yp >= p && yp < H + p` keeps `yp - p` in 0 .. H - 1.
constexpr void narrow(const desc_view& desc, int stage, int condition, narrowed_range& index) {
  const desc_expr& node = desc.exprs[condition];
  if (node.op == opcode::logical_and) {
    narrow(desc, stage, node.a, index);
    narrow(desc, stage, node.b, index);
    return;
  }
  if (!is_comparison(node.op) || !is_index_expression(desc, node.a) ||
      !is_index_expression(desc, node.b)) {
    return;
  }
  // form(a) - form(b) op 0, where the difference is +-(index - shift)
  affine_form difference = affine_form_of(desc, stage, node.a);
  add_to_form(desc, desc.stages[stage].first_axis, node.b, -1, difference);
  opcode op = node.op;
  if (!same_coefficients(difference, *index.form)) {
    for (std::int64_t& coef : difference.coef) coef = -coef;
    difference.offset = -difference.offset;
    op = op == opcode::less            ? opcode::greater
         : op == opcode::less_equal    ? opcode::greater_equal
         : op == opcode::greater       ? opcode::less
         : op == opcode::greater_equal ? opcode::less_equal
                                       : op;
    if (!same_coefficients(difference, *index.form)) return;
  }
  const std::int64_t zero = index.form->offset - difference.offset;  // index where difference is 0
  index_range& range = index.range;
  const bool above = op == opcode::greater || op == opcode::greater_equal || op == opcode::equal;
  const bool below = op == opcode::less || op == opcode::less_equal || op == opcode::equal;
  const std::int64_t low = zero + (op == opcode::greater ? 1 : 0);
  const std::int64_t high = zero - (op == opcode::less ? 1 : 0);
  if (above && low > range.low) range.low = low;
  if (below && high < range.high) range.high = high;
}

// Conditions that hold where the access is evaluated: `select` nodes whose taken branch it is in.
struct guard {
  int condition;
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
        narrow(desc, access.stage, g->condition, index);
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
    const guard taken{node.a, guards};
    join(worst, bounds_below(desc, node.a, guards));
    join(worst, bounds_below(desc, node.b, &taken));
    join(worst, bounds_below(desc, node.c, guards));
  } else if (node.op != opcode::literal && node.op != opcode::axis && node.op != opcode::arg) {
    if (node.a >= 0) join(worst, bounds_below(desc, node.a, guards));
    if (node.b >= 0) join(worst, bounds_below(desc, node.b, guards));
    if (node.c >= 0 && node.op != opcode::reduce) join(worst, bounds_below(desc, node.c, guards));
  }
  return worst;
}

constexpr diagnosis broken_extent(const desc_view& desc) {
  for (int n = 0; n < desc.axis_count; ++n) {
    const desc_axis& axis = desc.axes[n];
    if (axis.extent == unknown_extent) continue;
    if (axis.extent < 1 || axis.extent > max_extent) {
      return {diagnostic::illegal_extent, axis.name, desc.stages[axis.stage].name, axis.extent,
              axis.extent < 1 ? 1 : max_extent};
    }
  }
  for (int t = 0; t < desc.tensor_count; ++t) {
    const desc_tensor& tensor = desc.tensors[t];
    for (int d = 0; tensor.declared && d < tensor.rank; ++d) {
      const std::int64_t extent = tensor.shape[d];
      if (extent < 1 || extent > max_extent) {
        return {diagnostic::illegal_extent, tensor.name, "", extent, extent < 1 ? 1 : max_extent};
      }
    }
  }
  return {};
}

// The smallest divisor in an index expression if it is below 1, otherwise 1.
constexpr std::int64_t smallest_divisor(const desc_view& desc, int expr) {
  const desc_expr& node = desc.exprs[expr];
  if (node.op < opcode::add || node.op > opcode::mod) return 1;
  const std::int64_t left = smallest_divisor(desc, node.a);
  std::int64_t right = smallest_divisor(desc, node.b);
  if (node.op == opcode::div || node.op == opcode::mod) {
    const index_range divisor = range_of(desc, node.b);
    if (divisor.known && divisor.low < right) right = divisor.low;
  }
  return left < right ? left : right;
}

constexpr diagnosis broken_access(const desc_view& desc, const desc_access& access) {
  const desc_tensor& tensor = desc.tensors[access.tensor];
  const char* place = desc.stages[access.stage].name;
  for (int d = 0; d < tensor.rank; ++d) {
    const std::int64_t divisor = smallest_divisor(desc, access.index[d]);
    if (divisor < 1) return {diagnostic::divisor_below_one, tensor.name, place, divisor, 1};
    const index_range range = range_of(desc, access.index[d]);
    const std::int64_t extent = tensor.shape[d];
    if (access.guarded || !range.known || extent == unknown_extent) continue;
    if (range.low < 0 || range.high >= extent) {
      const std::int64_t index = range.low < 0 ? range.low : range.high;
      return {diagnostic::out_of_bounds, tensor.name, place, index, extent};
    }
    if (access.write && range.high + 1 < extent) {
      return {diagnostic::partly_computed, tensor.name, place, range.high + 1, extent};
    }
  }
  return {};
}

}  // namespace detail

/// Fills in the shapes that the user did not declare: a computed tensor has the extents of its
/// axes, an input the range of its unguarded direct reads. What cannot be inferred stays unknown.
/// @param tensors  the tensors of `desc`, to be written
constexpr void infer_shapes(const desc_view& desc, desc_tensor* tensors) {
  for (int n = 0; n < desc.access_count; ++n) {
    const desc_access& access = desc.accesses[n];
    desc_tensor& tensor = tensors[access.tensor];
    if (tensor.declared || access.guarded || (tensor.producer >= 0 && !access.write)) continue;
    for (int d = 0; d < tensor.rank; ++d) {
      const index_range range = range_of(desc, access.index[d]);
      if (range.known && range.high >= tensor.shape[d]) tensor.shape[d] = range.high + 1;
    }
  }
}

/// The first broken rule about numbers, or an ok() diagnosis. Numbers that are unknown (type alone)
/// break no rule.
/// @complexity O(size of the description)
constexpr diagnosis find_problem(const desc_view& desc) {
  if (const diagnosis problem = detail::broken_extent(desc); !problem.ok()) return problem;
  for (int n = 0; n < desc.access_count; ++n) {
    const diagnosis problem = detail::broken_access(desc, desc.accesses[n]);
    if (!problem.ok()) return problem;
  }
  return {};
}

/// Infers the shapes, then finds the first broken rule about numbers.
constexpr diagnosis complete(const desc_view& desc, desc_tensor* tensors) {
  const diagnosis problem = detail::broken_extent(desc);
  if (!problem.ok()) return problem;
  infer_shapes(desc, tensors);
  return find_problem(desc);
}

/// The first tensor whose shape is neither declared nor inferable, or an ok() diagnosis.
constexpr diagnosis find_unknown_shape(const desc_view& desc) {
  for (int t = 0; t < desc.tensor_count; ++t) {
    for (int d = 0; d < desc.tensors[t].rank; ++d) {
      if (desc.tensors[t].shape[d] == unknown_extent) {
        return {diagnostic::shape_unknown, desc.tensors[t].name, ""};
      }
    }
  }
  return {};
}

/// Whether all accesses of the operator stay inside their tensors. Understands conditions of
/// `select` that are conjunctions of comparisons of an index, up to a constant, with a constant.
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
