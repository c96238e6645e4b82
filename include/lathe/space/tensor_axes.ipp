/// @file
/// Bodies of tensor_axes.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/space/tensor_axes.hpp>

namespace lathe {
namespace detail {

/// Terms of one instruction for a product: 8 of two f32 loads, 16 of two f16 or two bf16 ones; 0
/// for others.
LATHE_INLINE int tensor_depth(const ir::pool& exprs, ir::expr product) {
  const ir::node& at = exprs[product];
  if (at.what != ir::kind::binary || at.fn != opcode::mul || at.type != dtype::f32) return 0;
  const auto is_load = [&](ir::expr value, dtype type) {
    return exprs[value].what == ir::kind::load && exprs[value].type == type;
  };
  const auto is_converted = [&](ir::expr value, dtype type) {
    return exprs[value].what == ir::kind::cast && is_load(exprs[value].a, type);
  };
  if (is_load(at.a, dtype::f32) && is_load(at.b, dtype::f32)) return 8;
  for (const dtype type : {dtype::f16, dtype::bf16})
    if (is_converted(at.a, type) && is_converted(at.b, type)) return 16;
  return 0;
}

}  // namespace detail

LATHE_INLINE tensor_axes tensor_axes_of(const program& of, const program_stage& stage) {
  tensor_axes out;
  if (!stage.reduction || stage.is_narrowed() || !of.is_sum(stage)) return out;
  out.depth = detail::tensor_depth(of.exprs, stage.body);
  const sequence<load_use> uses = loads_of(of, stage);
  if (out.depth == 0 || uses.size() != 2) return out;
  for (const load_use& use : uses)
    if (contains(use.irregular, static_cast<char>(1))) return out;
  int right = -1;
  for (int axis = stage.spatial; axis-- > 0;) {
    const bool first = uses[0].depends(axis), second = uses[1].depends(axis);
    if (first == second) continue;
    const int mover = first ? 0 : 1;
    if (out.columns < 0) {
      out.columns = axis;
      right = mover;
    } else if (mover != right) {
      out.rows = axis;
      break;
    }
  }
  if (out.rows < 0) return out;
  for (int axis = stage.spatial; axis < static_cast<int>(stage.axes.size()); ++axis) {
    const std::int64_t extent = stage.axes[static_cast<std::size_t>(axis)].extent;
    if (!uses[0].depends(axis) || !uses[1].depends(axis) || extent < out.depth) continue;
    if (out.terms < 0 || extent > stage.axes[static_cast<std::size_t>(out.terms)].extent)
      out.terms = axis;
  }
  return out;
}

}  // namespace lathe
