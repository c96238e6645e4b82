/// @file
/// Bodies of apply_stages.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply_loops.hpp>
#include <lathe/lower/apply_stages.hpp>

namespace lathe::detail {

LATHE_INLINE bool reads(const program& target, ir::expr value, int tensor) {
  return any_of(loads_in(target.exprs, value),
                [&](ir::expr load) { return target.exprs[load].imm == tensor; });
}

/// Replaces every load of `tensor` in a stage's expressions.
template <class Rewrite>
inline void rewrite_stage(program& target, program_stage& stage, int tensor, Rewrite&& rewrite) {
  const auto on_load = [&](ir::expr load, std::span<const ir::expr> indices) -> ir::expr {
    return target.exprs[load].imm == tensor ? rewrite(indices) : load;
  };
  if (stage.body != ir::none) stage.body = target.exprs.rewrite_loads(stage.body, on_load);
  if (stage.epilogue != ir::none)
    stage.epilogue = target.exprs.rewrite_loads(stage.epilogue, on_load);
}

LATHE_INLINE void drop_what_holds(ir::pool& exprs, program_stage& stage) {
  if (stage.holds.empty()) return;
  sequence<std::pair<ir::expr, ir::expr>> mapping;
  for (const ir::expr each : stage.holds)
    mapping.emplace_back(each, exprs.literal(dtype::boolean, 1, 0));
  stage.body = exprs.replace(stage.body, mapping);
}

LATHE_INLINE void insert_stage(program& target, int place, program_stage made,
                               program_tensor computed) {
  const auto moved = [&](int& stage) {
    if (stage >= place) ++stage;
  };
  for (program_stage& each : target.stages) moved(each.attach_stage);
  for (program_tensor& each : target.tensors) moved(each.producer);
  moved(made.attach_stage);
  computed.producer = place;
  target.tensors.push_back(std::move(computed));
  target.stages.insert(target.stages.begin() + place, std::move(made));
}

LATHE_INLINE std::string apply_inline(program& target, int index) {
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  const int tensor = stage.tensor;
  if (stage.reduction)
    return "stage " + quoted(stage.name) + " is a reduction; only pointwise stages can be inlined";
  if (stage.has_phases()) return "stage " + quoted(stage.name) + " has phases; inline comes first";
  if (target.tensors[static_cast<std::size_t>(tensor)].param >= 0)
    return "stage " + quoted(stage.name) + " computes an output";
  for (const program_stage& each : target.stages)
    if (!each.inlined && each.attach_stage == index)
      return "stage " + quoted(each.name) + " is computed inside " + quoted(stage.name);
  for (const int reader : target.readers(tensor)) {
    rewrite_stage(target, target.stages[static_cast<std::size_t>(reader)], tensor,
                  [&](std::span<const ir::expr> indices) {
                    sequence<std::pair<ir::expr, ir::expr>> mapping;
                    const program_stage& from = target.stages[static_cast<std::size_t>(index)];
                    for (std::size_t at = 0; at < indices.size(); ++at)
                      mapping.emplace_back(from.axes[at].variable, indices[at]);
                    return target.exprs.substitute(from.body, mapping);
                  });
    drop_what_holds(target.exprs, target.stages[static_cast<std::size_t>(reader)]);
  }
  target.stages[static_cast<std::size_t>(index)].inlined = true;
  return {};
}

LATHE_INLINE std::string apply_compute_at(program& target, int index, const step& what) {
  const int consumer = target.find_stage(what.at_stage);
  if (consumer < 0) return "there is no stage " + quoted(what.at_stage);
  const program_stage& into = target.stages[static_cast<std::size_t>(consumer)];
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  if (into.find_loop(what.at_loop) < 0) return unknown_loop(into, what.at_loop);
  if (target.tensors[static_cast<std::size_t>(stage.tensor)].param >= 0)
    return "stage " + quoted(stage.name) + " computes an output, which must be computed whole";
  const sequence<int> readers = target.readers(stage.tensor);
  if (readers.size() != 1 || readers[0] != consumer)
    return "stage " + quoted(stage.name) + " is not read by " + quoted(into.name) + " alone";
  if (stage.attach_stage >= 0) return "stage " + quoted(stage.name) + " is placed already";
  if (stage.has_phases())
    return "stage " + quoted(stage.name) + " has phases, so only all of it can be computed";
  stage.attach_stage = consumer;
  stage.attach_loop = what.at_loop;
  return {};
}

/// Names of a tensor's dimensions as traces write them.
LATHE_INLINE sequence<std::string> dimension_names(const program& target, int tensor,
                                                   const program_stage* reader) {
  const program_tensor& of = target.tensors[static_cast<std::size_t>(tensor)];
  sequence<std::string> names;
  for (std::size_t dim = 0; dim < of.shape.size(); ++dim)
    names.push_back("d" + std::to_string(dim));
  if (of.producer >= 0) {
    const program_stage& producer = target.stages[static_cast<std::size_t>(of.producer)];
    for (std::size_t dim = 0; dim < names.size(); ++dim)
      for (const program_axis& axis : producer.axes)
        if (producer.point[dim] == axis.variable) names[dim] = axis.name;
    return names;
  }
  if (reader == nullptr) return names;
  for (const ir::expr load : loads_in(target.exprs, reader->body)) {
    if (target.exprs[load].imm != tensor) continue;
    const auto indices = target.exprs.args(load);
    for (std::size_t dim = 0; dim < names.size(); ++dim)
      for (const program_axis& axis : reader->axes)
        if (indices[dim] == axis.variable) names[dim] = axis.name;
    break;
  }
  for (std::size_t dim = 0; dim < names.size(); ++dim)  // A(i, i) reads a diagonal
    for (std::size_t other = 0; other < dim; ++other)
      if (names[other] == names[dim]) names[dim] = "d" + std::to_string(dim);
  return names;
}

/// Translates a layout; every element of the tensor must have exactly one place.
LATHE_INLINE std::string read_layout(const sequence<layout_item>& items,
                                     const sequence<std::string>& names,
                                     sequence<layout_dim>& out) {
  out.clear();
  if (items.empty()) {
    for (std::size_t dim = 0; dim < names.size(); ++dim)
      out.push_back({static_cast<int>(dim), 1, 0});
    return {};
  }
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : " ") + name;
  for (const layout_item& item : items) {
    int dim = -1;
    for (std::size_t at = 0; at < names.size(); ++at)
      if (item.axis == names[at] || item.axis == "d" + std::to_string(at))
        dim = static_cast<int>(at);
    if (dim < 0) return "the layout names " + quoted(item.axis) + "; the dimensions are: " + known;
    if (item.reversed && (item.div != 1 || item.mod != 0))
      return "the layout reverses a part of dimension " + quoted(item.axis) +
             "; only a whole one can be: -" + item.axis;
    if (item.gap > 1024) return "a layout leaves at most 1024 elements free: " + quoted(item.axis);
    out.push_back({dim, item.div, item.mod, item.gap});
  }
  for (std::size_t dim = 0; dim < names.size(); ++dim) {
    sequence<layout_dim> of;
    for (const layout_dim& each : out)
      if (each.dim == static_cast<int>(dim)) of.push_back(each);
    sort(of, [](const layout_dim& left, const layout_dim& right) { return left.div < right.div; });
    std::int64_t covered = 1;
    for (std::size_t at = 0; at < of.size(); ++at) {
      const bool last = at + 1 == of.size();
      if (of[at].div != covered || (last ? of[at].mod != 0 : of[at].mod < 2)) covered = -1;
      if (covered < 0) break;
      covered *= of[at].mod;
    }
    if (of.empty() || covered < 0)
      return "the layout must hold dimension " + quoted(names[dim]) +
             " whole: as it is, or as axis/f together with axis%f";
  }
  return {};
}

