/// @file
/// The run-time form of an operator while it is being scheduled. In: a description (desc_view).
/// Out: apply.hpp edits it step by step, build.hpp turns it into a loop nest.
///
/// Every stage is either pointwise (`body` stored per point) or one reduction
/// (`acc = combine(acc, body)`, then `epilogue(acc)` stored). Statements with several reductions
/// are split into several stages when the program is made.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/ir.hpp>
#include <lathe/schedule/primitive.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lathe {

/// Pseudo buffer of the accumulated value: `load(accumulated)` in combine and epilogue.
inline constexpr std::int32_t accumulated = -2;
/// Pseudo buffer of the new term: `load(new_term)` in combine.
inline constexpr std::int32_t new_term = -3;

/// Possible values of a quantity that depends on which tile a loop is in; empty = unknown.
using size_choices = sequence<std::int64_t>;

/// One axis of a stage's statement, or what phase and narrow have made of one.
struct program_axis {
  std::string name;
  ir::expr variable = ir::none;  ///< stands for the axis in body and index expressions
  std::int64_t extent = 1;       ///< [iterations], the most if there is a size
  bool reduce = false;
  ir::expr size = ir::none;  ///< iterations where they depend on other axes, over their variables
  size_choices sizes{};      ///< the values of size, largest first; empty = no size
  /// Narrowed reduce axes: what the axis of the statement is, over `variable` and axes outside.
  ir::expr value = ir::none;
  std::int64_t whole = 0;   ///< iterations of that axis
  std::int64_t inside = 0;  ///< padded axes: iterations before the padding; 0 = not padded
};

/// One dimension of a tensor's memory layout: (index[dim] / div) % mod, mod 0 = no modulo.
struct layout_dim {
  int dim = 0;
  std::int64_t div = 1;
  std::int64_t mod = 0;
  std::int64_t gap = 0;  ///< elements left free after the last index
};

/// One tensor of the program.
struct program_tensor {
  std::string name;
  dtype type{};
  sequence<std::int64_t> shape;
  sequence<layout_dim> layout;  ///< memory order, slowest first
  int param = -1;               ///< position in the operator's parameter list, -1 = intermediate
  int producer = -1;            ///< stage, -1 = input
  bool scalar = false;
  bool bound = false;  ///< packed once in bind()
};

/// A loop dimension: an axis of the statement, or the fusion of loops of other dimensions. Its
/// parts tile it: one iteration of part n covers `blocks[n]` consecutive values; the last block
/// is 1.
struct loop_dim {
  int axis = -1;  ///< index into stage::axes; -1 for fused dimensions
  std::int64_t extent = 1;
  bool reduce = false;
  sequence<std::int64_t> blocks;  ///< per part, outermost first
  sequence<std::pair<int, int>>
      sources;           ///< fused: (dimension, part) of each loop, outermost first
  size_choices sizes{};  ///< all extents that it can have, largest first; empty = extent alone
};

/// One loop of a stage: part `part` of dimension `dim`.
struct stage_loop {
  std::string name;
  int dim = 0;
  int part = 0;
  ir::loop_kind how = ir::loop_kind::serial;
};

/// Most iterations that a prefetch may look ahead.
inline constexpr int most_prefetch_distance = 1024;

/// A prefetch hint of a stage.
struct stage_prefetch {
  int tensor = 0;
  std::string loop;
  std::int64_t distance = 1;
};

/// One stage: what it computes and how its loops run.
struct program_stage {
  std::string name;
  int tensor = 0;  ///< tensor it computes
  sequence<program_axis>
      axes;  ///< spatial axes in order of the tensor's dimensions, then reduce axes
  int spatial = 0;
  sequence<ir::expr> point;  ///< index of the element that is computed, per dimension of the tensor
  bool reduction = false;
  ir::expr body = ir::none;      ///< value, or term of the reduction
  sequence<ir::expr> holds;      ///< conditions that are true wherever the body is evaluated
  ir::expr identity = ir::none;  ///< reductions: start value
  ir::expr combine = ir::none;   ///< reductions: over loads of `accumulated` and `new_term`
  ir::expr epilogue = ir::none;  ///< reductions: stored value over loads of `accumulated`
  bool copy = false;             ///< made by cache_read or pack

