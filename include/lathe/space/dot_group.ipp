/// @file
/// Bodies of dot_group.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/space/dot_group.hpp>

namespace lathe {
namespace detail {

/// Terms of a stage's sum in one 32-bit word of each operand; 1 if there are no such terms.
LATHE_INLINE std::int64_t terms_of_a_word(const program& of, const program_stage& stage,
                                          bool bf16) {
  if (!stage.reduction) return 1;
  const ir::node& sum = of.exprs[stage.combine];
  const ir::node& product = of.exprs[stage.body];
  const bool bytes = sum.type == dtype::i32;
  if (sum.what != ir::kind::binary || sum.fn != opcode::add ||
      !(bytes || (bf16 && sum.type == dtype::f32)) || product.what != ir::kind::binary ||
      product.fn != opcode::mul)
    return 1;
  for (const ir::expr factor : {product.a, product.b}) {
    if (of.exprs[factor].what != ir::kind::cast) return 1;
    const ir::node& from = of.exprs[of.exprs[factor].a];
    const bool is_byte = from.type == dtype::i8 || from.type == dtype::u8;
    if (from.what != ir::kind::load || !(bytes ? is_byte : from.type == dtype::bf16)) return 1;
  }
  return bytes ? 4 : 2;
}

}  // namespace detail

LATHE_INLINE dot_group dot_group_of(const program& of, const program_stage& stage,
                                    const sequence<load_use>& uses, int vector_axis, int lanes,
                                    bool bf16) {
  dot_group best;
  const std::int64_t terms = detail::terms_of_a_word(of, stage, bf16);
  if (terms == 1 || lanes < 4 || vector_axis >= stage.spatial || stage.is_narrowed()) return best;
  for (int axis = stage.spatial; axis < static_cast<int>(stage.axes.size()); ++axis) {
    const std::int64_t extent = stage.axes[static_cast<std::size_t>(axis)].extent;
    const bool together = all_of(uses, [&](const load_use& use) {
      if (use.dim_of(axis) < 0) return false;
      return !use.depends(vector_axis) || use.dim_of(vector_axis) >= 0 ||
             (use.is_affine_in(vector_axis, lanes) && use.stride_in(vector_axis, lanes) == 1);
    });
    const bool longer =
        best.axis < 0 || extent > stage.axes[static_cast<std::size_t>(best.axis)].extent;
    if (together && extent >= terms && longer) best = {axis, terms};
  }
  return best;
}

LATHE_INLINE bool must_pack(const load_use& use, const dot_group& group, int vector_axis) {
  return group.axis >= 0 &&
         (use.depends(vector_axis) || use.stride[static_cast<std::size_t>(group.axis)] != 1);
}

}  // namespace lathe
