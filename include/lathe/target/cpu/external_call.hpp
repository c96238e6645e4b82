/// @file
/// How generated code calls functions of the program, call<"name", ...>(...): under which symbol,
/// and with which attributes. Called by the LLVM emitter and by api/calls.hpp, which gives the
/// addresses to the jit. Pure text.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/lower/ir.hpp>

#include <string>
#include <string_view>

namespace lathe::native {

/// Symbol of the program's function `name` in generated code. A name of its own: a function of the
/// program may be called like a kernel's phase or like a function of libm, and then be another one.
inline std::string external_symbol(std::string_view name) {
  return "lathe.call." + std::string(name);
}

/// Attribute of a parameter or result, with a space before it: the C calling convention lets
/// callers extend what is narrower than int, and clang's code relies on it.
constexpr const char* extension_of(dtype type) {
  if (type == dtype::i8) return " signext";
  return type == dtype::u8 || type == dtype::boolean ? " zeroext" : "";
}

/// Symbol of the function that adapts the program's function `name` to the interpreter.
inline std::string adapter_symbol(std::string_view name) {
  return "lathe.adapt." + std::string(name);
}

/// A module with one function per function that `exprs` call, `void(const external_value*
/// arguments, external_value* result)` (lower/interpret.hpp): it converts the arguments to their
/// own types, calls, and converts the result.
/// @pre all calls of one function have the same types
std::string adapter_text(const ir::pool& exprs);

}  // namespace lathe::native

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/external_call.ipp>
#endif
