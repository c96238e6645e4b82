/// @file
/// Text of a loop nest and of single expressions, for people and for golden tests. In: ir::nest or
/// an expression. Out: text that depends on structure only, never on handles or on the order in
/// which expressions were made.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>

#include <span>
#include <string>

namespace lathe {

/// An expression on one line: `A[i*1024 + k] * B[k*64 + j]`. `/` and `%` of i64 values round down;
/// C++ division and remainder of integers are written div(a, b) and mod(a, b).
/// @param buffer_names    texts for buffers; those not given are `b0`, `b1`, ...
/// @param variable_names  texts for variables; those not given have their own names
LATHE_INLINE std::string to_text(const ir::pool& exprs, ir::expr handle,
                                 std::span<const std::string> buffer_names = {},
                                 std::span<const std::string> variable_names = {});

/// The whole nest, one line per buffer, phase, loop, branch and store, ending in a newline:
///
///     nest gemm
///       param A f32[64]
///       output C f32[64]
///       registers C_acc f32[4]
///     phase0 parallel
///       parallel i < 8
///         C[i*8] = A[i]
LATHE_INLINE std::string to_text(const ir::nest& nest);

/// One name per variable of the nest's pool, as to_text writes them: two loops of which one
/// encloses the other never share a name (`i`, `i_2`, ...).
LATHE_INLINE sequence<std::string> loop_names(const ir::nest& nest);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/lower/print.ipp>
#endif
