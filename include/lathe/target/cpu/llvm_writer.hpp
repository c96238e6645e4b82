/// @file
/// Writes LLVM IR instructions as text: names, types, levels of code and element arithmetic. Knows
/// nothing about loop nests; emit_llvm.ipp drives it.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/opcode.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/ir.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lathe::native::detail {

/// An SSA value or constant: its text, its element type and lanes (1 = scalar).
struct llvm_value {
  std::string text;
  dtype type{};
  int lanes = 1;
};

/// One open region of code: a loop body, a branch arm, or the function itself. Code for an outer
/// level may be appended while an inner one is open: that is how invariants are hoisted.
struct code_level {
  std::string text;
  std::string block;                             ///< label of the basic block being appended to
  flat_map<ir::expr, llvm_value> values;         ///< run-time integers computed here
  flat_map<std::string, std::string> addresses;  ///< base and offset -> pointer
};

/// Appends instructions to the innermost level.
class llvm_writer {
 public:
  llvm_writer(const cpu_target& target, bool contract) : target_(target), contract_(contract) {}

 protected:
  static const char* scalar_type(dtype type);
  static std::string type_text(dtype type, int lanes);
  static std::string type_of(const llvm_value& value) { return type_text(value.type, value.lanes); }
  /// Booleans are bytes in memory.
  static std::string memory_type(dtype type, int lanes);
  /// LLVM's own type for f16, which conversions alone have.
  static std::string half_type(int lanes) {
    return lanes == 1 ? "half" : "<" + std::to_string(lanes) + " x half>";
  }
  /// Suffix of an overloaded intrinsic, e.g. "v16f32".
  static std::string mangled(dtype type, int lanes);
  static std::string number(double value, dtype type);
  static llvm_value constant(std::int64_t value, dtype type = dtype::i64);
  static std::string constant_vector(const std::string& element, const std::string& value,
                                     int lanes);
  /// i64 constant, in every lane.
  static std::string widen_constant(std::int64_t value, int lanes, dtype type = dtype::i64);
  /// <0, 1, 2, ...>
  static std::string lane_numbers(int lanes, dtype type = dtype::i64);

  std::string fresh(const char* stem = "t");
  code_level& top() { return levels_.back(); }
  void line_at(std::size_t level, std::string_view text);
  void line(std::string_view text) { line_at(levels_.size() - 1, text); }
  std::string define_at(std::size_t level, std::string_view instruction);
  std::string define(std::string_view instruction) {
    return define_at(levels_.size() - 1, instruction);
  }
  void declare(std::string text) { declarations_.insert(std::move(text)); }

  llvm_value widen(const llvm_value& value, int lanes);
  llvm_value lane_of(const llvm_value& value, int lane);

  /// Element arithmetic, comparison and logic; both operands have the same type and lanes.
  llvm_value arithmetic(opcode fn, dtype type, const llvm_value& left, const llvm_value& right);
  /// neg, abs, sqrt, floor, not, and library functions of one operand.
  llvm_value unary_operation(opcode fn, const llvm_value& operand);
  llvm_value library_call(opcode fn, const sequence<llvm_value>& operands);
  llvm_value external_call(const std::string& name, dtype type,
                           const sequence<llvm_value>& operands, int lanes);
  llvm_value convert(const llvm_value& value, dtype type);
  llvm_value widened(const llvm_value& value);
  llvm_value narrowed(const llvm_value& value, dtype type);
  llvm_value choose(const llvm_value& condition, const llvm_value& then,
                    const llvm_value& otherwise);

  struct word_lanes;

  const cpu_target& target_;
  bool contract_;
  flat_set<std::string> declarations_;
  sequence<code_level> levels_;
  int counter_ = 0;
};

}  // namespace lathe::native::detail

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/llvm_writer.ipp>
#endif
