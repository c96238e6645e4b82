/// @file
/// Bodies of tile.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/space/dot_group.hpp>
#include <lathe/space/partial_sums.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/step_writer.hpp>
#include <lathe/space/tile.hpp>
#include <lathe/space/transposition.hpp>

namespace lathe {
namespace detail {

/// The loops of one axis by level; empty names do not exist.
struct axis_loops {
  std::string outer, inner, rows, lanes, dot;
  std::int64_t tiles = 1;  ///< iterations of inner
  bool varies = false;     ///< outer runs a different number of times for different phases
};

LATHE_INLINE std::int64_t tile_factor(const reduction_tile& tile, std::size_t axis) {
  return static_cast<int>(axis) == tile.vector_axis
             ? static_cast<std::int64_t>(tile.vectors) * tile.lanes
             : tile.rows[axis];
}

/// True if an axis decides the size of a tile's window inside the rows and of nothing else, and all
/// of it lies in the tile: then it is known in each row which terms count.
LATHE_INLINE bool lies_around_window(const program& of, const program_stage& stage,
                                     const reduction_tile& tile, std::size_t axis) {
  if (tile.rows[axis] < stage.axes[axis].extent) return false;
  for (std::size_t at = 0; at < stage.axes.size(); ++at) {
    const program_axis& each = stage.axes[at];
    if (each.size != ir::none && static_cast<int>(at) != tile.inner_reduce &&
        of.exprs.depends_on(each.size, stage.axes[axis].variable))
      return false;
  }
  return true;
}

/// The tile with what narrowed axes ask for: one row and no vector of the axes that decide their
/// sizes, phases outside, all their terms in one block.
LATHE_INLINE reduction_tile with_sizes(const program& of, const program_stage& stage,
                                       reduction_tile tile) {
  if (tile.window_inside) {
    const program_axis& window = stage.axes[static_cast<std::size_t>(tile.inner_reduce)];
    tile.window_inside = window.size != ir::none && window.extent > 1;
    for (std::size_t axis = 0; axis < stage.axes.size(); ++axis)
      if (tile.window_inside && of.exprs.depends_on(window.size, stage.axes[axis].variable))
        tile.window_inside = lies_around_window(of, stage, tile, axis);
  }
  for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
    const int number = static_cast<int>(axis);
    if (decides_sizes(of, stage, number) &&
        !(tile.window_inside && lies_around_window(of, stage, tile, axis)))
      tile.rows[axis] = 1;
    if (decides_sizes(of, stage, number, true)) tile.block[axis] = 1;
    if (stage.axes[axis].reduce && stage.axes[axis].size != ir::none)
      tile.block[axis] = stage.axes[axis].extent;
  }
  return tile;
}

/// The axis whose tiles, or terms, a loop inside the blocks runs through; -1 = none.
LATHE_INLINE int axis_of_tiles(const sequence<axis_loops>& loops, const std::string& loop) {
  for (std::size_t axis = 0; axis < loops.size(); ++axis)
    if (loops[axis].inner == loop) return static_cast<int>(axis);
  return -1;
}

/// Splits one axis into the levels it needs and returns their names.
LATHE_INLINE axis_loops split_axis(step_writer& write, const program_stage& stage, std::size_t axis,
                                   const reduction_tile& tile, const dot_group& dot) {
  const program_axis& of = stage.axes[axis];
  const bool vector = static_cast<int>(axis) == tile.vector_axis;
  const bool grouped = static_cast<int>(axis) == dot.axis;
  const bool unrolled_reduce =
      of.reduce && static_cast<int>(axis) == tile.inner_reduce && tile.unroll > 1;
  const std::int64_t whole = grouped ? of.extent / dot.terms : of.extent;  // groups, or iterations
  const std::int64_t unrolled =
      smaller(whole, of.reduce ? (unrolled_reduce ? tile.unroll : 1) : tile_factor(tile, axis));
  const std::int64_t factor = grouped ? unrolled * dot.terms : unrolled;
  const std::int64_t block = clamped(tile.block[axis], factor, of.extent);
  const std::int64_t tiles = (block + factor - 1) / factor;
  axis_loops out;
  sequence<split_part> parts;
  const auto part = [&](std::string& name, char level, std::int64_t count) {
    name = part_name(stage, of.name, level);
    parts.push_back({name, parts.empty() ? 0 : count});
  };
  if (tiles * factor < of.extent) part(out.outer, '0', 0);
  const auto blocks = [&](std::int64_t size) {
    return (size + tiles * factor - 1) / (tiles * factor);
  };
  out.varies =
      any_of(of.sizes, [&](std::int64_t size) { return blocks(size) != blocks(of.extent); });
  out.tiles = tiles;
  if (tiles > 1) part(out.inner, '1', tiles);
  if (vector && !of.reduce) {
    const std::int64_t lanes = smaller<std::int64_t>(tile.lanes, of.extent);
    const std::int64_t count = (factor + lanes - 1) / lanes;
    if (count > 1) part(out.rows, '2', count);
    part(out.lanes, count > 1 ? '3' : '2', lanes);
  } else if (unrolled > 1) {
    part(out.rows, '2', unrolled);
  }
  if (grouped) part(out.dot, '4', dot.terms);
  if (parts.size() > 1) {
    write.split(stage.name, of.name, parts);
    return out;
  }
  for (std::string* name : {&out.outer, &out.inner, &out.rows, &out.lanes, &out.dot})
    if (!name->empty()) *name = of.name;
  // A single iteration; of a reduction it is what the accumulator is for.
  if (parts.empty()) (of.reduce ? out.inner : out.outer) = of.name;
  return out;
}

/// True if a dimension is read from its end to its beginning.
LATHE_INLINE bool runs_backwards(const load_use& use, std::size_t dim) {
  const auto step = [&](int axis) { return use.stride[static_cast<std::size_t>(axis)]; };
  const sequence<int>& axes = use.axes_through_dim[dim];
  return any_of(axes, [&](int axis) { return step(axis) < 0; }) &&
         !any_of(axes, [&](int axis) { return step(axis) > 0; });
}

/// Layout of a packed operand: tiles of the vectorized axis and of rows innermost, in them the
/// terms of a dot product. What is read backwards is turned round, since processors prefetch
/// streams forwards.
LATHE_INLINE sequence<layout_item> packed_layout(const program& of, const program_stage& stage,
                                                 const load_use& use, const reduction_tile& tile,
                                                 const dot_group& dot) {
  const sequence<std::string> names = dimension_names(of, use.tensor, &stage);
  sequence<layout_item> blocks, middle, tail;
  for (std::size_t dim = 0; dim < names.size(); ++dim) {
    const int axis = use.axis_of_dim[dim];
    if (axis >= 0 && axis == dot.axis) {
      middle.push_back({names[dim], dot.terms, 0});
      continue;
    }
    const bool spatial = axis >= 0 && !stage.axes[static_cast<std::size_t>(axis)].reduce;
    const std::int64_t factor = spatial ? tile_factor(tile, static_cast<std::size_t>(axis)) : 1;
    if (factor < 2 || stage.axes[static_cast<std::size_t>(axis)].extent <= factor) {
      if (factor >= 2 && axis == tile.vector_axis)
        tail.push_back({names[dim], 1, 0});
      else
        middle.push_back({names[dim], 1, 0, runs_backwards(use, dim)});
      continue;
    }
    blocks.push_back({names[dim], factor, 0});
    if (axis == tile.vector_axis)
      tail.push_back({names[dim], 1, factor});
    else
      tail.insert(tail.begin(), {names[dim], 1, factor});
  }
  blocks.insert(blocks.end(), middle.begin(), middle.end());
  blocks.insert(blocks.end(), tail.begin(), tail.end());
  if (const int dim = dot.axis < 0 ? -1 : use.dim_of(dot.axis); dim >= 0)
    blocks.push_back({names[static_cast<std::size_t>(dim)], 1, dot.terms});
  return blocks;
}

/// Loops of a copy: vectors where the source is contiguous, tiles where only the copy is, short
/// strided runs unrolled.
LATHE_INLINE void schedule_copy_steps(step_writer& write, const std::string& copy,
                                      const sequence<layout_item>& layout,
                                      const sequence<std::string>& names,
                                      const program_tensor& source, int lanes, bool root,
                                      const sequence<char>& whole) {
  const layout_item& last = layout.back();
  const std::size_t dim = position(names, last.axis);
  const bool split = last.mod != 0;
  const std::string loop = split ? last.axis + "_1" : last.axis;
  const std::int64_t count = split ? last.mod : source.shape[dim];
  const bool contiguous = dim + 1 == source.shape.size();
  sequence<std::string> outside{layout[0].div > 1 ? layout[0].axis + "_0" : layout[0].axis};
  const transposition across = transposition_of(layout, names, source, whole);
  if (contiguous && lanes > 1) {
    if (count > lanes) {
      write.split(copy, loop, {{loop + "v", 0}, {loop + "l", lanes}});
      write.annotate(primitive::vectorize, copy, loop + "l");
    } else {
      write.annotate(primitive::vectorize, copy, loop);
    }
  } else if (lanes > 1 && count > 1 && across.run > 1) {
    outside = transpose_steps(write, copy, across, lanes, size_of(source.type));
  } else if (count <= 32) {
    write.annotate(primitive::unroll, copy, loop);
  }
  if (root && layout.size() > 1 && !outside.empty())
    write.annotate(primitive::parallel, copy, outside[0]);
}

/// The rows of a tile as nested loops, and what they keep in registers besides the accumulators.
struct row_nest {
  sequence<int> axes;  ///< with more than one row, outermost first
  std::int64_t live = 0;
};

/// Operands that are read again in a later iteration stay in registers: those that do not depend on
/// some loop, for all iterations of the loops inside it.
LATHE_INLINE std::int64_t live_operands(const sequence<load_use>& uses, const reduction_tile& tile,
                                        const sequence<int>& rows) {
  std::int64_t live = 0;
  for (const load_use& use : uses) {
    std::int64_t kept = 1;
    bool is_repeated = false;
    for (const int axis : rows) {
      const std::int64_t distinct =
          use.distinct_in(axis, tile.rows[static_cast<std::size_t>(axis)]);
      if (distinct == 1)
        is_repeated = true;
      else if (is_repeated)
        kept *= distinct;
    }
    if (tile.window_inside && is_repeated) kept *= use.distinct_in(tile.inner_reduce, tile.unroll);
    if (is_repeated && use.depends(tile.vector_axis)) kept *= tile.vectors;
    live += kept;
  }
  return live;
}

/// The order of the rows that keeps least in registers; at most three axes have rows, the natural
/// order wins among equals.
LATHE_INLINE row_nest best_rows(const sequence<load_use>& uses, const reduction_tile& tile) {
  row_nest best;
  for (std::size_t axis = 0; axis < tile.rows.size(); ++axis)
    if (tile.rows[axis] > 1) best.axes.push_back(static_cast<int>(axis));
  best.live = live_operands(uses, tile, best.axes);
  sequence<int> other = best.axes;
  for (std::size_t from = 1; from < other.size(); ++from) {  // every axis once in front
    const int moved = other[from];
    for (std::size_t at = from; at > 0; --at) other[at] = other[at - 1];
    other[0] = moved;
    const std::int64_t live = live_operands(uses, tile, other);
    if (live < best.live) best = {other, live};
  }
  return best;
}

/// Where an operand is copied: the last of the outer loops that selects a part of it.
struct copy_place {
  int loop = -1;            ///< -1: none does, it is copied whole
  bool is_hoisted = false;  ///< out of loops that select what a narrowed sum reads
};

/// What a narrowed sum reads is selected by the axes that decide its sizes. The operand is copied
/// outside of their loops if that copies fewer elements than once in each of their iterations.
LATHE_INLINE copy_place place_of_copy(const program& of, const program_stage& stage,
                                      const load_use& use, const sequence<int>& outer_axes) {
  const program_tensor& source = of.tensors[static_cast<std::size_t>(use.tensor)];
  std::int64_t selected = 1, iterations = 1;
  for (std::size_t dim = 0; dim < source.shape.size(); ++dim)
    if (use.axis_of_dim[dim] < 0) selected *= source.shape[dim];
  copy_place out;
  for (int loop = static_cast<int>(outer_axes.size()) - 1; loop >= 0; --loop) {
    const int axis = outer_axes[static_cast<std::size_t>(loop)];
    if (!use.depends(axis)) continue;
    if (out.loop < 0) out.loop = loop;
    if (!decides_sizes(of, stage, axis) || use.dim_of(axis) >= 0)
      return out.is_hoisted ? copy_place{loop, true} : out;
    iterations *= stage.axes[static_cast<std::size_t>(axis)].extent;
    out.is_hoisted |= selected <= iterations;
  }
  if (out.is_hoisted) out.loop = -1;
  return out;
}

}  // namespace detail

