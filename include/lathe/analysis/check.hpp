/// @file
/// Rules about numbers: extents, divisors, shapes, bounds. Constexpr functions over the flat
/// description, so that the same mistake has the same id at compile time and at run time.
/// describe.hpp runs them; api/ asks for the result before it tunes.
#pragma once

#include <lathe/analysis/access.hpp>
#include <lathe/core/diagnose.hpp>

namespace lathe {

namespace detail {

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

// So many elements that sizes in bytes could overflow.
constexpr diagnosis broken_size(const desc_tensor& tensor) {
  std::int64_t elements = 1;
  for (int d = 0; d < tensor.rank; ++d) {
    const std::int64_t extent = tensor.shape[d];
    if (extent < 1) continue;  // unknown
    if (extent > max_extent / elements)
      return {diagnostic::too_many_elements, tensor.name, "", extent, max_extent / elements};
    elements *= extent;
  }
  return {};
}

// The smallest divisor in an index expression if it is below 1, otherwise 1.
constexpr std::int64_t smallest_divisor(const desc_view& desc, int expr) {
  const desc_expr& node = desc.exprs[expr];
  if (!is_index_operation(node.op)) return 1;
  const std::int64_t left = smallest_divisor(desc, node.a);
  std::int64_t right = smallest_divisor(desc, node.b);
  if (node.op == opcode::floor_div || node.op == opcode::floor_mod) {
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
  for (int t = 0; t < desc.tensor_count; ++t) {
    if (const diagnosis problem = detail::broken_size(desc.tensors[t]); !problem.ok())
      return problem;
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

}  // namespace lathe
