/// @file
/// Bodies of llvm_dot.hpp.
#pragma once

#include <lathe/target/cpu/llvm_dot.hpp>

namespace lathe::native::detail {

LATHE_INLINE bool llvm_dot_writer::dot_product(const ir::statement& loop, std::int64_t terms) {
  const int lanes = vector_.lanes;
  if (loop.children.size() != 1 || lanes < 4 || 4 * lanes > target_.vector_bytes) return false;
  const ir::statement& at = nest_[loop.children[0]];
  if (at.what != ir::stmt_kind::store) return false;
  const ir::node& sum = exprs_[at.value];
  if (sum.what != ir::kind::binary || sum.fn != opcode::add) return false;
  const ir::node& before = exprs_[sum.a];
  const ir::node& product = exprs_[sum.b];
  if (before.what != ir::kind::load || before.imm != at.buffer ||
      exprs_.args(sum.a)[0] != at.index || step_along(at.index, loop.variable) != 0 ||
      product.what != ir::kind::binary || product.fn != opcode::mul)
    return false;
  factor left = factor_of(product.a, loop.variable, terms);
  factor right = factor_of(product.b, loop.variable, terms);
  if (left.load == ir::none || right.load == ir::none) return false;
  const bool bytes = sum.type == dtype::i32 && !is_half(left.type) && !is_half(right.type);
  const bool halves =
      sum.type == dtype::f32 && left.type == dtype::bf16 && right.type == dtype::bf16;
  if (!bytes && !(halves && target_.dot_bf16 && contract_)) return false;

  bound(loop.variable) = {bound_variable::form::constant, "", 0, 0};
  left.text = words(left);
  right.text = words(right);
  llvm_value made = widen(value(sum.a), lanes);
  if (right.type == dtype::u8) std::swap(left, right);
  if (halves)
    made.text = instruction("avx512bf16.dpbf16ps.", made, left, right);
  else if (target_.dot_u8i8 && right.type == dtype::i8)
    made.text = left.type == dtype::u8 ? instruction("avx512.vpdpbusd.", made, left, right)
                                       : sum_of_signed(made, left, right);
  else
    made.text = sum_of_pairs(made.text, left, right);
  store(at, made);
  bound(loop.variable) = {};
  return true;
}

/// The load of a factor if it is one of bytes or halves, converted, whose terms lie together.
LATHE_INLINE llvm_dot_writer::factor llvm_dot_writer::factor_of(ir::expr value, ir::expr loop,
                                                                std::int64_t terms) {
  const ir::node& outer = exprs_[value];
  if (outer.what != ir::kind::cast) return {};
  const ir::node& at = exprs_[outer.a];
  if (at.what != ir::kind::load || size_of(at.type) * terms != 4 || at.type == dtype::boolean)
    return {};
  const ir::expr flat = exprs_.args(outer.a)[0];
  const auto index = static_cast<std::int32_t>(at.imm);
  if (buffer(index).where == ir::scope::registers || step_along(flat, loop) != 1) return {};
  if (depends(flat).element) return {};
  bound(loop) = {bound_variable::form::constant, "", 0, 0};
  const address where = address_of(index, flat);
  bound(loop) = {};
  if (!where.lanes.text.empty() || (where.stride != 0 && where.stride != terms)) return {};
  return {outer.a, at.type, where.stride == 0, ""};
}

/// The terms of every lane as one 32-bit word.
LATHE_INLINE std::string llvm_dot_writer::words(const factor& from) {
  const ir::node& at = exprs_[from.load];
  const auto index = static_cast<std::int32_t>(at.imm);
  const ir::buffer& of = buffer(index);
  flush(index);
  const address where = address_of(index, exprs_.args(from.load)[0]);
  const std::string align = std::to_string(size_of(at.type));
  const std::string note = of.where == ir::scope::param && !of.output ? ", !invariant.load !0" : "";
  const std::string place = pointer(index, where);
  if (where.stride == 0)
    return widen({define("load i32, ptr " + place + ", align " + align + note), dtype::i32, 1},
                 vector_.lanes)
        .text;
  const llvm_value made{"", dtype::i32, vector_.lanes};
  if (!vector_.mask.empty()) return masked_load(made, place, align, vector_.mask);
  return define("load " + type_of(made) + ", ptr " + place + ", align " + align + note);
}

/// The instruction that adds the products of all terms to the lanes of `sum`.
LATHE_INLINE std::string llvm_dot_writer::instruction(const char* stem, const llvm_value& sum,
                                                      const factor& left, const factor& right) {
  const std::string type = type_of(sum), word = type_text(dtype::i32, sum.lanes);
  const std::string name = std::string("@llvm.x86.") + stem + std::to_string(32 * sum.lanes);
  declare("declare " + type + " " + name + "(" + type + ", " + word + ", " + word + ")");
  return define("call " + type + " " + name + "(" + type + " " + sum.text + ", " + word + " " +
                left.text + ", " + word + " " + right.text + ")");
}

/// Both factors have signs, the instruction takes one that has none: a b = (a + 128) b - 128 b.
/// LLVM computes the second term once for all rows or vectors that share b: it is the factor that
/// is the same in all lanes, if there is one.
LATHE_INLINE std::string llvm_dot_writer::sum_of_signed(const llvm_value& sum, factor left,
                                                        factor right) {
  if (left.uniform) std::swap(left, right);
  const llvm_value zero = widen(constant(0, dtype::i32), sum.lanes);
  const std::string offset =
      widen(constant(static_cast<std::int32_t>(0x80808080U), dtype::i32), sum.lanes).text;
  const std::string extra =
      instruction("avx512.vpdpbusd.", zero, {ir::none, dtype::u8, false, offset}, right);
  left.text = define("xor " + type_of(sum) + " " + left.text + ", " + offset);
  llvm_value rest = sum;
  rest.text = define("sub " + type_of(sum) + " " + sum.text + ", " + extra);
  return instruction("avx512.vpdpbusd.", rest, left, right);
}

/// Without an instruction for these bytes: their products as sums of pairs of 16-bit numbers, even
/// bytes and odd ones, which every x86 has.
LATHE_INLINE std::string llvm_dot_writer::sum_of_pairs(const std::string& sum, const factor& left,
                                                       const factor& right) {
  const int lanes = vector_.lanes;
  const std::string word = type_text(dtype::i32, lanes);
  const std::string half = "<" + std::to_string(2 * lanes) + " x i16>";
  const std::string eight = constant_vector("i16", "8", 2 * lanes);
  const auto bytes_of = [&](const factor& of, bool odd) {
    const std::string shift = of.type == dtype::u8 ? "lshr " : "ashr ";
    std::string text = define("bitcast " + word + " " + of.text + " to " + half);
    if (!odd) text = define("shl " + half + " " + text + ", " + eight);
    return define(shift + half + " " + text + ", " + eight);
  };
  const std::string name = lanes == 16  ? "@llvm.x86.avx512.pmaddw.d.512"
                           : lanes == 8 ? "@llvm.x86.avx2.pmadd.wd"
                                        : "@llvm.x86.sse2.pmadd.wd";
  declare("declare " + word + " " + name + "(" + half + ", " + half + ")");
  std::string total = sum;
  for (const bool odd : {false, true}) {
    const std::string pairs =
        define("call " + word + " " + name + "(" + half + " " + bytes_of(left, odd) + ", " + half +
               " " + bytes_of(right, odd) + ")");
    total = define("add " + word + " " + total + ", " + pairs);
  }
  return total;
}

}  // namespace lathe::native::detail
