/// @file
/// Loop nest to plain C11. In: ir::nest. Out: one translation unit for people to read, for export
/// and for machines without a JIT: a function per phase (signature in target/plan.hpp) and a driver
/// that takes the operator's arguments.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/ir.hpp>

#include <string>

namespace lathe {

/// How the translation unit is written.
struct c_options {
  std::string prefix = "";  ///< put before the name of every phase function
  bool driver = true;       ///< also write the function that takes the operator's arguments
};

/// The text. Compiles with `cc -std=c11 -Wall -Wextra -Werror` and links with -lm. The driver,
/// `void NAME(const float* A, float* C, float alpha)`, takes the parameters in the operator's order
/// (scalars by value), allocates workspaces and scratch memory for each call (abort() if there is
/// none) and runs all phases in one thread. External functions are declared with the types of their
/// uses and have to be linked.
LATHE_INLINE std::string emit_c(const ir::nest& nest, const c_options& options = {});

/// Name of the driver function: the nest's name as a C identifier.
LATHE_INLINE std::string c_driver_name(const ir::nest& nest, const c_options& options = {});

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/target/c/emit_c.ipp>
#endif
