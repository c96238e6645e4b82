/// @file
/// Bodies of placement.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/lower/placement.hpp>

namespace lathe::detail {

LATHE_INLINE std::int64_t placement::layout_extent(const layout_dim& item,
                                                   const sequence<std::int64_t>& extent) {
  if (item.mod != 0) return item.mod + item.gap;
  return (extent[static_cast<std::size_t>(item.dim)] + item.div - 1) / item.div + item.gap;
}

LATHE_INLINE std::int64_t placement::element_count(const program_tensor& of,
                                                   const sequence<std::int64_t>& extent) const {
  std::int64_t count = 1;
  for (const layout_dim& item : of.layout) count *= layout_extent(item, extent);
  return count;
}

LATHE_INLINE sequence<std::int64_t> placement::memory_shape(const program_tensor& of,
                                                            const sequence<std::int64_t>& extent) {
  sequence<std::int64_t> shape;
  for (const layout_dim& item : of.layout) shape.push_back(layout_extent(item, extent));
  return shape;
}

LATHE_INLINE std::int32_t placement::add_buffer(ir::buffer made) {
  nest_.buffers.push_back(std::move(made));
  return static_cast<std::int32_t>(nest_.buffers.size() - 1);
}

LATHE_INLINE void placement::add_buffers() {
  for (int pass = 0; pass < 2; ++pass) {  // parameters first, in order; tensors are in that order
    for (std::size_t at = 0; at < program_.tensors.size(); ++at) {
      const program_tensor& of = program_.tensors[at];
      const bool param = of.param >= 0;
      if (param != (pass == 0)) continue;
      if (!param) {
        const program_stage& producer = program_.stages[static_cast<std::size_t>(of.producer)];
        if (producer.inlined || producer.attach_stage >= 0) continue;
      }
      tensor_place& made = places_[at];
      made.extent = of.shape;
      made.base.assign(of.shape.size(), exprs().constant(0));
      made.buffer =
          add_buffer({of.name, of.type, element_count(of, of.shape),
                      param ? ir::scope::param : ir::scope::workspace, param && of.producer >= 0,
                      of.scalar, of.bound, memory_shape(of, of.shape)});
    }
  }
}

LATHE_INLINE ir::expr placement::flat_index(int index, std::span<const ir::expr> point) {
  const program_tensor& of = tensor(index);
  const tensor_place& at = place(index);
  ir::expr flat = exprs().constant(0);
  for (const layout_dim& item : of.layout) {
    const auto dim = static_cast<std::size_t>(item.dim);
    ir::expr value = exprs().floor_div(exprs().sub(point[dim], at.base[dim]), item.div);
    if (item.mod != 0) value = exprs().floor_mod(value, item.mod);
    flat = exprs().add(exprs().scale(flat, layout_extent(item, at.extent)), value);
  }
  return flat;
}

/// Value of dimension `dim` inside its block structure; parts not entered count as 0.
LATHE_INLINE ir::expr placement::dim_value(const stage_frame& frame, int dim) {
  const loop_dim& of = stage_of(frame).dims[static_cast<std::size_t>(dim)];
  ir::expr value = exprs().constant(0);
  for (std::size_t part = 0; part < of.blocks.size(); ++part) {
    const ir::expr entered = frame.value[static_cast<std::size_t>(dim)][part];
    if (entered != ir::none) value = exprs().add(value, exprs().scale(entered, of.blocks[part]));
  }
  return value;
}

LATHE_INLINE int placement::entered_parts(const stage_frame& frame, int dim) {
  const sequence<ir::expr>& parts = frame.value[static_cast<std::size_t>(dim)];
  return static_cast<int>(position(parts, ir::none));
}

LATHE_INLINE block_size placement::block_around(const loop_dim& dim, int part) {
  const std::int64_t size = part == 0 ? dim.extent : dim.blocks[static_cast<std::size_t>(part - 1)];
  return {exprs().constant(size), {size}};
}

LATHE_INLINE ir::expr placement::is_inside(const stage_frame& frame) {
  const program_stage& stage = stage_of(frame);
  ir::expr all = exprs().literal(dtype::boolean, 1, 0);
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(stage.spatial); ++axis)
    if (const std::int64_t end = stage.axes[axis].inside; end != 0)
      all = exprs().binary(
          opcode::logical_and, dtype::boolean, all,
          exprs().binary(opcode::less, dtype::boolean, axis_value(frame, static_cast<int>(axis)),
                         exprs().constant(end)));
  return all;
}