/// Indices of the same element where some dimensions are reversed.
LATHE_INLINE sequence<ir::expr> mirrored(ir::pool& exprs, std::span<const ir::expr> indices,
                                         const sequence<layout_item>& items,
                                         const sequence<layout_dim>& layout,
                                         const sequence<std::int64_t>& shape) {
  sequence<ir::expr> out(indices.begin(), indices.end());
  for (std::size_t at = 0; at < items.size(); ++at) {
    if (!items[at].reversed) continue;
    const auto dim = static_cast<std::size_t>(layout[at].dim);
    out[dim] = exprs.sub(exprs.constant(shape[dim] - 1), out[dim]);
  }
  return out;
}

/// Loops of a copy follow its layout; the innermost is vectorized if it is contiguous in the
/// source.
LATHE_INLINE void schedule_copy(program_stage& copy, const sequence<layout_dim>& layout) {
  reset_loops(copy);
  sequence<stage_loop> ordered;
  for (std::size_t dim = 0; dim < copy.axes.size(); ++dim) {
    sequence<std::int64_t> blocks;
    for (const layout_dim& item : layout)
      if (item.dim == static_cast<int>(dim)) blocks.push_back(item.div);
    sort(blocks, [](std::int64_t left, std::int64_t right) { return left > right; });
    copy.dims[dim].blocks = blocks;
  }
  for (const layout_dim& item : layout) {
    const auto& blocks = copy.dims[static_cast<std::size_t>(item.dim)].blocks;
    const int part = static_cast<int>(position(blocks, item.div));
    const std::string& name = copy.axes[static_cast<std::size_t>(item.dim)].name;
    ordered.push_back({blocks.size() == 1 ? name : name + "_" + std::to_string(part), item.dim,
                       part, ir::loop_kind::serial});
  }
  copy.loops = std::move(ordered);
  if (!check_order(copy).empty()) reset_loops(copy);  // a layout such as [j%4 j/4]: plain loops
}

