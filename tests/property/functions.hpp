/// @file
/// Functions of the program that random computations call: the larger one of two numbers, in every
/// type. Defined as extern "C" functions; the executables export them, so that kernels, C text and
/// interpreter all call the same code.
#pragma once

#include <lathe/core/dtype.hpp>
#include <lathe/lower/interpret.hpp>

#include <span>

namespace lathe::property {

/// Name of the function for a type of number, e.g. "lathe_larger_f32".
const char* larger_name(dtype type);

/// What the interpreter calls.
std::span<const external_function> functions();

}  // namespace lathe::property
