/// @file
/// What the operands of a reduction cost on their way through the caches. In: one stage of a
/// program and the processor. Out: facts and cycles for the analytic schedule (estimate.hpp).
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/tile.hpp>

#include <cstdint>
#include <string>

namespace lathe::detail {

inline constexpr double small_page_bytes = 4096;
inline constexpr double transposed_copy = 0.3;  ///< [cycles] per element, in tiles of vectors

inline constexpr std::int64_t most_repeat = 8;  ///< terms that are unrolled for constant indices

/// True if what a tile reads of an operand is in L1 again for the next tile.
/// @param lines  of the cache, which the tile reads
LATHE_INLINE bool stays_in_l1(double lines, const cpu_target& target);

/// Share of the work of a tiling that is not beyond the end.
LATHE_INLINE double utilisation(double size, double factor);

/// The same of a product, whose last tile has code of its own for the rows or vectors it has.
/// @param unit  elements of a vector, 1 = rows
/// @param least  share of a whole tile's time that any takes
LATHE_INLINE double utilisation(double size, double factor, double unit, double least);

/// See the head of this file. The arguments must outlive it.
class stage_traffic {
 protected:
  /// @param bound  inputs packed once in bind()
  LATHE_INLINE stage_traffic(const program& of, const program_stage& stage,
                             const cpu_target& target, const sequence<std::string>& bound);

  /// Iterations of an axis.
  LATHE_INLINE double extent(int axis) const;
  /// Elements of a whole operand.
  LATHE_INLINE double elements(const load_use& use) const;
  /// Bytes of a whole operand.
  LATHE_INLINE double bytes_of(const load_use& use) const;
  /// How often an element is read.
  LATHE_INLINE double reuse_of(const load_use& use) const;
  /// True if bind() packs the operand.
  LATHE_INLINE bool is_bound(const load_use& use) const;
  /// True if there is one reduce axis: a product of matrices, with other axes or without.
  LATHE_INLINE bool is_product() const;
  /// True if an operand is larger than L2.
  LATHE_INLINE bool is_beyond_l2(const load_use& use) const;
  /// True if an operand comes from memory, not from a cache.
  LATHE_INLINE bool is_streamed(const load_use& use) const;
  /// True if an operand whose elements lie together along the vectorized axis is worth a panel:
  /// what it costs, more so from memory, is little beside the operations on what is read so often.
  /// It gains most where every term is on another page or in two lines of the cache.
  LATHE_INLINE bool is_worth_a_panel(const load_use& use, int vector_axis) const;
  /// True if vectors are read in place from rows a page or more apart: few sets of L2 hold them.
  LATHE_INLINE bool is_scattered_in_place(const load_use& use, int vector_axis) const;
  /// What packing an operand takes whose elements lie apart along an axis.
  LATHE_INLINE double copy_cycles(const load_use& use, int axis) const;
  /// What the index of one element that moves irregularly takes in every term. If as many terms are
  /// unrolled as it repeats after, and the rows are in step with it, it is a constant.
  LATHE_INLINE double index_cycles(const load_use& use, const reduction_tile& tile) const;
  /// Terms after which the indices of single elements repeat, as far as they are worth unrolling.
  LATHE_INLINE std::int64_t repeat_of_terms(const reduction_tile& tile) const;
  /// True if all that is left out of the packed vectors of one row of windows is a run at either
  /// end: that stream the processor follows by itself, and hints for every line of several vectors
  /// cost more than they save. Two narrowed axes around the window break it up.
  LATHE_INLINE bool skips_one_run(const reduction_tile& tile) const;
  /// New cache lines (or pages) per step along an axis: 1 if every step is in another line.
  LATHE_INLINE double line_share(const load_use& use, int axis,
                                 double line_bytes = cache_line_bytes) const;
  /// The same along the reduce axis that moves least: how often the next term is in a new line.
  LATHE_INLINE double line_share_of_terms(const load_use& use,
                                          double line_bytes = cache_line_bytes) const;
  /// True if rows lie so far apart that they share few sets of L1: their lines push each other out
  /// before the next term is read from them.
  LATHE_INLINE bool crowds_l1(const load_use& use, int axis, std::int64_t rows) const;
  /// True if a vector of a contiguous operand may lie in two cache lines.
  LATHE_INLINE bool straddles(const load_use& use, int vector_axis) const;
  /// What storing a tile takes whose vectors have every element on another page, besides the
  /// instructions: the lines come one after the other, from wherever the operands have left them.
  /// @param counts  iterations of every axis in one tile
  /// @param axis  that is vectorized
  LATHE_INLINE double far_store_cycles(const sequence<std::int64_t>& counts, int axis) const;
  /// Tiles that read the same part of an operand.
  LATHE_INLINE double passes_over(const load_use& use, const reduction_tile& tile) const;
  /// True if tiles read rows of an operand that come from beyond L2, each element in one tile.
  /// Short rows end before the processor sees a stream in each of them.
  LATHE_INLINE bool is_read_in_rows_once(const load_use& use, const reduction_tile& tile) const;
  /// What the first of the tiles that share a part of an operand waits for memory, as a share of
  /// each. @param lines  of one step, which is busy for `cycles`
  LATHE_INLINE double waiting_cycles(const load_use& use, const reduction_tile& tile, double lines,
                                     double cycles) const;

  const program& program_;
  const program_stage& stage_;
  const cpu_target& target_;
  const sequence<std::string>& bound_;
  sequence<load_use> uses_;
  sequence<std::int64_t> output_;  ///< strides of the result, per axis [elements]
  int bytes_ = 4, lanes_ = 1;      ///< of an element; elements of a vector
  double terms_ = 1;               ///< of one result
};

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/space/traffic.ipp>
#endif