LATHE_INLINE bool runs_in_bind(const program& target, int index) {
  const program_stage* stage = &target.stages[static_cast<std::size_t>(index)];
  while (stage->attach_stage >= 0)
    stage = &target.stages[static_cast<std::size_t>(stage->attach_stage)];
  return target.tensors[static_cast<std::size_t>(stage->tensor)].bound;
}

LATHE_INLINE std::string apply_copy(program& target, const step& what,
                                    std::span<const std::string> bound) {
  const int tensor = target.find_tensor(what.stage);
  if (tensor < 0) return "there is no tensor " + quoted(what.stage);
  if (what.result.empty() || target.find_tensor(what.result) >= 0)
    return "the name " + quoted(what.result) + " of the copy is taken";
  const bool whole = what.at_loop.empty();
  sequence<int> readers = target.readers(tensor);
  int consumer = -1;
  if (!whole) {
    consumer = target.find_stage(what.at_stage);
    if (consumer < 0) return "there is no stage " + quoted(what.at_stage);
    const program_stage& into = target.stages[static_cast<std::size_t>(consumer)];
    if (into.find_loop(what.at_loop) < 0) return unknown_loop(into, what.at_loop);
    if (!contains(readers, consumer))
      return "stage " + quoted(into.name) + " does not read " + quoted(what.stage);
    readers = {consumer};
  }
  const bool once = what.what == primitive::pack && contains(bound, what.stage);
  if (whole && !once)  // bind() cannot read what is computed in every call
    erase_if(readers, [&](int reader) { return runs_in_bind(target, reader); });
  if (readers.empty()) return "no stage reads " + quoted(what.stage);
  if (what.what == primitive::pack && target.tensors[static_cast<std::size_t>(tensor)].param < 0)
    return quoted(what.stage) + " is not an input; pack copies inputs, cache_read intermediates";
  if (target.tensors[static_cast<std::size_t>(tensor)].scalar)
    return quoted(what.stage) + " is a scalar";
  if (target.tensors[static_cast<std::size_t>(tensor)].param >= 0 &&
      target.tensors[static_cast<std::size_t>(tensor)].producer >= 0)
    return quoted(what.stage) + " is an output";

  const sequence<std::string> names =
      dimension_names(target, tensor, &target.stages[static_cast<std::size_t>(readers[0])]);
  sequence<layout_dim> layout;
  if (std::string reason = read_layout(what.layout, names, layout); !reason.empty()) return reason;

  program_tensor made = target.tensors[static_cast<std::size_t>(tensor)];
  made.name = what.result;
  made.param = -1;
  made.layout = layout;
  made.bound = once;
  program_stage copy;
  copy.name = what.result;
  copy.tensor = static_cast<int>(target.tensors.size());
  copy.copy = true;
  sequence<ir::expr> point;
  for (std::size_t dim = 0; dim < made.shape.size(); ++dim) {
    const ir::expr variable = target.exprs.make_variable(names[dim], made.shape[dim]);
    copy.axes.push_back({names[dim], variable, made.shape[dim], false});
    point.push_back(variable);
  }
  copy.spatial = static_cast<int>(copy.axes.size());
  copy.point = point;
  const auto place = [&](std::span<const ir::expr> indices) {
    return mirrored(target.exprs, indices, what.layout, layout, made.shape);
  };
  copy.body = target.exprs.load(tensor, made.type, place(point));
  schedule_copy(copy, layout);
  for (const int reader : readers)
    rewrite_stage(target, target.stages[static_cast<std::size_t>(reader)], tensor,
                  [&](std::span<const ir::expr> indices) {
                    return target.exprs.load(copy.tensor, made.type, place(indices));
                  });
  copy.attach_stage = consumer;
  copy.attach_loop = what.at_loop;
  int first = readers.front();
  for (const int reader : readers) first = smaller(first, reader);
  insert_stage(target, first, std::move(copy), std::move(made));
  return {};
}

