/// @file
/// Ansor's features of a program: 164 numbers for every statement that stores. In: a loop nest.
/// Out: rows for a model. Called by program_features.hpp.
///
/// Zheng et al., OSDI 2020, appendix B, with what the released code adds; in this order:
///
///     57  computation: for floats and integers multiply-adds, adds, multiplications, divisions,
///         comparisons, functions, others; logic; selects; each times the number of executions.
///         For vectorized, unrolled and parallel loops: length of the innermost, product, number,
///         position (8, one-hot). 8 lengths of a GPU's grid, 0 here
///     90  five buffers, those with most bytes first, each: read, write, both; bytes, different
///         bytes, lines, different lines; reuse by a loop, by several accesses, none; distance of
///         reuse in iterations and bytes, its count; the four of traffic over that count; stride
///     10  arithmetic intensity at ten places along the loops
///      4  the buffer that is stored: bytes, times executions, loops outside and inside of it
///      3  executions, number of loops, product of unrolled loops
///
/// Everything but the one-hot columns is the signed log2(1 + |x|). Positions are the paper's; the
/// released code always says "mixed". Lines have 64 bytes.
#pragma once

#include <lathe/config.hpp>
#include <lathe/lower/ir.hpp>
#include <lathe/model/feature_rows.hpp>

#include <cstddef>

namespace lathe {

inline constexpr std::size_t statement_feature_count = 164;

/// Most stores that are described: a nest has many for the ends of tiles, which do little.
inline constexpr std::size_t most_statement_rows = 8;

/// One row per store, in order of appearance; of more than most_statement_rows, those with most
/// executions times operations.
LATHE_INLINE feature_rows statement_features(const ir::nest& of);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/statement_features.ipp>
#endif
