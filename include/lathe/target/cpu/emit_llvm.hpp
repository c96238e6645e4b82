/// @file
/// Loop nest to LLVM IR text. In: ir::nest and a cpu_target. Out: a module with one function per
/// phase (signature in target/plan.hpp), for target/cpu/jit.hpp.
///
/// The emitter does the loop work itself, because LLVM's loop passes cost most of the compile time
/// and gain nothing here: vectors are explicit, unrolled loops are written out, register tiles are
/// SSA values, and every address is computed in the outermost loop where it is known. The text
/// stays within what LLVM 15 to 19 parse (opaque pointers, no `nneg`, `disjoint`, `splat`).
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/ir.hpp>

#include <string>

namespace lathe::native {

/// How a nest is written.
struct emit_options {
  bool strict_fp = false;   ///< no contraction of a*b+c into a fused multiply-add
  std::string prefix = "";  ///< put before every exported symbol
};

/// The module text. Symbols: prefix + phase name. Functions of the program are called under the
/// names of target/cpu/external_call.hpp.
/// @error E320 if the nest breaks a rule of the emitter (verify.hpp tells which), e.g. a register
///        tile indexed by a run-time value
result<std::string> emit_llvm(const ir::nest& nest, const cpu_target& target,
                              const emit_options& options = {});

}  // namespace lathe::native

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/emit_llvm.ipp>
#endif