LATHE_INLINE std::string apply_rfactor(program& target, int index, const step& what) {
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  ir::pool& exprs = target.exprs;
  if (!stage.reduction) return "stage " + quoted(stage.name) + " is not a reduction";
  const int at = stage.find_loop(what.loop);
  if (at < 0) return unknown_loop(stage, what.loop);
  const stage_loop factored = stage.loops[static_cast<std::size_t>(at)];
  const loop_dim dim = stage.dims[static_cast<std::size_t>(factored.dim)];
  if (!dim.reduce || dim.axis < 0)
    return "rfactor takes a part of a reduce axis; " + quoted(what.loop) + " is not one";
  if (dim.blocks.size() > 2)
    return "rfactor takes an axis split into two parts; " + quoted(what.loop) + " belongs to " +
           std::to_string(dim.blocks.size());
  if (stage.register_tile) return "rfactor comes before cache_write";
  if (stage.is_narrowed()) return "rfactor comes before phase and narrow";
  for (const program_stage& each : target.stages)
    if (each.attach_stage == index) return "rfactor comes before compute_at and cache_read";
  const std::string name = stage.name + "_rf";
  if (target.find_tensor(name) >= 0) return "stage " + quoted(stage.name) + " is factored already";

  const program_axis axis = stage.axes[static_cast<std::size_t>(dim.axis)];
  const bool only = dim.blocks.size() == 1;
  const std::int64_t inner = only ? 1 : dim.blocks[0];
  const std::int64_t outer = (axis.extent + inner - 1) / inner;
  const bool keep_outer = only || factored.part == 0;
  const std::int64_t kept_extent = keep_outer ? outer : smaller(inner, axis.extent);

  program_tensor partial = target.tensors[static_cast<std::size_t>(stage.tensor)];
  partial.name = name;
  partial.type = exprs[stage.identity].type;
  partial.param = -1;
  partial.shape.push_back(kept_extent);
  partial.layout.clear();
  for (std::size_t d = 0; d < partial.shape.size(); ++d)
    partial.layout.push_back({static_cast<int>(d), 1, 0});

  program_stage made;  // partial results: spatial axes and the kept part, reduced over the rest
  made.name = name;
  made.reduction = true;
  made.identity = stage.identity;
  made.combine = stage.combine;
  made.epilogue = exprs.load(accumulated, partial.type, {});
  sequence<std::pair<ir::expr, ir::expr>> mapping;
  for (int s = 0; s < stage.spatial; ++s) {
    const program_axis& from = stage.axes[static_cast<std::size_t>(s)];
    made.axes.push_back(
        {from.name, exprs.make_variable(from.name, from.extent), from.extent, false});
    made.axes.back().inside = from.inside;
    mapping.emplace_back(from.variable, made.axes.back().variable);
  }
  const ir::expr kept = exprs.make_variable(what.loop, kept_extent);
  made.axes.push_back({what.loop, kept, kept_extent, false});
  made.spatial = static_cast<int>(made.axes.size());
  for (const program_axis& each : made.axes) made.point.push_back(each.variable);
  std::string rest_name;
  for (const stage_loop& loop : stage.loops)
    if (loop.dim == factored.dim && loop.part != factored.part) rest_name = loop.name;
  ir::expr value = kept;
  if (!only) {
    const std::int64_t rest_extent = keep_outer ? smaller(inner, axis.extent) : outer;
    const ir::expr rest = exprs.make_variable(rest_name, rest_extent);
    made.axes.push_back({rest_name, rest, rest_extent, true});
    value = keep_outer ? exprs.add(exprs.scale(kept, inner), rest)
                       : exprs.add(exprs.scale(rest, inner), kept);
  }
  mapping.emplace_back(axis.variable, value);
  for (std::size_t r = static_cast<std::size_t>(stage.spatial); r < stage.axes.size(); ++r) {
    const program_axis& from = stage.axes[r];
    if (static_cast<int>(r) == dim.axis) continue;
    made.axes.push_back(
        {from.name, exprs.make_variable(from.name, from.extent), from.extent, true});
    made.axes.back().inside = from.inside;
    mapping.emplace_back(from.variable, made.axes.back().variable);
  }
  if (made.axes.size() == static_cast<std::size_t>(made.spatial))
    return "loop " + quoted(what.loop) + " is the whole reduction; split it first";
  made.body = exprs.substitute(stage.body, mapping);
  if (outer * inner != axis.extent)  // the last block is short: its missing terms are neutral
    made.body =
        exprs.select(exprs.binary(opcode::less, dtype::boolean, value, exprs.constant(axis.extent)),
                     made.body, stage.identity);
  made.tensor = static_cast<int>(target.tensors.size());
  reset_loops(made);

  sequence<ir::expr> point;
  sequence<program_axis> axes(stage.axes.begin(), stage.axes.begin() + stage.spatial);
  for (const program_axis& each : axes) point.push_back(each.variable);
  axes.push_back({what.loop, exprs.make_variable(what.loop, kept_extent), kept_extent, true});
  point.push_back(axes.back().variable);
  stage.axes = std::move(axes);
  stage.body = exprs.load(made.tensor, partial.type, point);
  reset_loops(stage);

  insert_stage(target, index, std::move(made), std::move(partial));
  return {};
}

}  // namespace lathe::detail
