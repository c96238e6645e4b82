/// @file
/// The CPU schedule template: decisions for one stage as numbers, and their translation into steps
/// of a trace. FlexTensor's analysed space (Zheng et al., ASPLOS 2020, section 4) with what the
/// measurements of the CPU asked for: tails, packing, register tiles of vectors.
///
/// Levels of a reduction stage, outermost first:
///     S0  blocks of spatial axes (fused and parallel)      R0  blocks of reduce axes
///     S1  register tiles within a block                    R1  terms of one block
///     tile  rows x vectors, unrolled and vectorized: accumulators in registers
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/schedule/trace.hpp>
#include <lathe/space/reuse.hpp>

#include <array>
#include <cstdint>
#include <string>

namespace lathe {

/// Where an intermediate is computed.
enum class placement : unsigned char {
  root,     ///< whole, before its readers
  inlined,  ///< again for every element that is read; pointwise stages only
  block,    ///< in the reader's loops over what it shares with no other iteration: channels, groups
  window    ///< also in the next loop, if its iterations share little: blocks of rows of an image.
            ///< What they share is computed again; pointwise stages only
};

/// How an operand of a reduction reaches the innermost loop.
enum class packing : unsigned char {
  none,   ///< read where it is
  panel,  ///< the part that a block needs is copied in the order it is used
  whole   ///< copied once per call (or in bind())
};

/// Order of the outer levels of a reduction stage.
enum class level_order : unsigned char {
  blocks_first,       ///< S0 R0 S1 R1 tile
  vector_axis_first,  ///< S0 of the vectorized axis, R0, the other S0, S1 R1 tile (Goto and van de
                      ///< Geijn, 2008)
  vector_axis_last    ///< the other S0, R0, S0 of the vectorized axis, S1 R1 tile
};

/// Decisions for one reduction stage.
struct reduction_tile {
  placement place = placement::root;
  int vector_axis =
      0;            ///< spatial axis, or a reduce axis (then partial sums are vectorized: rfactor)
  int lanes = 1;    ///< elements of one vector
  int vectors = 1;  ///< vectors of the tile along the vectorized axis
  sequence<std::int64_t>
      rows;  ///< per axis: register tile factor (spatial), 1 for the vectorized one
  sequence<std::int64_t> block;  ///< per axis: S0 / R0 block [iterations]; >= extent = one block
  int inner_reduce = -1;         ///< axis whose terms run innermost, -1 = none
  std::int64_t unroll = 1;       ///< of the innermost reduce axis
  bool window_inside = false;  ///< inner_reduce, narrowed, runs unrolled inside the rows: each row
                               ///< has the terms that count for it
  int prefetch = 0;  ///< terms ahead at which packed vectors are prefetched, or those of operands
                     ///< read in place if nothing is packed; 0 = not
  bool prefetch_rows = false;  ///< what one tile reads of operands that have rows and no vectors,
                               ///< in place, is prefetched during the tile before
  level_order order = level_order::blocks_first;
  bool vector_blocks_outside = false;  ///< S1: the vectorized axis runs outside the others
  sequence<packing> pack;              ///< per load of loads_of()
  std::int64_t tasks = 1;  ///< fewest iterations of the parallel loop, if there are as many: with
                           ///< more, copies for some of its loops have to be made in each
  bool dot_bf16 = false;   ///< the processor has dot products of bf16
};

/// Iterations over which several threads share their work evenly enough.
constexpr std::int64_t tasks_for(int threads) { return threads < 2 ? 1 : 4 * threads; }

/// Register tile factors that are tried.
inline constexpr std::array<std::int64_t, 16> row_factors{1, 2,  3,  4,  5,  6,  7,  8,
                                                          9, 10, 12, 14, 16, 20, 24, 28};
/// Most rows of partial sums: the lanes of every row are added up in straight code.
inline constexpr std::int64_t most_partial_rows = 8;

/// Most terms of a window inside the rows of a tile, and most multiply-adds of vectors of straight
/// code that this may give.
inline constexpr std::int64_t most_window_terms = 8, most_window_code = 128;

/// Most loads of scattered_loads_of() that a tile may have.
inline constexpr std::int64_t most_scattered_loads = 64;

/// Decisions for one pointwise stage.
struct pointwise_tile {
  placement place = placement::root;
  int lanes = 1;          ///< vector length of the last axis, 1 = scalar
  int vectors = 1;        ///< that are unrolled along the last axis
  std::int64_t rows = 1;  ///< iterations of row_axis() that are unrolled around one vector: what
                          ///< does not depend on them (offsets of a gather) is computed once
};

/// The innermost axis of a pointwise stage, apart from the last one, that has iterations; -1 =
/// none.
LATHE_INLINE int row_axis(const program_stage& stage);

/// Appends the steps of a reduction stage. @pre `stage` has its default loops in `of`
LATHE_INLINE void append_steps(const program& of, int stage, const reduction_tile& decided,
                               trace& out);

/// Appends the steps of a pointwise stage.
LATHE_INLINE void append_steps(const program& of, int stage, const pointwise_tile& tile,
                               trace& out);

/// Vectors of a tile that are added up at a time.
LATHE_INLINE std::int64_t accumulators_of(const reduction_tile& tile);

/// Vector registers that the tile needs: accumulators, and the operands that are used again before
/// the tile is through, in the best order of its rows.
LATHE_INLINE std::int64_t registers_of(const sequence<load_use>& uses, const reduction_tile& tile);

/// Loads of single elements that one pass over the tile writes out, because the index of an operand
/// depends on the vectorized axis in a way that is not affine (a gather, a remainder). Each costs
/// about a millisecond of compile time.
LATHE_INLINE std::int64_t scattered_loads_of(const sequence<load_use>& uses,
                                             const reduction_tile& tile);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/tile.ipp>
#endif