/// Condition that a point lies within a tensor.
LATHE_INLINE ir::expr placement::lies_within(int index, std::span<const ir::expr> point) {
  const program_tensor& of = tensor(index);
  ir::expr all = exprs().literal(dtype::boolean, 1, 0);
  const auto require = [&](opcode fn, ir::expr value, std::int64_t bound) {
    all = exprs().binary(opcode::logical_and, dtype::boolean, all,
                         exprs().binary(fn, dtype::boolean, value, exprs().constant(bound)));
  };
  for (std::size_t dim = 0; dim < point.size(); ++dim) {
    const ir::interval range = exprs().range(point[dim]);
    if (range.low < 0) require(opcode::greater_equal, point[dim], 0);
    if (range.high >= of.shape[dim]) require(opcode::less, point[dim], of.shape[dim]);
  }
  return all;
}

LATHE_INLINE ir::expr placement::is_index_of(int index, const stage_frame& frame, int axis) {
  const ir::expr value = axis_value(frame, axis);
  const std::int64_t end = tensor(index).shape[static_cast<std::size_t>(axis)];
  const ir::interval range = exprs().range(value);
  ir::expr all = exprs().literal(dtype::boolean, 1, 0);
  if (range.low < 0)
    all = exprs().binary(opcode::greater_equal, dtype::boolean, value, exprs().constant(0));
  if (range.high >= end)
    all =
        exprs().binary(opcode::logical_and, dtype::boolean, all,
                       exprs().binary(opcode::less, dtype::boolean, value, exprs().constant(end)));
  return all;
}

/// Where the block begins that the parts entered without a gap have chosen of an axis.
LATHE_INLINE ir::expr placement::axis_start(const stage_frame& frame, int axis) {
  const loop_dim& of = stage_of(frame).dims[static_cast<std::size_t>(axis)];
  ir::expr value = frame.base[static_cast<std::size_t>(axis)];
  for (int part = 0; part < entered_parts(frame, axis); ++part) {
    const auto at = static_cast<std::size_t>(part);
    value = exprs().add(
        value, exprs().scale(frame.value[static_cast<std::size_t>(axis)][at], of.blocks[at]));
  }
  return value;
}

LATHE_INLINE ir::expr placement::axis_value(const stage_frame& frame, int axis) {
  return exprs().add(frame.base[static_cast<std::size_t>(axis)], dim_value(frame, axis));
}

/// What each axis stands for at the current point.
LATHE_INLINE sequence<std::pair<ir::expr, ir::expr>> placement::axis_values(
    const stage_frame& frame) {
  const program_stage& stage = stage_of(frame);
  sequence<std::pair<ir::expr, ir::expr>> mapping;
  for (std::size_t axis = 0; axis < stage.axes.size(); ++axis)
    mapping.emplace_back(stage.axes[axis].variable, axis_value(frame, static_cast<int>(axis)));
  return mapping;
}

/// Narrowed axes have a size of their own in each iteration of the loops that it depends on.
LATHE_INLINE void placement::narrow_sizes(stage_frame& frame) {
  const program_stage& stage = stage_of(frame);
  const auto is_entered = [&](std::size_t dim) { return !contains(frame.value[dim], ir::none); };
  for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
    const program_axis& narrowed = stage.axes[axis];
    if (frame.sized[axis]) continue;
    bool known = true;
    for (std::size_t other = 0; other < stage.axes.size(); ++other)
      known &= !exprs().depends_on(narrowed.size, stage.axes[other].variable) || is_entered(other);
    if (!known) continue;
    frame.sized[axis] = 1;
    const ir::expr size = exprs().substitute(narrowed.size, axis_values(frame));
    frame.size[axis] = exprs().is_constant(size) ? block_size{size, {exprs().constant_value(size)}}
                                                 : block_size{size, narrowed.sizes};
  }
}