LATHE_INLINE std::int64_t accumulators_of(const reduction_tile& tile) {
  std::int64_t accumulators = tile.vectors;
  for (const std::int64_t rows : tile.rows) accumulators *= rows;
  return accumulators;
}

LATHE_INLINE std::int64_t registers_of(const sequence<load_use>& uses, const reduction_tile& tile) {
  return accumulators_of(tile) + detail::best_rows(uses, tile).live;
}

LATHE_INLINE std::int64_t scattered_loads_of(const sequence<load_use>& uses,
                                             const reduction_tile& tile) {
  std::int64_t count = 0;
  for (const load_use& use : uses) {
    if (use.is_affine_in(tile.vector_axis, tile.lanes)) continue;
    std::int64_t rows = tile.vectors;
    for (std::size_t axis = 0; axis < tile.rows.size(); ++axis)
      rows *= use.distinct_in(static_cast<int>(axis), tile.rows[axis]);
    count += rows * tile.lanes * tile.unroll;
  }
  return count;
}

LATHE_INLINE void append_steps(const program& of, int index, const reduction_tile& decided,
                               trace& out) {
  const program_stage& stage = of.stages[static_cast<std::size_t>(index)];
  if (decided.vector_axis >= stage.spatial) return detail::append_partial_sums(stage, decided, out);
  reduction_tile tile = detail::with_sizes(of, stage, decided);
  const sequence<load_use> uses = loads_of(of, stage);
  const dot_group dot = dot_group_of(of, stage, uses, tile.vector_axis, tile.lanes, tile.dot_bf16);
  for (std::size_t at = 0; at < uses.size() && at < tile.pack.size(); ++at)
    if (tile.pack[at] == packing::none && must_pack(uses[at], dot, tile.vector_axis))
      tile.pack[at] = packing::panel;
  detail::step_writer write(out);
  sequence<detail::axis_loops> loops;
  for (std::size_t axis = 0; axis < stage.axes.size(); ++axis)
    loops.push_back(detail::split_axis(write, stage, axis, tile, dot));

  // The outer levels, in the chosen order.
  sequence<std::string> before, reduce_blocks, after;
  sequence<int> before_axis, reduce_axis, after_axis;
  for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
    if (loops[axis].outer.empty()) continue;
    const int number = static_cast<int>(axis);
    if (stage.axes[axis].reduce) {
      reduce_blocks.push_back(loops[axis].outer);
      reduce_axis.push_back(number);
      continue;
    }
    const bool vector = number == tile.vector_axis;
    const bool inside = (tile.order == level_order::vector_axis_first && !vector) ||
                        (tile.order == level_order::vector_axis_last && vector);
    const bool outermost = stage.axes[axis].extent == 1 || decides_sizes(of, stage, number, true);
    (inside && !outermost ? after : before).push_back(loops[axis].outer);
    (inside && !outermost ? after_axis : before_axis).push_back(number);
  }
  if (reduce_blocks.empty()) {  // then the order decides only which blocks run outside
    before.insert(before.end(), after.begin(), after.end());
    before_axis.insert(before_axis.end(), after_axis.begin(), after_axis.end());
    after.clear();
    after_axis.clear();
  }
  sequence<std::string> order = before;
  sequence<int> outer_axes = before_axis;  // of the loops in `order`
  order.append(reduce_blocks.begin(), reduce_blocks.end());
  order.append(after.begin(), after.end());
  outer_axes.append(reduce_axis.begin(), reduce_axis.end());
  outer_axes.append(after_axis.begin(), after_axis.end());
  const sequence<std::string> outer = order;
  const auto vector_axis = static_cast<std::size_t>(tile.vector_axis);
  const std::string& vector_tiles = loops[vector_axis].inner;
  if (tile.vector_blocks_outside && !vector_tiles.empty()) order.push_back(vector_tiles);
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(stage.spatial); ++axis)
    if (axis != vector_axis && !loops[axis].inner.empty()) order.push_back(loops[axis].inner);
  if (!tile.vector_blocks_outside && !vector_tiles.empty()) order.push_back(vector_tiles);
  const auto inner = static_cast<std::size_t>(larger(tile.inner_reduce, 0));
  std::string terms;  // the innermost reduce loop that is not unrolled
  std::size_t terms_axis = 0;
  for (std::size_t axis = static_cast<std::size_t>(stage.spatial); axis < stage.axes.size(); ++axis)
    if (axis != inner && !loops[axis].inner.empty()) {
      order.push_back(terms = loops[axis].inner);
      terms_axis = axis;
    }
  for (std::size_t axis = static_cast<std::size_t>(stage.spatial); axis < stage.axes.size();
       ++axis) {
    if (axis == inner && !loops[axis].inner.empty()) {
      order.push_back(terms = loops[axis].inner);
      terms_axis = axis;
    }
    if (!loops[axis].rows.empty() && !tile.window_inside) order.push_back(loops[axis].rows);
  }
  for (const int axis : detail::best_rows(uses, tile).axes)
    if (const std::string& rows = loops[static_cast<std::size_t>(axis)].rows;
        axis != tile.vector_axis && axis < stage.spatial && !rows.empty())
      order.push_back(rows);
  if (tile.window_inside) order.push_back(loops[inner].rows);
  if (!loops[vector_axis].rows.empty()) order.push_back(loops[vector_axis].rows);
  if (!loops[vector_axis].lanes.empty()) order.push_back(loops[vector_axis].lanes);
  if (dot.axis >= 0) order.push_back(loops[static_cast<std::size_t>(dot.axis)].dot);
  if (order.size() > 1) write.reorder(stage.name, order);

  for (const detail::axis_loops& each : loops)
    if (!each.rows.empty()) write.annotate(primitive::unroll, stage.name, each.rows);
  if (!loops[vector_axis].lanes.empty() && tile.lanes > 1)
    write.annotate(primitive::vectorize, stage.name, loops[vector_axis].lanes);
  else if (!loops[vector_axis].lanes.empty())
    write.annotate(primitive::unroll, stage.name, loops[vector_axis].lanes);
  if (dot.axis >= 0)
    write.annotate(primitive::dot, stage.name, loops[static_cast<std::size_t>(dot.axis)].dot);
  write.cache_write(stage.name, reduce_blocks.empty() ? "" : reduce_blocks.back());

  // Packing: at the last outer loop that the operand depends on, so that it is copied least often.
  sequence<detail::copy_place> places(uses.size());
  std::size_t first_place = before.size();
  for (std::size_t at = 0; at < uses.size() && at < tile.pack.size(); ++at) {
    if (tile.pack[at] != packing::panel) continue;
    places[at] = detail::place_of_copy(of, stage, uses[at], outer_axes);
    if (places[at].loop >= 0)
      first_place = smaller(first_place, static_cast<std::size_t>(places[at].loop));
  }

  // Loops are fused that run as often for every phase, up to the first one that has a copy.
  sequence<std::string> leading;
  std::int64_t tasks = 1;
  for (std::size_t loop = 0; loop < before.size(); ++loop) {
    const auto axis = static_cast<std::size_t>(before_axis[loop]);
    if (loops[axis].varies || (loop > first_place && tasks >= tile.tasks)) break;
    leading.push_back(before[loop]);
    const std::int64_t size = clamped<std::int64_t>(tile.block[axis], 1, stage.axes[axis].extent);
    tasks *= (stage.axes[axis].extent + size - 1) / size;
  }
  const bool shares = tasks > 1 && tile.place != placement::block;
  const std::string fused = shares ? write.parallel(stage.name, leading) : "";

  for (std::size_t at = 0; at < uses.size() && at < tile.pack.size(); ++at) {
    if (tile.pack[at] == packing::none) continue;
    const program_tensor& source = of.tensors[static_cast<std::size_t>(uses[at].tensor)];
    const bool repeated = any_of(out.steps, [&](const step& each) {
      return (each.what == primitive::pack || each.what == primitive::cache_read) &&
             each.stage == source.name;
    });
    if (repeated) continue;
    const auto loop = static_cast<std::size_t>(places[at].loop);
    std::string place;
    if (places[at].loop >= 0) place = fused.empty() || loop >= leading.size() ? outer[loop] : fused;
    const sequence<layout_item> layout = detail::packed_layout(of, stage, uses[at], tile, dot);
    const std::string copy = source.name + "_packed";
    const bool input = source.param >= 0;
    write.copy(place.empty() && input ? primitive::pack : primitive::cache_read, source.name, copy,
               stage.name, place, layout);
    sequence<char> whole;  // dimensions that no block divides, if it is a part that is copied
    const std::size_t last = fused.empty() || loop >= leading.size() ? loop : leading.size() - 1;
    const auto is_divided = [&](int axis) {  // by a loop around the copy
      const std::size_t outermost = position(outer_axes, axis);
      return outermost < outer_axes.size() && outermost <= last;
    };
    for (std::size_t dim = 0; dim < source.shape.size(); ++dim) {
      const sequence<int>& axes = uses[at].axes_through_dim[dim];
      whole.push_back(place.empty() ||
                      (axes.empty() ? uses[at].axis_of_dim[dim] < 0 && places[at].is_hoisted
                                    : !any_of(axes, is_divided)));
    }
    detail::schedule_copy_steps(write, copy, layout,
                                detail::dimension_names(of, uses[at].tensor, &stage), source,
                                tile.lanes, place.empty(), whole);
    if (tile.prefetch > 0 && !terms.empty() && uses[at].depends(tile.vector_axis))
      write.prefetch(copy, stage.name, terms, tile.prefetch);
  }
  if (tile.prefetch_rows && !terms.empty()) {
    const std::size_t at = position(order, terms);
    const int around = at == 0 ? -1 : detail::axis_of_tiles(loops, order[at - 1]);
    const std::int64_t steps = loops[static_cast<std::size_t>(terms_axis)].tiles;
    for (std::size_t use = 0; use < uses.size(); ++use)
      if (around >= 0 && uses[use].depends(around) && !uses[use].depends(tile.vector_axis) &&
          (use >= tile.pack.size() || tile.pack[use] == packing::none) &&
          steps <= most_prefetch_distance)
        write.prefetch(of.tensors[static_cast<std::size_t>(uses[use].tensor)].name, stage.name,
                       terms, static_cast<int>(steps));
  }
  const bool packs = any_of(tile.pack, [](packing each) { return each != packing::none; });
  if (tile.prefetch == 0 || terms.empty() || packs) return;
  for (const load_use& use : uses) {
    const std::string& name = of.tensors[static_cast<std::size_t>(use.tensor)].name;
    const bool repeated = any_of(out.steps, [&](const step& each) {
      return each.what == primitive::prefetch && each.stage == name;
    });
    if (use.is_contiguous_in(tile.vector_axis, tile.lanes) && !repeated)
      write.prefetch(name, stage.name, terms, tile.prefetch);
  }
}

