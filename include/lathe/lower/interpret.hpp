/// @file
/// The oracle: executes a loop nest slowly and literally. In: a nest and the bytes of its inputs.
/// Out: every output in wide precision together with the size of the sums it is made of, or the
/// first thing the nest does wrong. Called by the checks of candidates and by the tests.
///
/// Nothing a nest can do is undefined here: indices out of range, reads of elements nobody wrote,
/// tasks of a parallel phase that touch each other's elements, trip counts above the declared ones,
/// division of integers by zero and outputs left unwritten are reported by name.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace lathe {

/// An argument or result of an external function; its type says which member counts.
struct external_value {
  double real = 0;         ///< f32 and f64
  std::int64_t whole = 0;  ///< all other types
};

/// The body of an external function that expressions call by name.
struct external_function {
  std::string name;
  void (*function)(const external_value* arguments, external_value* result) = nullptr;
};

/// One output. Float kinds have `value` and `magnitude`, the others have `integers`.
struct wide_buffer {
  std::string name;
  dtype type{};
  sequence<double> value;
  /// Per element S: the sum of the absolute values of the terms that `value` is the sum of, carried
  /// to first order through products, quotients and functions. S >= |value|; a kernel may be off by
  /// a small multiple of unit roundoff times S (measure/compare.hpp has the bound).
  sequence<double> magnitude;
  sequence<std::int64_t> integers;
};

/// What a nest computes, or why it does not.
struct interpretation {
  sequence<wide_buffer> outputs;  ///< in order of the parameters that are outputs
  std::string error;              ///< empty = ok
  bool ok() const { return error.empty(); }
};

/// Runs all phases in order (bind-only ones too), tasks one after another, vectorized and unrolled
/// loops like serial ones. Numbers: f32 and f64 in long double, with workspaces,
/// registers and outputs kept that wide; inputs, literals and explicit casts have their own type's
/// precision; integers are exact and wrap in their type. `select`, `&&` and `||` are lazy.
/// @param inputs     one span per parameter, in order; those of outputs are ignored
/// @param functions  external functions by name
/// @complexity  about 20 ns per expression node executed; memory: 28 bytes per
/// element
LATHE_INLINE interpretation interpret(const ir::nest& nest,
                                      std::span<const std::span<const std::byte>> inputs,
                                      std::span<const external_function> functions = {});

/// The elements of an output in its own type, rounded to nearest: what an exact kernel writes.
LATHE_INLINE sequence<std::byte> to_elements(const wide_buffer& buffer);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/lower/interpret.ipp>
#endif