  sequence<loop_dim> dims;
  sequence<stage_loop> loops;   ///< outermost first
  bool register_tile = false;   ///< cache_write given
  bool tile_in_buffer = false;  ///< ... with `buffer`: the tile is memory
  std::string accumulate_at;    ///< loop of cache_write's `at`, empty = all reduce loops
  int attach_stage = -1;        ///< compute_at: consumer stage, -1 = root
  std::string attach_loop;
  bool inlined = false;
  bool line_buffer = false;  ///< what two iterations of attach_loop read is kept
  int buffers = 1;           ///< iterations of attach_loop whose results are there at once
  sequence<stage_prefetch> prefetches;

  /// Position of a loop by name, -1 if absent.
  int find_loop(std::string_view loop) const;
  /// True if some axis of the tensor runs phase by phase: it has more spatial axes than dimensions.
  bool has_phases() const { return static_cast<std::size_t>(spatial) != point.size(); }
  /// True if it has phases, or an axis whose trip count depends on others.
  bool is_narrowed() const;
  /// True if some axis runs beyond its end.
  bool is_padded() const;
  /// True if the threads of a GPU's block compute it together: it lies inside another stage and a
  /// loop of it is bound to threads.
  bool is_cooperative() const;
};

/// The graph of stages, in order of computation.
struct program {
  std::string name;
  ir::pool exprs;
  sequence<program_tensor> tensors;
  sequence<program_stage> stages;
  int param_count = 0;

  int find_stage(std::string_view stage) const;
  int find_tensor(std::string_view tensor) const;
  /// True if a reduction stage stores its result itself (no function of it).
  bool stores_plain_result(const program_stage& stage) const;
  /// True if a reduction adds its terms up.
  bool is_sum(const program_stage& stage) const;
  /// Stages (not inlined) whose expressions load `tensor`.
  sequence<int> readers(int tensor) const;
  /// The stage that reads a tensor if one alone does, else null.
  const program_stage* only_reader(int tensor) const;
};

/// The program of a description with its default loops: every stage at root, in the order written.
/// @pre the description passed analysis/check.hpp (all extents and shapes known)
LATHE_INLINE program make_program(const desc_view& desc);

/// Sizes of the block that part `part` of `dim` divides: {extent} for the outermost part, then the
/// full block and the tails.
LATHE_INLINE size_choices block_sizes(const loop_dim& dim, int part);

/// True if every part of a dimension divides the part around it in every iteration, so that its
/// loops may stand in any order.
LATHE_INLINE bool divides_evenly(const program_stage& stage, const loop_dim& dim);

/// Possible trip counts of a loop. @post non-empty
LATHE_INLINE size_choices trip_counts(const loop_dim& dim, int part);

/// Position of the loop around which a reduction starts and finishes its accumulator: the first
/// reduce loop below cache_write's `at`. -1 if the stage is no reduction or has no such loop.
LATHE_INLINE int accumulation_start(const program_stage& stage);

/// Gives a stage one serial loop per axis, in order of its axes.
LATHE_INLINE void reset_loops(program_stage& stage);

/// All loads in an expression: (load node), each once.
LATHE_INLINE sequence<ir::expr> loads_in(const ir::pool& exprs, ir::expr root);

/// True if a value is the quotient or remainder of integers by another than a constant: it is
/// undefined where that is zero.
LATHE_INLINE bool divides_integers(const ir::pool& exprs, ir::expr root);

/// All distinct nodes of one kind that a value depends on, in order of appearance.
LATHE_INLINE sequence<ir::expr> nodes_in(const ir::pool& exprs, ir::expr root, ir::kind what);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/lower/program.ipp>
#endif