LATHE_INLINE int row_axis(const program_stage& stage) {
  int axis = static_cast<int>(stage.axes.size()) - 2;
  while (axis >= 0 && stage.axes[static_cast<std::size_t>(axis)].extent < 2) --axis;
  return larger(axis, -1);
}

LATHE_INLINE void append_steps(const program& of, int index, const pointwise_tile& tile,
                               trace& out) {
  const program_stage& stage = of.stages[static_cast<std::size_t>(index)];
  detail::step_writer write(out);
  if (tile.place == placement::inlined)
    return write.annotate(primitive::inline_stage, stage.name, "");
  if (stage.axes.empty()) return;
  const program_axis& last = stage.axes.back();
  const bool threads = points_of(stage) >= 4096 && tile.place == placement::root;
  const dtype type = of.tensors[static_cast<std::size_t>(stage.tensor)].type;
  detail::transposition across = detail::transposition_of(of, stage);
  if (tile.lanes > 1 && across.run > 1) {
    if (tile.place == placement::block) {  // of a part, fused loops would have to hold all
      across.first = across.last;
      across.run = stage.axes[across.last].extent;
    }
    const auto outside =
        detail::transpose_steps(write, stage.name, across, tile.lanes, size_of(type));
    if (threads) write.parallel(stage.name, outside);
    return;
  }
  sequence<std::string> leading;
  for (std::size_t axis = 0; axis + 1 < stage.axes.size(); ++axis)
    leading.push_back(stage.axes[axis].name);
  std::string rows, row_blocks;
  if (const int axis = row_axis(stage); axis >= 0 && tile.rows > 1 && tile.lanes > 1) {
    const program_axis& row = stage.axes[static_cast<std::size_t>(axis)];
    rows = detail::part_name(stage, row.name, '1');
    row_blocks = detail::part_name(stage, row.name, '0');
    write.split(stage.name, row.name, {{row_blocks, 0}, {rows, smaller(tile.rows, row.extent)}});
    leading[static_cast<std::size_t>(axis)] = row_blocks;
  }
  sequence<std::string> order = leading;
  if (last.extent > tile.lanes) {
    const std::string blocks = detail::part_name(stage, last.name, '0');
    const bool several = tile.vectors > 1 && last.extent > tile.lanes * tile.vectors;
    const std::string vectors = detail::part_name(stage, last.name, '1');
    const std::string lanes = several ? detail::part_name(stage, last.name, '2') : vectors;
    if (tile.lanes > 1) {
      if (several) {
        write.split(stage.name, last.name,
                    {{blocks, 0}, {vectors, tile.vectors}, {lanes, tile.lanes}});
        write.annotate(primitive::unroll, stage.name, vectors);
      } else {
        write.split(stage.name, last.name, {{blocks, 0}, {lanes, tile.lanes}});
        if (tile.vectors > 1)
          write.annotate(primitive::unroll, stage.name, blocks);  // all there are
      }
      write.annotate(primitive::vectorize, stage.name, lanes);
      if (leading.empty()) leading.push_back(blocks);
      order.push_back(blocks);
      order.push_back(rows);
      if (several) order.push_back(vectors);
      order.push_back(lanes);
    } else if (leading.empty()) {
      leading.push_back(last.name);
    }
  } else if (last.extent > 1 && tile.lanes > 1) {
    write.annotate(primitive::vectorize, stage.name, last.name);
    order.push_back(rows);
    order.push_back(last.name);
  }
  if (!rows.empty()) {
    write.reorder(stage.name, order);
    write.annotate(primitive::unroll, stage.name, rows);
  }
  if (threads) write.parallel(stage.name, leading);
}

}  // namespace lathe
