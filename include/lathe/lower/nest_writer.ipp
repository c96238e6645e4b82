/// @file
/// Bodies of nest_writer.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/lower/nest_writer.hpp>

#include <utility>

namespace lathe::detail {

LATHE_INLINE ir::stmt nest_writer::store(std::int32_t buffer, ir::expr index, ir::expr value) {
  ir::statement made;
  made.what = ir::stmt_kind::store;
  made.buffer = buffer;
  made.index = index;
  made.value = value;
  return nest_.add(std::move(made));
}

LATHE_INLINE ir::stmt nest_writer::block(statements list) {
  if (list.size() == 1) return list[0];
  ir::statement made;
  made.what = ir::stmt_kind::block;
  made.children = std::move(list);
  return nest_.add(std::move(made));
}

LATHE_INLINE void nest_writer::branch(ir::expr condition, statements then, statements otherwise,
                                      statements& into) {
  if (exprs().is_constant(condition)) {
    const statements& taken = exprs().constant_value(condition) != 0 ? then : otherwise;
    into.insert(into.end(), taken.begin(), taken.end());
    return;
  }
  ir::statement made;
  made.what = ir::stmt_kind::branch;
  made.condition = condition;
  made.children.push_back(block(std::move(then)));
  if (!otherwise.empty()) made.children.push_back(block(std::move(otherwise)));
  into.push_back(nest_.add(std::move(made)));
}

LATHE_INLINE void nest_writer::unrolled(ir::expr variable, std::int64_t count, statements body,
                                        statements& into) {
  if (count == 1) {
    into.insert(into.end(), body.begin(), body.end());
    return;
  }
  ir::statement made;
  made.what = ir::stmt_kind::loop;
  made.how = ir::loop_kind::unrolled;
  made.variable = variable;
  made.extent = exprs().constant(count);
  made.children = std::move(body);
  into.push_back(nest_.add(std::move(made)));
}

// ---------------------------------------------------------------- prefetch

LATHE_INLINE void nest_writer::place_prefetches(stage_frame& frame, int position, ir::expr variable,
                                                statements& into) {
  const program_stage& stage = stage_of(frame);
  const stage_loop& loop = stage.loops[static_cast<std::size_t>(position)];
  for (const stage_prefetch& hint : stage.prefetches) {
    if (hint.loop != loop.name || exprs().is_constant(variable)) continue;
    for (const ir::expr load : loads_in(exprs(), stage.body)) {
      if (exprs()[load].imm != hint.tensor) continue;
      if (loads_in(exprs(), load).size() > 1)
        continue;  // a gather: it would have to load the index
      // Loops below that are unrolled may address different lines: one hint for each line.
      stage_frame ahead = frame;
      advance(ahead, position, hint.distance, load);
      prefetch_lines(ahead, position + 1, load, hint.tensor, into);
    }
  }
}

/// Moves a frame some iterations of a loop ahead; those beyond its end are iterations of the loop
/// around it, as far as the load moves with that.
LATHE_INLINE void nest_writer::advance(stage_frame& frame, int position, std::int64_t distance,
                                       ir::expr load) {
  const program_stage& stage = stage_of(frame);
  const auto at = [&](int of) -> const stage_loop& {
    return stage.loops[static_cast<std::size_t>(of)];
  };
  const auto dim_of = [&](int of) -> const loop_dim& {
    return stage.dims[static_cast<std::size_t>(at(of).dim)];
  };
  for (; position > 0; --position) {
    const std::int64_t count = trip_counts(dim_of(position), at(position).part).front();
    const loop_dim& around = dim_of(position - 1);
    if (distance < count || at(position - 1).how != ir::loop_kind::serial || around.axis < 0 ||
        !exprs().depends_on(load, stage.axes[static_cast<std::size_t>(around.axis)].variable))
      break;
    distance = (distance + count / 2) / count;
  }
  ir::expr& value = frame.value[static_cast<std::size_t>(at(position).dim)]
                               [static_cast<std::size_t>(at(position).part)];
  value = exprs().add(value, exprs().constant(distance));
}

LATHE_INLINE void nest_writer::prefetch_lines(stage_frame& frame, int position, ir::expr load,
                                              int tensor_index, statements& into) {
  const program_stage& stage = stage_of(frame);
  if (position < static_cast<int>(stage.loops.size())) {
    const stage_loop& loop = stage.loops[static_cast<std::size_t>(position)];
    const loop_dim& dim = stage.dims[static_cast<std::size_t>(loop.dim)];
    if (ir::is_written_out(loop.how) && dim.axis >= 0 &&
        exprs().depends_on(load, stage.axes[static_cast<std::size_t>(dim.axis)].variable)) {
      const std::int64_t count = trip_counts(dim, loop.part).front();
      for (std::int64_t at = 0; at < count; ++at) {
        stage_frame inner = frame;
        inner.value[static_cast<std::size_t>(loop.dim)][static_cast<std::size_t>(loop.part)] =
            exprs().constant(at);
        prefetch_lines(inner, position + 1, load, tensor_index, into);
      }
      return;
    }
    return prefetch_lines(frame, position + 1, load, tensor_index, into);
  }
  const sequence<ir::expr> loads = loads_in(exprs(), flatten(frame, load));
  if (loads.empty()) return;  // beyond the end of the tensor
  const ir::expr index = exprs().args(loads[0])[0];
  const std::int64_t line = 64 / size_of(tensor(tensor_index).type);  // elements of a cache line
  for (const ir::stmt each : into) {
    const ir::statement& other = nest_[each];
    if (other.what != ir::stmt_kind::prefetch || other.buffer != place(tensor_index).buffer)
      continue;
    const ir::expr gap = exprs().sub(index, other.index);
    if (exprs().is_constant(gap) && math::abs(exprs().constant_value(gap)) < line) return;
  }
  ir::statement made;
  made.what = ir::stmt_kind::prefetch;
  made.buffer = place(tensor_index).buffer;
  made.index = index;
  into.push_back(nest_.add(std::move(made)));
}

// ---------------------------------------------------------------- line buffers

LATHE_INLINE bool nest_writer::find_rows(const stage_frame& frame, const std::string& loop,
                                         const stage_frame& inner, line_rows& out) {
  const program_stage& producer = program_.stages[static_cast<std::size_t>(inner.stage)];
  const program_stage& consumer = program_.stages[static_cast<std::size_t>(frame.stage)];
  const auto wrong = [&](const std::string& why) {
    refuse("line_buffer(" + producer.name + "): " + why);
    return false;
  };
  const stage_loop& around = consumer.loops[static_cast<std::size_t>(consumer.find_loop(loop))];
  if (around.how != ir::loop_kind::serial)
    return wrong("loop " + loop + " is not serial, so that no iteration comes before another");
  if (consumer.dims[static_cast<std::size_t>(around.dim)].axis < 0)
    return wrong("loop " + loop + " is fused");
  const ir::expr variable =
      frame.value[static_cast<std::size_t>(around.dim)][static_cast<std::size_t>(around.part)];
  if (exprs().is_constant(variable)) return wrong("loop " + loop + " runs once");
  const tensor_place& at = place(producer.tensor);
  for (std::size_t dim = 0; dim < at.base.size(); ++dim) {
    if (!exprs().depends_on(at.base[dim], variable)) continue;
    if (out.dim >= 0) return wrong("loop " + loop + " moves along several dimensions");
    out.dim = static_cast<int>(dim);
    const std::pair<ir::expr, ir::expr> first{variable, exprs().constant(0)};
    const ir::expr rest = exprs().substitute(at.base[dim], {&first, 1});
    const ir::expr moved = exprs().sub(at.base[dim], rest);
    for (const ir::term& each : exprs().terms(moved)) out.step = each.coef;
    if (moved != exprs().scale(variable, out.step))
      return wrong("loop " + loop + " does not move along it by equal steps");
  }
  if (out.dim < 0) return wrong("all iterations of loop " + loop + " read the same of it");
  const block_size& size = inner.size[static_cast<std::size_t>(out.dim)];
  if (!size.is_static()) return wrong("its rows have no fixed number");
  out.count = size.possible.front();
  if (out.step < 1 || out.step >= out.count)
    return wrong("iterations of loop " + loop + " read nothing twice, or move backwards");
  if (out.count > 256) return wrong("it would be a register of more than 256 rows");
  int loops_along = 0;
  for (const stage_loop& each : producer.loops) loops_along += each.dim == out.dim;
  if (loops_along != 1 || producer.dims.size() != at.base.size())
    return wrong("the loop along its rows is split or fused");
  return true;
}

LATHE_INLINE tensor_place nest_writer::fresh_rows(const program_stage& producer,
                                                  const line_rows& rows) {
  tensor_place out = rows.buffer;
  const auto dim = static_cast<std::size_t>(rows.dim);
  const program_tensor& of = tensor(producer.tensor);
  out.base[dim] = exprs().add(out.base[dim], exprs().constant(rows.count - rows.step));
  out.extent[dim] = rows.step;
  fresh_.resize(program_.stages.size(), ir::none);
  std::int32_t& made = fresh_[static_cast<std::size_t>(of.producer)];
  if (made == ir::none)
    made = add_buffer({of.name + "_new", of.type, element_count(of, out.extent), ir::scope::scratch,
                       false, false, false, memory_shape(of, out.extent)});
  out.buffer = made;
  return out;
}

LATHE_INLINE void nest_writer::take_rows(stage_frame& frame, const line_rows& rows,
                                         statements& into) {
  const int of = stage_of(frame).tensor;
  const auto dim = static_cast<std::size_t>(rows.dim);
  const dtype type = tensor(of).type;
  const ir::expr begin = exprs().sub(rows.buffer.base[dim], frame.base[dim]);
  const auto element = [&](const tensor_place& in, ir::expr row) {
    place(of) = in;
    frame.value[dim][0] = exprs().add(begin, row);
    return output_index(frame);
  };
  const auto copy = [&](std::int64_t count, const tensor_place& from, std::int64_t first,
                        std::int64_t to) {
    const ir::expr row = count == 1 ? exprs().constant(0) : exprs().make_variable("row", count);
    const ir::expr source = element(from, exprs().add(row, exprs().constant(first)));
    const ir::expr target = element(rows.buffer, exprs().add(row, exprs().constant(to)));
    unrolled(row, count,
             {store(rows.buffer.buffer, target, exprs().load(from.buffer, type, {&source, 1}))},
             into);
  };
  const std::int64_t kept = rows.count - rows.step;
  copy(kept, rows.buffer, rows.step, 0);
  copy(rows.step, rows.fresh, kept, kept);
  frame.value[dim][0] = ir::none;
}

}  // namespace lathe::detail
