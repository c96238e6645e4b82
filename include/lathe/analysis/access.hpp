/// @file
/// What the indices of an access do: their ranges, and their affine form (the access matrix).
/// Constexpr functions over the flat description; describe.hpp, check.hpp, schedule/ and search/
/// call them.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/core/floor_div.hpp>

namespace lathe {

/// Values of an index expression over the whole iteration space: low <= value <= high.
struct index_range {
  bool known = false;     ///< false if a gather, an unknown number or an overflow takes part
  std::int64_t low = 0;   ///< smallest value
  std::int64_t high = 0;  ///< largest value
};

namespace detail {

// left Op right on int64; false if the result does not fit.
constexpr bool fits(opcode op, std::int64_t left, std::int64_t right, std::int64_t& result) {
  if (op == opcode::add) return !__builtin_add_overflow(left, right, &result);
  if (op == opcode::sub) return !__builtin_sub_overflow(left, right, &result);
  return !__builtin_mul_overflow(left, right, &result);
}

// Range of left Op right for + - *: its extremes are at corners.
constexpr index_range corner_range(opcode op, const index_range& left, const index_range& right) {
  index_range result;
  for (int corner = 0; corner < 4; ++corner) {
    std::int64_t value = 0;
    if (!fits(op, corner < 2 ? left.low : left.high, corner % 2 == 0 ? right.low : right.high,
              value)) {
      return {};
    }
    if (corner == 0 || value < result.low) result.low = value;
    if (corner == 0 || value > result.high) result.high = value;
  }
  result.known = true;
  return result;
}

constexpr index_range mod_range(const index_range& value, std::int64_t divisor) {
  if (value.known && floor_div(value.low, divisor) == floor_div(value.high, divisor)) {
    return {true, floor_mod(value.low, divisor), floor_mod(value.high, divisor)};
  }
  return {true, 0, divisor - 1};
}

}  // namespace detail

/// Range of the index expression `expr` by interval arithmetic: exact for one occurrence of each
/// axis, an enclosure otherwise (i - i has range -(n-1) .. n-1).
/// @complexity O(size of the expression)
constexpr index_range range_of(const desc_view& desc, int expr) {
  const desc_expr& node = desc.exprs[expr];
  if (node.op == opcode::literal) return {node.imm != unknown_extent, node.imm, node.imm};
  if (node.op == opcode::axis) {
    const std::int64_t extent = desc.axes[node.imm].extent;
    return {extent >= 1, 0, extent >= 1 ? extent - 1 : 0};
  }
  if (!is_index_operation(node.op)) return {};
  const index_range left = range_of(desc, node.a);
  const index_range right = range_of(desc, node.b);
  if (node.op == opcode::floor_div || node.op == opcode::floor_mod) {
    if (!right.known || right.low < 1) return {};
    if (node.op == opcode::floor_mod) return detail::mod_range(left, right.low);
    if (!left.known) return {};
    return {true, floor_div(left.low, right.low), floor_div(left.high, right.low)};
  }
  if (!left.known || !right.known) return {};
  return detail::corner_range(node.op, left, right);
}

/// How an index depends on the axes.
enum class index_kind : unsigned char {
  affine,        ///< sum of axes times constants, plus a constant
  quasi_affine,  ///< the same with / and % by constants
  indirect       ///< a tensor element takes part
};

/// `offset + sum of coef[n] * axis n`, n counted within the stage.
struct affine_form {
  index_kind kind = index_kind::affine;
  bool known = true;  ///< false if a number is unknown (type alone)
  std::int64_t coef[max_stage_axes] = {};
  std::int64_t offset = 0;
};

namespace detail {

constexpr bool is_constant(const desc_view& desc, int expr) {
  const desc_expr& node = desc.exprs[expr];
  if (node.op == opcode::literal) return true;
  return is_index_operation(node.op) && is_constant(desc, node.a) && is_constant(desc, node.b);
}

constexpr void weaken(affine_form& form, index_kind kind) {
  if (kind > form.kind) form.kind = kind;
}

// number += scale * value; the form is unknown if that does not fit.
constexpr void add_product(affine_form& form, std::int64_t& number, std::int64_t scale,
                           std::int64_t value) {
  std::int64_t product = 0;
  const bool ok =
      fits(opcode::mul, scale, value, product) && fits(opcode::add, number, product, number);
  form.known = form.known && ok;
}

// Adds scale * expr. The parts below / and % only decide the kind.
constexpr void add_to_form(const desc_view& desc, int first_axis, int expr, std::int64_t scale,
                           affine_form& form) {
  const desc_expr& node = desc.exprs[expr];
  if (is_constant(desc, expr)) {
    const index_range value = range_of(desc, expr);
    form.known = form.known && value.known;
    if (value.known) add_product(form, form.offset, scale, value.low);
  } else if (node.op == opcode::axis) {
    add_product(form, form.coef[node.imm - first_axis], scale, 1);
  } else if (node.op == opcode::add || node.op == opcode::sub) {
    add_to_form(desc, first_axis, node.a, scale, form);
    add_to_form(desc, first_axis, node.b, node.op == opcode::add ? scale : -scale, form);
  } else if (node.op == opcode::mul && (is_constant(desc, node.a) || is_constant(desc, node.b))) {
    const bool constant_left = is_constant(desc, node.a);
    const index_range factor = range_of(desc, constant_left ? node.a : node.b);
    form.known = form.known && factor.known;
    std::int64_t inner = 0;
    if (factor.known) add_product(form, inner, scale, factor.low);
    add_to_form(desc, first_axis, constant_left ? node.b : node.a, inner, form);
  } else if (is_index_operation(node.op)) {
    weaken(form, index_kind::quasi_affine);
    affine_form below;
    add_to_form(desc, first_axis, node.a, 1, below);
    add_to_form(desc, first_axis, node.b, 1, below);
    weaken(form, below.kind);
  } else {
    weaken(form, index_kind::indirect);
  }
}

}  // namespace detail

/// The affine form of index expression `expr` of stage `stage`. The numbers count only if `kind` is
/// affine; a quasi-affine form holds the affine part around the / and %.
/// @complexity O(size of the expression)
constexpr affine_form affine_form_of(const desc_view& desc, int stage, int expr) {
  affine_form form;
  detail::add_to_form(desc, desc.stages[stage].first_axis, expr, 1, form);
  return form;
}

/// An access as a matrix: index[d] = offset[d] + sum of coef[d][n] * axis n of the stage.
struct access_matrix {
  bool affine = true;  ///< all rows are affine with known numbers
  short rank = 0;      ///< rows
  short axes = 0;      ///< columns: spatial axes first, then reduce axes
  index_kind kind[max_rank] = {};
  std::int64_t coef[max_rank][max_stage_axes] = {};
  std::int64_t offset[max_rank] = {};
};

/// The access matrix of access `access`.
/// @complexity O(size of its index expressions)
constexpr access_matrix access_matrix_of(const desc_view& desc, int access) {
  const desc_access& source = desc.accesses[access];
  const desc_stage& stage = desc.stages[source.stage];
  access_matrix matrix;
  matrix.rank = desc.tensors[source.tensor].rank;
  matrix.axes = static_cast<short>(stage.spatial + stage.reduce);
  for (int d = 0; d < matrix.rank; ++d) {
    const affine_form form = affine_form_of(desc, source.stage, source.index[d]);
    matrix.affine = matrix.affine && form.known && form.kind == index_kind::affine;
    matrix.kind[d] = form.kind;
    matrix.offset[d] = form.offset;
    for (int n = 0; n < matrix.axes; ++n) matrix.coef[d][n] = form.coef[n];
  }
  return matrix;
}

}  // namespace lathe