/// Index expressions and values of a stage in terms of the loop variables, loads made flat.
LATHE_INLINE ir::expr placement::flatten(const stage_frame& frame, ir::expr value) {
  const ir::expr moved = exprs().substitute(value, axis_values(frame));
  return exprs().rewrite_loads(moved, [&](ir::expr load, std::span<const ir::expr> indices) {
    const ir::node at = exprs()[load];
    if (at.imm < 0) return load;
    const auto of = static_cast<int>(at.imm);
    const ir::expr flat = flat_index(of, indices);
    const ir::expr element = exprs().load(place(of).buffer, at.type, {&flat, 1});
    // A copy of a part has room for all that is read of it; the tensor itself ends.
    const ir::scope where = nest_.buffers[static_cast<std::size_t>(place(of).buffer)].where;
    if (!frame.beyond || ir::is_private(where)) return element;
    return exprs().select(lies_within(of, indices), element, exprs().literal(at.type, 0, 0));
  });
}

/// True if a load reads a copy that holds zeros beyond the end of an axis.
LATHE_INLINE bool placement::ends_with(ir::expr load, const program_axis& axis) {
  const auto of = static_cast<int>(exprs()[load].imm);
  if (of < 0 || place(of).buffer == ir::none) return false;
  const program_tensor& read = tensor(of);
  const bool copy =
      read.producer >= 0 && program_.stages[static_cast<std::size_t>(read.producer)].copy;
  if (!copy || !ir::is_private(nest_.buffers[static_cast<std::size_t>(place(of).buffer)].where))
    return false;
  const auto indices = exprs().args(load);
  for (std::size_t dim = 0; dim < indices.size(); ++dim)
    if (indices[dim] == axis.variable && read.shape[dim] == axis.inside) return true;
  return false;
}

/// True if a value is zero where all that it loads is.
LATHE_INLINE bool placement::is_zero(ir::expr value) {
  const ir::node& at = exprs()[value];
  switch (at.what) {
    case ir::kind::literal: return is_float(at.type) ? at.num == 0 : at.imm == 0;
    case ir::kind::linear: return exprs().is_constant(value) && exprs().constant_value(value) == 0;
    case ir::kind::load: return true;
    case ir::kind::cast: return is_zero(at.a);
    case ir::kind::unary: return at.fn == opcode::neg && is_zero(at.a);
    case ir::kind::select: return is_zero(at.b) && is_zero(at.c);
    case ir::kind::binary:
      if (at.fn == opcode::mul) return is_zero(at.a) || is_zero(at.b);
      return (at.fn == opcode::add || at.fn == opcode::sub) && is_zero(at.a) && is_zero(at.b);
    default: return false;
  }
}

LATHE_INLINE ir::expr placement::term(const program_stage& stage) {
  ir::expr body = stage.body;
  for (std::size_t at = stage.axes.size(); at-- > static_cast<std::size_t>(stage.spatial);) {
    const program_axis& axis = stage.axes[at];
    if (axis.inside == 0) continue;
    const ir::expr ends =
        exprs().binary(opcode::less, dtype::boolean, axis.variable, exprs().constant(axis.inside));
    const ir::node guard = exprs()[body];
    if (guard.what != ir::kind::select || guard.a != ends || guard.c != stage.identity) continue;
    bool zeros = is_zero(stage.identity) && is_zero(guard.b);
    for (const ir::expr load : loads_in(exprs(), guard.b)) zeros &= ends_with(load, axis);
    if (zeros) body = guard.b;
  }
  return body;
}

/// Flat index of the element of the stage's own tensor at the current point.
LATHE_INLINE ir::expr placement::output_index(const stage_frame& frame) {
  const program_stage& stage = stage_of(frame);
  const sequence<std::pair<ir::expr, ir::expr>> mapping = axis_values(frame);
  sequence<ir::expr> point;
  for (const ir::expr index : stage.point) point.push_back(exprs().substitute(index, mapping));
  return flat_index(stage.tensor, point);
}

