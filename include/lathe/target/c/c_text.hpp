/// @file
/// Expressions of a loop nest as C-family source text: names, operators, helper functions. In: a
/// nest and the dialect. Out: strings, for the emitters of plain C, CUDA C++ and HLS C++, which
/// write the statements around them.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lathe {

namespace detail {
class c_printer;
}

/// The <stdint.h> name of an element type: "int8_t", "float", "bool", ...
LATHE_INLINE const char* c_type_name(dtype type);

/// What differs between the languages of the C family.
struct c_dialect {
  const char* (*type_name)(dtype) = c_type_name;
  std::string function_prefix = "static inline ";  ///< before the definition of a helper function
  std::string math_prefix = "";                    ///< before a math function: "hls::" in HLS C++
  bool scalars_by_value = false;                   ///< scalar parameters are no pointers
  /// Before f16_to_f32 and its like, where the language has them; "": they are defined in C.
  std::string half_prefix = "";
};

/// Makes identifiers: valid, not reserved in C, C++ or the C library, each handed out once.
class c_identifiers {
 public:
  LATHE_INLINE c_identifiers();
  /// `wanted` with other characters replaced by `_`; `_`, `_2`, `_3`, ... is appended until it is
  /// new.
  LATHE_INLINE std::string make(std::string_view wanted);

 private:
  flat_set<std::string> taken_;
};

/// Prints the expressions of one nest. Signed overflow of i32 and i64 elements is left as undefined
/// as C has it; i8 and u8 results are narrowed explicitly.
class c_text {
 public:
  LATHE_INLINE c_text(const ir::nest& nest, c_dialect dialect);

  /// An expression; can be used as an operand if `operand`, otherwise where a whole one stands.
  LATHE_INLINE std::string expression(ir::expr handle, bool operand = false);
  /// An element of a buffer: `B[i][j]`.
  LATHE_INLINE std::string element(std::int64_t buffer, std::span<const ir::expr> indices);
  /// Definitions `const T t0 = ...;` of the values that `handle` uses more than once and is sure to
  /// need; expression() writes their names until the next call.
  LATHE_INLINE sequence<std::string> temporaries(ir::expr handle);
  /// Lets a text stand for an expression, until temporaries() or forget_temporaries().
  void write_as(ir::expr handle, std::string text) { temporaries_[handle] = std::move(text); }
  /// Forgets the names that temporaries() has given.
  void forget_temporaries() { temporaries_.clear(); }
  /// Identifier of a buffer.
  const std::string& buffer_name(std::int64_t index) const {
    return buffers_[static_cast<std::size_t>(index)];
  }
  /// Identifier of a loop variable.
  const std::string& variable_name(ir::expr variable) const {
    return variables_[static_cast<std::size_t>(nest_.exprs.variable_index(variable))];
  }
  /// Text that stands for a buffer or a loop variable from now on; returns the one before.
  std::string rename_buffer(std::int64_t index, std::string to) {
    return std::exchange(buffers_[static_cast<std::size_t>(index)], std::move(to));
  }
  std::string rename_variable(ir::expr variable, std::string to) {
    return std::exchange(variables_[static_cast<std::size_t>(nest_.exprs.variable_index(variable))],
                         std::move(to));
  }
  /// A new identifier like `wanted`.
  std::string new_name(std::string_view wanted) { return identifiers_.make(wanted); }
  /// The element type's name in the dialect.
  const char* type_name(dtype type) const { return dialect_.type_name(type); }
  /// Definitions and declarations of the functions that the expressions printed so far call.
  LATHE_INLINE std::string functions() const;

 private:
  friend class detail::c_printer;

  const ir::nest& nest_;
  c_dialect dialect_;
  c_identifiers identifiers_;
  sequence<std::string> buffers_, variables_;
  flat_map<ir::expr, std::string> temporaries_;
  int temporary_count_ = 0;
  flat_map<std::string, std::string> functions_;  ///< by name: definition or declaration
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/c/c_text.ipp>
#endif
