/// @file
/// Where tensors live while a loop nest is built: buffers, the flat index of an element, and the
/// region of a tensor that one iteration of a consumer's loop reads. In: a scheduled program and
/// the loops entered so far. Out: buffers and index expressions. The base of
/// nest_writer.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>
#include <lathe/lower/program.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace lathe::detail {

/// A block size: its value and the values it can take (empty = not enumerated).
struct block_size {
  ir::expr value = ir::none;
  size_choices possible;
  bool is_static() const { return possible.size() == 1; }
};

/// Where a tensor lives while code is generated: the region [base, base + extent) of each
/// dimension.
struct tensor_place {
  std::int32_t buffer = ir::none;
  sequence<ir::expr> base;
  sequence<std::int64_t> extent;
};

/// One instance of a stage being generated.
struct stage_frame {
  int stage = 0;
  sequence<ir::expr> base;             ///< per axis: start of the region
  sequence<block_size> size;           ///< per dimension: block that its next part divides
  sequence<sequence<ir::expr>> value;  ///< per dimension and part; none = loop not entered
  sequence<char> sized;                ///< per axis: its size is that of the current point
  bool beyond = false;                 ///< tensors may end before what is read of them
  /// Per dimension, of copies of what is read under conditions: its part may reach beyond the
  /// tensor, and only what lies within is copied; empty = nowhere.
  sequence<char> reaches_out;
};

/// Buffers and addresses of the program's tensors.
class placement {
 protected:
  explicit placement(program&& source)
      : program_(std::move(source)), places_(program_.tensors.size()) {}

  ir::pool& exprs() { return program_.exprs; }
  program_stage& stage_of(const stage_frame& frame) {
    return program_.stages[static_cast<std::size_t>(frame.stage)];
  }
  program_tensor& tensor(int index) { return program_.tensors[static_cast<std::size_t>(index)]; }
  tensor_place& place(int index) { return places_[static_cast<std::size_t>(index)]; }
  /// Keeps the first reason why the nest cannot be built.
  void refuse(std::string reason) {
    if (reason_.empty()) reason_ = std::move(reason);
  }

  /// Elements of a tensor per dimension of its layout, and in all, if it has so many.
  static sequence<std::int64_t> memory_shape(const program_tensor& of,
                                             const sequence<std::int64_t>& extent);
  std::int64_t element_count(const program_tensor& of, const sequence<std::int64_t>& extent) const;

  /// Adds a buffer to the nest and returns its index.
  std::int32_t add_buffer(ir::buffer made);
  /// Buffers of the parameters, then of the tensors that are computed at root.
  void add_buffers();

  /// Value of dimension `dim` inside its block structure; parts not entered count as 0.
  ir::expr dim_value(const stage_frame& frame, int dim);
  /// Number of parts of a dimension, from the outermost, that are entered without a gap.
  static int entered_parts(const stage_frame& frame, int dim);
  /// The block that part `part` of an evenly split dimension divides.
  block_size block_around(const loop_dim& dim, int part);
  /// Condition that no padded axis of the stage is beyond its end.
  ir::expr is_inside(const stage_frame& frame);
  /// Condition that the current value of an axis is an index of that dimension of a tensor.
  ir::expr is_index_of(int index, const stage_frame& frame, int axis);
  /// Gives narrowed axes their size, as soon as the loops that it depends on are entered.
  void narrow_sizes(stage_frame& frame);
  /// Flat index of the element of the stage's own tensor at the current point.
  ir::expr output_index(const stage_frame& frame);
  /// An expression of a stage in terms of the loop variables, loads made flat.
  ir::expr flatten(const stage_frame& frame, ir::expr value);

  /// The body of a reduction without the conditions that end padded axes, where the copies that it
  /// reads hold zeros beyond the ends and a term of zeros is neutral.
  ir::expr term(const program_stage& stage);

  /// Finds the part of a producer's tensor that the consumer's current iteration reads, gives it a
  /// scratch buffer, and starts the producer's frame there. False if refused.
  bool find_region(const stage_frame& frame, const program_stage& producer, stage_frame& inner);

  program program_;
  ir::nest nest_;
  std::string reason_;

 private:
  /// What one dimension of a tensor is read at: values base .. base + size - 1.
  struct region {
    ir::expr base = ir::none;
    block_size size;
    std::int64_t most = 1;  ///< upper bound of the size
  };

  static std::int64_t layout_extent(const layout_dim& item, const sequence<std::int64_t>& extent);
  ir::expr flat_index(int index, std::span<const ir::expr> point);
  ir::expr lies_within(int index, std::span<const ir::expr> point);
  ir::expr axis_value(const stage_frame& frame, int axis);
  ir::expr axis_start(const stage_frame& frame, int axis);
  sequence<std::pair<ir::expr, ir::expr>> axis_values(const stage_frame& frame);
  bool is_guarded(ir::expr value, int tensor_index, bool under);
  bool is_zero(ir::expr value);
  bool ends_with(ir::expr load, const program_axis& axis);
  region cover(const stage_frame& frame, ir::expr index, std::int64_t extent);
  bool fused_part(const program_stage& producer, const loop_dim& fused,
                  const sequence<region>& need, block_size& out);
  bool has_room(const program_stage& consumer, int of, const sequence<region>& need);
  bool keep_within(const program_stage& copy, sequence<region>& need, sequence<region>& room,
                   stage_frame& inner);
  region join(const region& left, const region& right, std::int64_t extent);

  sequence<tensor_place> places_;  ///< by tensor
};

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/placement.ipp>
#endif