/// True if a load of `tensor` stands in a branch of a select.
LATHE_INLINE bool placement::is_guarded(ir::expr value, int tensor_index, bool under) {
  if (value == ir::none) return false;
  const ir::node at = exprs()[value];
  if (at.what == ir::kind::load && at.imm == tensor_index && under) return true;
  for (const ir::term& each : exprs().terms(value))
    if (is_guarded(each.atom, tensor_index, under)) return true;
  for (const ir::expr each : exprs().args(value))
    if (is_guarded(each, tensor_index, under)) return true;
  if (at.what == ir::kind::select)
    return is_guarded(at.a, tensor_index, under) || is_guarded(at.b, tensor_index, true) ||
           is_guarded(at.c, tensor_index, true);
  return is_guarded(at.a, tensor_index, under) || is_guarded(at.b, tensor_index, under);
}

/// What one dimension's index expression covers while the loops not yet entered run.
LATHE_INLINE placement::region placement::cover(const stage_frame& frame, ir::expr index,
                                                std::int64_t extent) {
  const program_stage& stage = stage_of(frame);
  const region whole{exprs().constant(0), {exprs().constant(extent), {extent}}, extent};
  region out;
  const sequence<ir::term> terms(exprs().terms(index).begin(), exprs().terms(index).end());
  out.base = exprs().constant(exprs()[index].imm);
  out.size = {exprs().constant(1), {1}};
  for (const ir::term& each : terms) {
    if (exprs()[each.atom].what != ir::kind::variable) {
      // A quotient may be the same in the whole block: (6*f1 + r) / 6 for r < 6.
      sequence<std::pair<ir::expr, ir::expr>> mapping;
      sequence<ir::expr> offsets;
      for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
        if (!exprs().depends_on(each.atom, stage.axes[axis].variable)) continue;
        const size_choices& possible = frame.size[axis].possible;
        if (possible.empty()) return whole;
        ir::expr value = axis_start(frame, static_cast<int>(axis));
        if (possible.front() > 1) {
          offsets.push_back(exprs().make_variable(stage.axes[axis].name, possible.front()));
          value = exprs().add(value, offsets.back());
        }
        mapping.emplace_back(stage.axes[axis].variable, value);
      }
      if (!loads_in(exprs(), each.atom).empty()) return whole;
      const ir::expr moved = exprs().substitute(each.atom, mapping);
      for (const ir::expr offset : offsets)
        if (exprs().depends_on(moved, offset)) return whole;
      out.base = exprs().add(out.base, exprs().scale(moved, each.coef));
      continue;
    }
    std::size_t axis = 0;
    while (axis < stage.axes.size() &&
           exprs().variable_index(stage.axes[axis].variable) != exprs()[each.atom].imm)
      ++axis;
    const block_size& size = frame.size[axis];
    if (!frame.sized[axis] || contains(size.possible, 0)) return whole;
    const ir::expr reach = exprs().sub(size.value, exprs().constant(1));
    ir::expr low = exprs().scale(axis_start(frame, static_cast<int>(axis)), each.coef);
    if (each.coef < 0) low = exprs().add(low, exprs().scale(reach, each.coef));
    out.base = exprs().add(out.base, low);
    const std::int64_t step = each.coef < 0 ? -each.coef : each.coef;
    out.size.value = exprs().add(out.size.value, exprs().scale(reach, step));
    size_choices sums;
    for (const std::int64_t left : out.size.possible)
      for (const std::int64_t right : size.possible) sums.push_back(left + step * (right - 1));
    sort(sums, [](std::int64_t left, std::int64_t right) { return left > right; });
    remove_repeated(sums);
    out.size.possible = std::move(sums);
  }
  out.most = exprs().range(out.size.value).high;
  if (!out.size.possible.empty()) out.most = smaller(out.most, out.size.possible.front());
  return out;
}

/// Iterations of fused loops that compute a part of a tensor: those of the outermost loop may vary,
/// the others divide and have to be constant. False if they are not.
LATHE_INLINE bool placement::fused_part(const program_stage& producer, const loop_dim& fused,
                                        const sequence<region>& need, block_size& out) {
  std::int64_t others = 1;
  for (std::size_t at = 0; at < fused.sources.size(); ++at) {
    const auto dim = static_cast<std::size_t>(fused.sources[at].first);
    if (dim >= need.size() || producer.dims[dim].blocks.size() != 1) return false;
    if (at == 0) continue;
    if (!need[dim].size.is_static()) return false;
    others *= need[dim].size.possible.front();
  }
  const auto outer = static_cast<std::size_t>(fused.sources[0].first);
  out.value = exprs().scale(need[outer].size.value, others);
  out.possible = need[outer].size.possible;
  for (std::int64_t& size : out.possible) size *= others;
  return true;
}

