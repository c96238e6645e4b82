/// @file
/// Counts: iterations, arithmetic operations, compulsory bytes. Constexpr functions over the flat
/// description; static_asserts, the estimate schedule and reports use the same numbers.
#pragma once

#include <lathe/analysis/desc.hpp>

namespace lathe {

/// Result of a count that needs a number which only the operator's value has.
inline constexpr double unknown_count = -1;

namespace detail {

// Iterations of axes [first, last), unknown_count if an extent is unknown.
constexpr double points(const desc_view& desc, int first, int last) {
  double product = 1;
  for (int n = first; n < last; ++n) {
    if (desc.axes[n].extent == unknown_extent) return unknown_count;
    product *= static_cast<double>(desc.axes[n].extent);
  }
  return product;
}

struct operation_count {
  double count = 0;         // operations at and below this node, for all its iterations
  bool is_element = false;  // depends on a tensor element, so is no index arithmetic
};

// `points`: how often the node is evaluated.
constexpr operation_count operations(const desc_view& desc, int expr, double points) {
  const desc_expr& node = desc.exprs[expr];
  if (node.op == opcode::literal || node.op == opcode::axis) return {};
  if (node.op == opcode::load || node.op == opcode::arg) return {0, true};
  if (node.op == opcode::reduce) {
    const int first = static_cast<int>(node.imm);
    const double terms = points * detail::points(desc, first, first + node.count);
    operation_count below = operations(desc, node.a, terms);
    below.count += node.c < 0 ? terms : operations(desc, node.c, terms).count;
    return {below.count, true};
  }
  operation_count sum;
  const short children[3] = {node.a, node.b, node.c};
  for (short child : children) {
    if (child < 0) continue;
    const operation_count below = operations(desc, child, points);
    sum.count += below.count;
    sum.is_element = sum.is_element || below.is_element;
  }
  const bool is_free = is_comparison(node.op) || is_logical(node.op) || node.op == opcode::select ||
                       node.op == opcode::cast;
  if (!is_free && (is_float(node.type) || sum.is_element)) sum.count += points;
  return sum;
}

}  // namespace detail

/// Number of spatial loops, summed over the stages.
constexpr int spatial_loops_of(const desc_view& desc) {
  int sum = 0;
  for (int s = 0; s < desc.stage_count; ++s) sum += desc.stages[s].spatial;
  return sum;
}

/// Number of reduce loops, summed over the stages.
constexpr int reduce_loops_of(const desc_view& desc) {
  int sum = 0;
  for (int s = 0; s < desc.stage_count; ++s) sum += desc.stages[s].reduce;
  return sum;
}

/// Iterations of stage `stage`: product of all its extents; unknown_count if one is unknown.
constexpr double trip_count_of(const desc_view& desc, int stage) {
  const desc_stage& s = desc.stages[stage];
  return detail::points(desc, s.first_axis, s.first_axis + s.spatial + s.reduce);
}

/// Arithmetic operations of stage `stage` on element values; unknown_count if an extent is unknown.
/// Counted once per iteration: + - * / % min max neg, each function call and each combination of a
/// reduction. Free: comparisons, logic, select (both branches count), casts, index arithmetic.
/// A multiply-add is two operations: gemm has 2*M*N*K.
/// @complexity O(expression nodes)
constexpr double flops_of(const desc_view& desc, int stage) {
  if (trip_count_of(desc, stage) < 0) return unknown_count;
  const desc_stage& s = desc.stages[stage];
  const double points = detail::points(desc, s.first_axis, s.first_axis + s.spatial);
  return detail::operations(desc, s.body, points).count;
}

/// Arithmetic operations of all stages.
constexpr double flops_of(const desc_view& desc) {
  double sum = 0;
  for (int s = 0; s < desc.stage_count; ++s) {
    const double count = flops_of(desc, s);
    if (count < 0) return unknown_count;
    sum += count;
  }
  return sum;
}

/// Elements of tensor `tensor`; unknown_count if its shape is unknown.
constexpr double elements_of(const desc_view& desc, int tensor) {
  const desc_tensor& t = desc.tensors[tensor];
  double product = 1;
  for (int d = 0; d < t.rank; ++d) {
    if (t.shape[d] == unknown_extent) return unknown_count;
    product *= static_cast<double>(t.shape[d]);
  }
  return product;
}

/// Compulsory memory traffic [bytes]: each parameter is moved once, intermediates never.
/// unknown_count if a shape is unknown.
constexpr double bytes_of(const desc_view& desc) {
  double sum = 0;
  for (int t = 0; t < desc.param_count; ++t) {
    const double count = elements_of(desc, t);
    if (count < 0) return unknown_count;
    sum += count * size_of(desc.tensors[t].type);
  }
  return sum;
}

/// Operations per compulsory byte; unknown_count if either is unknown.
constexpr double arithmetic_intensity_of(const desc_view& desc) {
  const double flops = flops_of(desc);
  const double bytes = bytes_of(desc);
  return flops < 0 || bytes <= 0 ? unknown_count : flops / bytes;
}

}  // namespace lathe
