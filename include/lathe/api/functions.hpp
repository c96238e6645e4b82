/// @file
/// The program's own functions that operators call: call<"name", Element>(...) finds them here, in
/// evaluate() and in kernels alike. In: a name. Out: an address.
///
/// A function is known if the program told so with define_function(), or if the dynamic linker
/// knows its name: extern "C" in a shared library, or in a program linked with -rdynamic.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/diagnose.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/opcode.hpp>

#include <string>

namespace lathe {
namespace detail {

/// define_function() without the function's type.
LATHE_INLINE void define_address(const std::string& name, void* address);

/// Address of the function that call<"name", ...> means.
/// @error LATHE-E108 the program has no such function
LATHE_INLINE result<void*> find_function(const char* name);

}  // namespace detail

/// Makes `function` what call<"name", Result>(...) calls, in the whole process and for good. Needed
/// for functions that the dynamic linker does not know, and for inline or static ones. Safe to call
/// from several threads; do so before the first kernel or evaluate() that needs it.
///
///     float clamped(float x) { ... }
///     lathe::define_function("clamped", &clamped);
///     y(i) = call<"clamped", float>(A(i));
///
/// @error LATHE-E109 the name is no identifier, or already means another function
template <class Result, class... Arguments>
void define_function(const std::string& name, Result (*function)(Arguments...)) {
  static_assert(sizeof...(Arguments) <= max_call_arguments, LATHE_E021);
  detail::define_address(name, reinterpret_cast<void*>(function));
}

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/functions.ipp>
#endif
