/// @file
/// Dot product instructions: a loop of kind `dot`, 4 terms of bytes or 2 of bf16, inside a
/// vectorized loop. In: the statement acc = acc + a * b over its terms. Out: one instruction that
/// adds all terms of a lane to its accumulator, 4 or 2 times the multiply-adds of f32.
///
/// Both operands are read as 32-bit words, one word per lane: the terms must lie together in
/// memory, those of neighbouring lanes after each other or, for an operand that is the same in all
/// lanes, anywhere. Packed layouts [k/4 j k%4] and [i k] are like that. Anything else becomes
/// straight code.
#pragma once

#include <lathe/target/cpu/llvm_element.hpp>

#include <cstdint>
#include <string>

namespace lathe::native::detail {

/// Writes dot products.
class llvm_dot_writer : protected llvm_element_writer {
 protected:
  using llvm_element_writer::llvm_element_writer;
  ~llvm_dot_writer() = default;

  /// Writes all iterations of a dot loop; false, with nothing written, if they are not of the form
  /// above or the target has no instruction for them.
  bool dot_product(const ir::statement& loop, std::int64_t terms);

 private:
  /// A factor of the terms, as words.
  struct factor {
    ir::expr load = ir::none;
    dtype type{};          ///< of the elements
    bool uniform = false;  ///< the same in all lanes
    std::string text;
  };

  factor factor_of(ir::expr value, ir::expr loop, std::int64_t terms);
  std::string words(const factor& from);
  std::string instruction(const char* stem, const llvm_value& sum, const factor& left,
                          const factor& right);
  std::string sum_of_signed(const llvm_value& sum, factor left, factor right);
  std::string sum_of_pairs(const std::string& sum, const factor& left, const factor& right);
};

}  // namespace lathe::native::detail

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/llvm_dot.ipp>
#endif
