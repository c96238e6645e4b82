/// @file
/// Bodies of dot_group.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/space/dot_group.hpp>

namespace lathe {
namespace detail {

/// Terms of a stage's sum in one 32-bit word of each operand; 1 if there are no such terms. Bytes
/// that both have a sign, or both none, take two steps and a constant.
LATHE_INLINE dot_group group_of_words(const program& of, const program_stage& stage,
                                      bool has_bf16) {
  if (!stage.reduction) return {};
  const ir::node& sum = of.exprs[stage.combine];
  const ir::node& product = of.exprs[stage.body];
  const bool bytes = sum.type == dtype::i32;
  if (sum.what != ir::kind::binary || sum.fn != opcode::add ||
      !(bytes || (has_bf16 && sum.type == dtype::f32)) || product.what != ir::kind::binary ||
      product.fn != opcode::mul)
    return {};
  dtype types[2] = {};
  for (const bool second : {false, true}) {
    const ir::node& factor = of.exprs[second ? product.b : product.a];
    if (factor.what != ir::kind::cast || of.exprs[factor.a].what != ir::kind::load) return {};
    const dtype type = types[second] = of.exprs[factor.a].type;
    if (bytes ? type != dtype::i8 && type != dtype::u8 : type != dtype::bf16) return {};
  }
  return {-1, bytes ? 4 : 2, bytes && types[0] == types[1] ? 2 : 0};
}

}  // namespace detail

LATHE_INLINE dot_group dot_group_of(const program& of, const program_stage& stage,
                                    const sequence<load_use>& uses, int vector_axis, int lanes,
                                    bool has_bf16) {
  dot_group best;
  const dot_group words = detail::group_of_words(of, stage, has_bf16);
  if (words.terms == 1 || lanes < 4 || vector_axis >= stage.spatial || stage.is_narrowed())
    return best;
  for (int axis = stage.spatial; axis < static_cast<int>(stage.axes.size()); ++axis) {
    const std::int64_t extent = stage.axes[static_cast<std::size_t>(axis)].extent;
    const bool together = all_of(uses, [&](const load_use& use) {
      if (use.dim_of(axis) < 0) return false;
      return !use.depends(vector_axis) || use.dim_of(vector_axis) >= 0 ||
             use.is_contiguous_in(vector_axis, lanes);
    });
    const bool longer =
        best.axis < 0 || extent > stage.axes[static_cast<std::size_t>(best.axis)].extent;
    if (together && extent >= words.terms && longer) best = {axis, words.terms, words.registers};
  }
  return best;
}

LATHE_INLINE bool must_pack(const load_use& use, const dot_group& group, int vector_axis) {
  return group.axis >= 0 &&
         (use.depends(vector_axis) || use.stride[static_cast<std::size_t>(group.axis)] != 1);
}

}  // namespace lathe
