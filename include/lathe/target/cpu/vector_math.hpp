/// @file
/// Which library function computes a math function on a vector or a scalar, and how accurately.
/// Called by the LLVM emitter (names) and by the result check (ulps). Pure: the target says which
/// library there is, so golden texts do not depend on the machine.
#pragma once

#include <lathe/core/dtype.hpp>
#include <lathe/core/opcode.hpp>
#include <lathe/core/target.hpp>

#include <string>

namespace lathe::native {

namespace detail {

/// Name in <cmath> without the f suffix; null for operations that are not library calls.
constexpr const char* libm_name(opcode fn) {
  switch (fn) {
    case opcode::exp: return "exp";
    case opcode::log: return "log";
    case opcode::tanh: return "tanh";
    case opcode::erf: return "erf";
    case opcode::sin: return "sin";
    case opcode::cos: return "cos";
    case opcode::pow: return "pow";
    default: return nullptr;  // sqrt, floor and abs are instructions
  }
}

/// The oldest libmvec that has the function.
constexpr vector_math needed_libmvec(opcode fn) {
  return fn == opcode::tanh || fn == opcode::erf ? vector_math::glibc_2_35
                                                 : vector_math::glibc_2_22;
}

}  // namespace detail

/// Name of the scalar libm function, e.g. "expf"; "" if `fn` is no library function.
inline std::string scalar_math_symbol(opcode fn, dtype type) {
  const char* name = detail::libm_name(fn);
  if (name == nullptr || !(type == dtype::f32 || type == dtype::f64)) return {};
  return std::string(name) + (type == dtype::f32 ? "f" : "");
}

/// Name of the libmvec function on `lanes` elements, e.g. "_ZGVeN16v_expf" (x86-64 vector function
/// ABI); "" if libmvec has none: then call the scalar function lane by lane.
/// @param lanes  the vector must fill a 16, 32 or 64 byte register that the target has
inline std::string vector_math_symbol(opcode fn, int lanes, dtype type, const cpu_target& target) {
  const std::string scalar = scalar_math_symbol(fn, type);
  const int bytes = lanes * size_of(type);
  if (scalar.empty() || target.math < detail::needed_libmvec(fn)) return {};
  if (bytes > target.vector_bytes || (bytes != 16 && bytes != 32 && bytes != 64)) return {};
  const char* set = bytes == 64 ? "e" : bytes == 32 ? "d" : "b";
  const char* arguments = fn == opcode::pow ? "vv" : "v";
  return std::string("_ZGV") + set + "N" + std::to_string(lanes) + arguments + "_" + scalar;
}

/// Largest error of the function's result [units in the last place]: 4 is what libmvec promises,
/// 2 bounds the scalar functions of glibc; 0 for operations that are rounded correctly.
constexpr int max_ulps(opcode fn, bool vector) {
  if (detail::libm_name(fn) == nullptr) return 0;
  return vector ? 4 : 2;
}

}  // namespace lathe::native