/// The part of a producer's tensor that the consumer's current iteration reads.
LATHE_INLINE bool placement::find_region(const stage_frame& frame, const program_stage& producer,
                                         stage_frame& inner) {
  const program_stage& consumer = stage_of(frame);
  const int of = producer.tensor;
  // A copy that leaves out what lies beyond its tensor reads nothing there.
  const bool guarded = is_guarded(consumer.body, of, false) ||
                       is_guarded(consumer.epilogue, of, false) ||
                       contains(frame.reaches_out, char{1});
  // What is computed for places outside of the tensor is never read: there may be room for them.
  const bool roomy = (frame.beyond || producer.is_cooperative()) &&
                     !divides_integers(program_.exprs, producer.body);
  inner.beyond = frame.beyond || (guarded && roomy);
  // A copy leaves out what lies outside.
  const bool clipped = guarded && !roomy && producer.copy;
  if (guarded && !roomy && !clipped) {
    refuse("stage '" + producer.name + "' is read under a condition in '" + consumer.name +
           "', so the part it needs there is not known: compute it at root or inline it");
    return false;
  }
  // Conditions that a narrowed loop ensures are not asked again: they hold inside it only.
  for (std::size_t axis = 0; axis < consumer.axes.size(); ++axis)
    if (contains(frame.value[axis], ir::none) &&
        contains(frame.sized[axis] ? frame.size[axis].possible : consumer.axes[axis].sizes, 0)) {
      refuse("stage '" + producer.name + "' would be computed where '" + consumer.axes[axis].name +
             "' of stage '" + consumer.name +
             "' may have nothing to read: compute it at that loop or at root");
      return false;
    }
  sequence<region> need;
  const sequence<std::int64_t> shape = tensor(of).shape;
  for (const ir::expr root : {consumer.body, consumer.epilogue}) {
    if (root == ir::none) continue;
    for (const ir::expr load : loads_in(exprs(), root)) {
      if (exprs()[load].imm != of) continue;
      const sequence<ir::expr> indices(exprs().args(load).begin(), exprs().args(load).end());
      for (std::size_t dim = 0; dim < shape.size(); ++dim) {
        const region found = cover(frame, indices[dim], shape[dim]);
        if (need.size() <= dim)
          need.push_back(found);
        else
          need[dim] = join(need[dim], found, shape[dim]);
      }
    }
  }
  if (inner.beyond && !has_room(consumer, of, need)) {
    refuse("what '" + consumer.name + "' reads of '" + producer.name +
           "' beyond its end does not lie in a block; compute it at root");
    return false;
  }
  sequence<region> filled = need;  // the buffer has room for what lies outside, too
  if (clipped && !keep_within(producer, filled, need, inner)) return false;
  tensor_place& at = place(of);
  at.base.clear();
  sequence<std::int64_t> extent;
  for (const region& each : need) {
    at.base.push_back(each.base);
    extent.push_back(inner.beyond || clipped ? each.most
                                             : smaller(each.most, shape[extent.size()]));
  }
  for (const region& each : filled) inner.base.push_back(each.base);
  bool whole_tensor = true;
  for (std::size_t dim = 0; dim < filled.size(); ++dim)
    whole_tensor &= filled[dim].size.value == exprs().constant(shape[dim]);
  for (std::size_t dim = 0; dim < producer.dims.size(); ++dim) {
    if (dim < filled.size()) {
      inner.size.push_back(filled[dim].size);
    } else {
      const loop_dim& fused = producer.dims[dim];
      inner.size.push_back({exprs().constant(fused.extent), {fused.extent}});
      if (fused.axis < 0 && !fused.reduce && !whole_tensor &&
          !fused_part(producer, fused, filled, inner.size.back())) {
        refuse(
            "stage '" + producer.name +
            "' has fused loops, and the part of it that is needed has no fixed size: only all of "
            "it can be computed");
        return false;
      }
      if (dim < producer.axes.size()) inner.base.push_back(exprs().constant(0));
    }
  }
  const std::int64_t elements = element_count(tensor(of), extent);
  if (at.buffer == ir::none) {
    at.extent = extent;
    at.buffer = add_buffer({tensor(of).name, tensor(of).type, elements,
                            producer.is_cooperative() ? ir::scope::shared : ir::scope::scratch,
                            false, false, false, memory_shape(tensor(of), extent)});
  } else {
    for (std::size_t dim = 0; dim < extent.size(); ++dim)
      at.extent[dim] = larger(at.extent[dim], extent[dim]);
    ir::buffer& made = nest_.buffers[static_cast<std::size_t>(at.buffer)];
    made.elements = larger(made.elements, element_count(tensor(of), at.extent));
    made.shape = memory_shape(tensor(of), at.extent);
  }
  return true;
}

