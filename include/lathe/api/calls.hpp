/// @file
/// Connects kernels and the interpreter with the functions that an operator calls. In: a program
/// and a jit. Out: their symbols defined there, and adapters that the interpreter can call.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/interpret.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/target/cpu/jit.hpp>

#include <span>

namespace lathe {

/// Gives the address of every function that the program calls to the jit. Once per process and
/// function; kernels of the program can be loaded from then on.
/// @error LATHE-E108 there is no such function; E113 one function is called with different types;
///        E310 its address changed
LATHE_INLINE result<bool> define_calls(const program& of, const native::jit& compiler);

/// The functions that a program calls, as the interpreter calls them.
class called_functions {
 public:
  /// @error as define_calls(); LATHE-E3xx
  LATHE_INLINE static result<called_functions> make(const program& of, const native::jit& compiler);

  /// Valid as long as this object lives.
  std::span<const external_function> functions() const { return functions_; }

 private:
  native::loaded_object code_;
  sequence<external_function> functions_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/calls.ipp>
#endif
