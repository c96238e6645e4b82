/// @file
/// Writes statements of a loop nest, and what needs no loops of its own: hints to prefetch, and the
/// rows of line buffers. In: frames of stages. Out: statements. The base of build.ipp's
/// nest_builder.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/placement.hpp>

#include <cstdint>
#include <string>

namespace lathe::detail {

/// What a line buffer keeps from one iteration of the loop around it to the next.
struct line_rows {
  int dim = -1;            ///< dimension of the tensor that the loop moves along
  std::int64_t count = 0;  ///< rows that one iteration reads
  std::int64_t step = 0;   ///< of which so many are new
  tensor_place buffer;     ///< holds all of them
  tensor_place fresh;      ///< holds the new ones
};

/// See the head of this file.
class nest_writer : protected placement {
 protected:
  using placement::placement;
  using statements = sequence<ir::stmt>;

  ir::stmt store(std::int32_t buffer, ir::expr index, ir::expr value);
  ir::stmt block(statements list);
  /// Appends a branch, or what is taken of it if that is known.
  void branch(ir::expr condition, statements then, statements otherwise, statements& into);
  /// A loop whose iterations become straight code.
  void unrolled(ir::expr variable, std::int64_t count, statements body, statements& into);

  /// Hints for the loads of a stage, in the body of the loop at `position`.
  void place_prefetches(stage_frame& frame, int position, ir::expr variable, statements& into);

  /// What the line buffer of a producer keeps over the iterations of the consumer's loop that it is
  /// filled in. @pre its region has been found; false if refused
  bool find_rows(const stage_frame& frame, const std::string& loop, const stage_frame& inner,
                 line_rows& out);
  /// The place for the new rows of a line buffer.
  tensor_place fresh_rows(const program_stage& producer, const line_rows& rows);
  /// Moves the rows of a line buffer at the current point of all other dimensions, and takes the
  /// new ones behind them.
  void take_rows(stage_frame& frame, const line_rows& rows, statements& into);

 private:
  void advance(stage_frame& frame, int position, std::int64_t distance, ir::expr load);
  void prefetch_lines(stage_frame& frame, int position, ir::expr load, int tensor_index,
                      statements& into);

  sequence<std::int32_t> fresh_;  ///< by stage: buffers of new rows
};

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/nest_writer.ipp>
#endif