/// True if regions hold all that is read: those that are whole dimensions end where the tensor
/// does.
LATHE_INLINE bool placement::has_room(const program_stage& consumer, int of,
                                      const sequence<region>& need) {
  const sequence<std::int64_t>& shape = tensor(of).shape;
  for (const ir::expr root : {consumer.body, consumer.epilogue}) {
    if (root == ir::none) continue;
    for (const ir::expr load : loads_in(exprs(), root)) {
      if (exprs()[load].imm != of) continue;
      for (std::size_t dim = 0; dim < shape.size(); ++dim) {
        if (need[dim].base != exprs().constant(0) || need[dim].most != shape[dim]) continue;
        const ir::interval reached = exprs().range(exprs().args(load)[dim]);
        if (reached.low < 0 || reached.high >= shape[dim]) return false;
      }
    }
  }
  return true;
}

/// Ends regions where the tensor does, as far as their place is known; notes the others, whose
/// loops ask. @param room  what the buffer has room for. False if refused.
LATHE_INLINE bool placement::keep_within(const program_stage& copy, sequence<region>& need,
                                         sequence<region>& room, stage_frame& inner) {
  const sequence<std::int64_t>& shape = tensor(copy.tensor).shape;
  bool asks = false;
  for (std::size_t dim = 0; dim < need.size(); ++dim) {
    region& part = need[dim];
    inner.reaches_out.push_back(0);
    if (exprs().is_constant(part.base) && part.size.is_static()) {
      const std::int64_t base = exprs().constant_value(part.base);
      const std::int64_t first = larger<std::int64_t>(0, base),
                         end = smaller(shape[dim], base + part.most);
      // Nothing of it is ever read: one element, so that there is a buffer.
      const bool is_empty = end <= first;
      const std::int64_t size = is_empty ? 1 : end - first;
      part.base = exprs().constant(is_empty ? 0 : first);
      part.size = {exprs().constant(size), {size}};
      part.most = size;
      if (is_empty) room[dim] = part;
      continue;
    }
    const ir::interval low = exprs().range(part.base);
    inner.reaches_out.back() = low.low < 0 || low.high + part.most > shape[dim];
    asks |= inner.reaches_out.back() != 0;
  }
  if (asks && any_of(copy.loops, [&](const stage_loop& each) {
        return each.how == ir::loop_kind::vectorized ||
               static_cast<std::size_t>(each.dim) >= need.size();
      })) {
    refuse("what '" + copy.name +
           "' copies is read under a condition and reaches beyond the tensor in some iterations: "
           "its loops can be neither vectorized nor fused");
    return false;
  }
  return true;
}

/// Smallest region that holds two whose starts differ by a constant; the whole dimension otherwise.
LATHE_INLINE placement::region placement::join(const region& left, const region& right,
                                               std::int64_t extent) {
  const ir::expr gap = exprs().sub(right.base, left.base);
  if (!exprs().is_constant(gap) || left.size.value != right.size.value)
    return {exprs().constant(0), {exprs().constant(extent), {extent}}, extent};
  const std::int64_t distance = exprs().constant_value(gap);
  region out = distance >= 0 ? left : right;
  const std::int64_t more = distance >= 0 ? distance : -distance;
  out.size.value = exprs().add(out.size.value, exprs().constant(more));
  for (std::int64_t& value : out.size.possible) value += more;
  out.most += more;
  return out;
}

}  // namespace lathe::detail
