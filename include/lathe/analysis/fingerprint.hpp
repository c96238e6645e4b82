/// @file
/// Structural fingerprints: equal for equal computations, whatever their names. The store's key.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/core/hash.hpp>

#include <bit>

namespace lathe {

/// Changes whenever the meaning of a fingerprint does: part of every stored key.
inline constexpr int fingerprint_version = 1;

/// Asks for a fingerprint of the structure alone: without extents, shapes and other numbers.
struct without_extents_t {};
inline constexpr without_extents_t without_extents{};

namespace detail {

constexpr fingerprint128 fingerprint_of(const desc_view& desc, bool with_numbers) {
  hash_stream hash;
  hash.add(std::int64_t{fingerprint_version});
  hash.add(desc.stage_count);
  hash.add(desc.param_count);
  for (int n = 0; n < desc.axis_count; ++n) {
    hash.add(desc.axes[n].stage * 2 + (desc.axes[n].reduce ? 1 : 0));
    if (with_numbers) hash.add(desc.axes[n].extent);
  }
  for (int n = 0; n < desc.tensor_count; ++n) {
    const desc_tensor& tensor = desc.tensors[n];
    hash.add(static_cast<std::int64_t>(tensor.type) * 16 + tensor.rank * 2 +
             (tensor.scalar ? 1 : 0));
    hash.add(tensor.producer);
    for (int d = 0; with_numbers && d < tensor.rank; ++d) hash.add(tensor.shape[d]);
  }
  for (int n = 0; n < desc.access_count; ++n) {
    const desc_access& access = desc.accesses[n];
    hash.add(access.tensor * 2 + (access.write ? 1 : 0));
    for (int d = 0; d < desc.tensors[access.tensor].rank; ++d) hash.add(access.index[d]);
  }
  for (int n = 0; n < desc.expr_count; ++n) {
    const desc_expr& expr = desc.exprs[n];
    // 16 bits each: operation and types, then the operands
    const std::int64_t kinds = static_cast<int>(expr.op) * 256 + static_cast<int>(expr.type) * 8 +
                               static_cast<int>(expr.kind);
    hash.add(((kinds * 65536 + expr.a + 1) * 65536 + expr.b + 1) * 65536 + expr.c + 1);
    if (expr.op == opcode::literal) {
      if (!with_numbers) continue;
      hash.add(is_float(expr.type) ? std::bit_cast<std::int64_t>(expr.num) : expr.imm);
    } else if (expr.op <= opcode::arg || expr.op == opcode::reduce) {
      hash.add(expr.imm * 65536 + expr.count);
    } else if (expr.op == opcode::call) {
      hash.add(expr.name);
    }
  }
  return hash.value();
}

}  // namespace detail

/// Hash of the computation: structure, element types, extents, shapes, literals. Names of axes,
/// tensors and the operator are excluded; names of external functions are not.
/// Equal on all compilers and platforms, at compile time and at run time.
/// @complexity O(size of the description)
constexpr fingerprint128 fingerprint_of(const desc_view& desc) {
  return detail::fingerprint_of(desc, true);
}

/// The same without extents, shapes and literals: equal for one operator at all sizes.
constexpr fingerprint128 fingerprint_of(const desc_view& desc, without_extents_t) {
  return detail::fingerprint_of(desc, false);
}

}  // namespace lathe
