/// @file
/// Bodies of apply.hpp: one function per primitive, each refusing with a sentence.
#pragma once

#include <lathe/lower/apply.hpp>

#include <algorithm>

namespace lathe {
namespace detail {

LATHE_INLINE std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

/// Names of all loops of a stage, for messages.
LATHE_INLINE std::string loop_list(const program_stage& stage) {
  std::string out;
  for (const stage_loop& loop : stage.loops) out += (out.empty() ? "" : " ") + loop.name;
  return out;
}

LATHE_INLINE std::string unknown_loop(const program_stage& stage, std::string_view loop) {
  return "stage " + quoted(stage.name) + " has no loop " + quoted(loop) + "; its loops are: " +
         loop_list(stage);
}

/// Parts of one dimension outermost first, and parts of a fused dimension's sources after it.
LATHE_INLINE std::string check_order(const program_stage& stage) {
  const auto position = [&](int dim, int part) {
    for (std::size_t at = 0; at < stage.loops.size(); ++at)
      if (stage.loops[at].dim == dim && stage.loops[at].part == part) return static_cast<int>(at);
    return -1;
  };
  for (std::size_t dim = 0; dim < stage.dims.size(); ++dim) {
    const loop_dim& each = stage.dims[dim];
    int last = -1;
    for (std::size_t part = 0; part < each.blocks.size(); ++part) {
      int at = position(static_cast<int>(dim), static_cast<int>(part));
      if (at < 0) {  // fused away: the fused dimension's innermost loop stands for it
        for (std::size_t fused = 0; fused < stage.dims.size(); ++fused)
          for (const auto& source : stage.dims[fused].sources)
            if (source == std::pair{static_cast<int>(dim), static_cast<int>(part)})
              at = position(static_cast<int>(fused),
                            static_cast<int>(stage.dims[fused].blocks.size()) - 1);
        if (at < 0) continue;  // fused twice: the outer fusion is checked by itself
      }
      if (at < last)
        return "the parts of one split must stay in order, outermost first, in stage " +
               quoted(stage.name);
      last = at;
    }
  }
  return {};
}

LATHE_INLINE std::string apply_split(program_stage& stage, const step& what) {
  const int at = stage.find_loop(what.loop);
  if (at < 0) return unknown_loop(stage, what.loop);
  const stage_loop old = stage.loops[static_cast<std::size_t>(at)];
  if (old.how != ir::loop_kind::serial)
    return "loop " + quoted(what.loop) + " is already vectorized, unrolled or parallel";
  if (what.parts.size() < 2) return "split needs at least two parts";
  loop_dim& dim = stage.dims[static_cast<std::size_t>(old.dim)];
  const std::int64_t block = dim.blocks[static_cast<std::size_t>(old.part)];
  std::vector<std::int64_t> blocks(what.parts.size(), block);
  for (std::size_t part = what.parts.size() - 1; part > 0; --part) {
    const std::int64_t factor = what.parts[part].factor;
    if (factor < 1)
      return "only the outermost part of a split may be '_'; " + quoted(what.parts[part].name) +
             " needs a factor of at least 1";
    if (factor > (std::int64_t{1} << 31)) return "split factor out of range";
    blocks[part - 1] = blocks[part] * factor;
  }
  const size_choices outer = block_sizes(dim, old.part);
  const std::int64_t needed = (outer.front() + blocks[0] - 1) / blocks[0];
  if (what.parts[0].factor != 0 && what.parts[0].factor != needed)
    return "the outermost part of split(" + quoted(what.loop) + ") has " + std::to_string(needed) +
           " iterations, not " + std::to_string(what.parts[0].factor) + "; write '_'";
  for (std::size_t part = 0; part < what.parts.size(); ++part) {
    const int other = stage.find_loop(what.parts[part].name);
    if (other >= 0 && other != at)
      return "loop name " + quoted(what.parts[part].name) + " is taken";
    for (std::size_t before = 0; before < part; ++before)
      if (what.parts[before].name == what.parts[part].name)
        return "loop name " + quoted(what.parts[part].name) + " is given twice";
  }
  const int added = static_cast<int>(what.parts.size()) - 1;
  for (loop_dim& each : stage.dims)
    for (auto& [source_dim, source_part] : each.sources)
      if (source_dim == old.dim && source_part > old.part) source_part += added;
  for (stage_loop& each : stage.loops)
    if (each.dim == old.dim && each.part > old.part) each.part += added;
  dim.blocks.erase(dim.blocks.begin() + old.part);
  dim.blocks.insert(dim.blocks.begin() + old.part, blocks.begin(), blocks.end());
  std::vector<stage_loop> made;
  for (std::size_t part = 0; part < what.parts.size(); ++part)
    made.push_back({what.parts[part].name, old.dim, old.part + static_cast<int>(part),
                    ir::loop_kind::serial});
  stage.loops.erase(stage.loops.begin() + at);
  stage.loops.insert(stage.loops.begin() + at, made.begin(), made.end());
  return {};
}

LATHE_INLINE std::string apply_fuse(program_stage& stage, const step& what) {
  if (what.loops.size() < 2) return "fuse needs at least two loops";
  const int first = stage.find_loop(what.loops[0]);
  loop_dim made;
  made.blocks = {1};
  made.extent = 1;
  for (std::size_t at = 0; at < what.loops.size(); ++at) {
    const int position = stage.find_loop(what.loops[at]);
    if (position < 0) return unknown_loop(stage, what.loops[at]);
    if (position != first + static_cast<int>(at))
      return "only adjacent loops can be fused, outermost first; the order is: " + loop_list(stage);
    const stage_loop& loop = stage.loops[static_cast<std::size_t>(position)];
    if (loop.how != ir::loop_kind::serial)
      return "loop " + quoted(loop.name) + " is already vectorized, unrolled or parallel";
    const loop_dim& dim = stage.dims[static_cast<std::size_t>(loop.dim)];
    if (at > 0 && dim.reduce != made.reduce) return "a spatial and a reduce loop cannot be fused";
    made.reduce = dim.reduce;
    const size_choices counts = trip_counts(dim, loop.part);
    if (counts.size() != 1)
      return "loop " + quoted(loop.name) +
             " has different trip counts in different tiles, so it cannot be fused; fuse outer "
             "parts, or choose a factor that divides";
    made.extent *= counts[0];
    made.sources.emplace_back(loop.dim, loop.part);
  }
  const int taken = stage.find_loop(what.result);
  if (taken >= 0 && (taken < first || taken >= first + static_cast<int>(what.loops.size())))
    return "loop name " + quoted(what.result) + " is taken";
  const int dim = static_cast<int>(stage.dims.size());
  stage.dims.push_back(std::move(made));
  stage.loops.erase(stage.loops.begin() + first,
                    stage.loops.begin() + first + static_cast<std::ptrdiff_t>(what.loops.size()));
  stage.loops.insert(stage.loops.begin() + first, {what.result, dim, 0, ir::loop_kind::serial});
  return {};
}

LATHE_INLINE std::string apply_reorder(program_stage& stage, const step& what) {
  if (what.loops.size() != stage.loops.size())
    return "reorder lists every loop of the stage once; the loops are: " + loop_list(stage);
  std::vector<stage_loop> ordered;
  for (const std::string& name : what.loops) {
    const int at = stage.find_loop(name);
    if (at < 0) return unknown_loop(stage, name);
    if (std::ranges::find(ordered, name, &stage_loop::name) != ordered.end())
      return "loop " + quoted(name) + " is listed twice";
    ordered.push_back(stage.loops[static_cast<std::size_t>(at)]);
  }
  std::swap(stage.loops, ordered);
  std::string reason = check_order(stage);
  if (!reason.empty()) std::swap(stage.loops, ordered);
  return reason;
}

LATHE_INLINE std::string apply_annotation(program_stage& stage, const step& what,
                                          ir::loop_kind how) {
  const int at = stage.find_loop(what.loop);
  if (at < 0) return unknown_loop(stage, what.loop);
  stage_loop& loop = stage.loops[static_cast<std::size_t>(at)];
  if (loop.how != ir::loop_kind::serial)
    return "loop " + quoted(what.loop) + " is already vectorized, unrolled or parallel";
  const loop_dim& dim = stage.dims[static_cast<std::size_t>(loop.dim)];
  if (how != ir::loop_kind::unrolled && dim.reduce)
    return "loop " + quoted(what.loop) +
           " is a reduce loop: its iterations depend on each other; use rfactor first";
  const std::int64_t count = trip_counts(dim, loop.part).front();
  if (how == ir::loop_kind::unrolled && count > 256)
    return "loop " + quoted(what.loop) + " has " + std::to_string(count) +
           " iterations; at most 256 can be unrolled";
  if (how == ir::loop_kind::vectorized) {
    if (count > 64)
      return "loop " + quoted(what.loop) + " has " + std::to_string(count) +
             " iterations; at most 64 can be vectorized, split it first";
    if (std::ranges::any_of(stage.loops, [](const stage_loop& each) {
          return each.how == ir::loop_kind::vectorized;
        }))
      return "stage " + quoted(stage.name) + " has a vectorized loop already";
  }
  loop.how = how;
  return {};
}

/// True if an expression loads an element of `tensor`.
LATHE_INLINE bool reads(const program& target, ir::expr value, int tensor) {
  return std::ranges::any_of(loads_in(target.exprs, value), [&](ir::expr load) {
    return target.exprs[load].imm == tensor;
  });
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

LATHE_INLINE std::string apply_inline(program& target, int index) {
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  const int tensor = stage.tensor;
  if (stage.reduction) return "stage " + quoted(stage.name) + " is a reduction; only pointwise stages can be inlined";
  if (target.tensors[static_cast<std::size_t>(tensor)].param >= 0)
    return "stage " + quoted(stage.name) + " computes an output";
  for (const program_stage& each : target.stages)
    if (!each.inlined && each.attach_stage == index)
      return "stage " + quoted(each.name) + " is computed inside " + quoted(stage.name);
  for (const int reader : target.readers(tensor)) {
    rewrite_stage(target, target.stages[static_cast<std::size_t>(reader)], tensor,
                  [&](std::span<const ir::expr> indices) {
                    std::vector<std::pair<ir::expr, ir::expr>> mapping;
                    const program_stage& from = target.stages[static_cast<std::size_t>(index)];
                    for (std::size_t at = 0; at < indices.size(); ++at)
                      mapping.emplace_back(from.axes[at].variable, indices[at]);
                    return target.exprs.substitute(from.body, mapping);
                  });
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
  const std::vector<int> readers = target.readers(stage.tensor);
  if (readers.size() != 1 || readers[0] != consumer)
    return "stage " + quoted(stage.name) + " is not read by " + quoted(into.name) + " alone";
  if (stage.attach_stage >= 0) return "stage " + quoted(stage.name) + " is placed already";
  stage.attach_stage = consumer;
  stage.attach_loop = what.at_loop;
  return {};
}

LATHE_INLINE std::string apply_cache_write(const program& target, program_stage& stage,
                                           const step& what) {
  if (!stage.reduction)
    return "stage " + quoted(stage.name) + " is not a reduction: there is nothing to accumulate";
  if (stage.register_tile) return "stage " + quoted(stage.name) + " has a register tile already";
  if (!what.at_loop.empty()) {
    const int at = stage.find_loop(what.at_loop);
    if (at < 0) return unknown_loop(stage, what.at_loop);
    const stage_loop& loop = stage.loops[static_cast<std::size_t>(at)];
    if (!stage.dims[static_cast<std::size_t>(loop.dim)].reduce)
      return "cache_write ... at " + quoted(what.at_loop) + " names a spatial loop; name the reduce "
             "loop whose iterations meet in memory";
    if (!target.stores_plain_result(stage))
      return "stage " + quoted(stage.name) + " applies a function to the finished sum, so the sum "
             "cannot be kept in its tensor between iterations of " + quoted(what.at_loop);
  }
  stage.register_tile = true;
  stage.accumulate_at = what.at_loop;
  return {};
}

/// Names of a tensor's dimensions as traces write them.
LATHE_INLINE std::vector<std::string> dimension_names(const program& target, int tensor,
                                                      const program_stage* reader) {
  const program_tensor& of = target.tensors[static_cast<std::size_t>(tensor)];
  std::vector<std::string> names;
  for (std::size_t dim = 0; dim < of.shape.size(); ++dim) names.push_back("d" + std::to_string(dim));
  if (of.producer >= 0) {
    const program_stage& producer = target.stages[static_cast<std::size_t>(of.producer)];
    for (std::size_t dim = 0; dim < names.size(); ++dim) names[dim] = producer.axes[dim].name;
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
LATHE_INLINE std::string read_layout(const std::vector<layout_item>& items,
                                     const std::vector<std::string>& names,
                                     std::vector<layout_dim>& out) {
  out.clear();
  if (items.empty()) {
    for (std::size_t dim = 0; dim < names.size(); ++dim) out.push_back({static_cast<int>(dim), 1, 0});
    return {};
  }
  std::string known;
  for (const std::string& name : names) known += (known.empty() ? "" : " ") + name;
  for (const layout_item& item : items) {
    int dim = -1;
    for (std::size_t at = 0; at < names.size(); ++at)
      if (item.axis == names[at] || item.axis == "d" + std::to_string(at)) dim = static_cast<int>(at);
    if (dim < 0) return "the layout names " + quoted(item.axis) + "; the dimensions are: " + known;
    out.push_back({dim, item.div, item.mod});
  }
  for (std::size_t dim = 0; dim < names.size(); ++dim) {
    std::vector<layout_dim> of;
    for (const layout_dim& each : out)
      if (each.dim == static_cast<int>(dim)) of.push_back(each);
    std::ranges::sort(of, {}, &layout_dim::div);
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

/// Loops of a copy follow its layout; the innermost is vectorized if it is contiguous in the source.
LATHE_INLINE void schedule_copy(program_stage& copy, const std::vector<layout_dim>& layout) {
  reset_loops(copy);
  std::vector<stage_loop> ordered;
  for (std::size_t dim = 0; dim < copy.axes.size(); ++dim) {
    std::vector<std::int64_t> blocks;
    for (const layout_dim& item : layout)
      if (item.dim == static_cast<int>(dim)) blocks.push_back(item.div);
    std::ranges::sort(blocks, std::greater<>{});
    copy.dims[dim].blocks = blocks;
  }
  for (const layout_dim& item : layout) {
    const auto& blocks = copy.dims[static_cast<std::size_t>(item.dim)].blocks;
    const int part = static_cast<int>(std::ranges::find(blocks, item.div) - blocks.begin());
    const std::string& name = copy.axes[static_cast<std::size_t>(item.dim)].name;
    ordered.push_back({blocks.size() == 1 ? name : name + "_" + std::to_string(part), item.dim, part,
                       ir::loop_kind::serial});
  }
  copy.loops = std::move(ordered);
  if (!check_order(copy).empty()) reset_loops(copy);  // a layout such as [j%4 j/4]: plain loops
}

/// True if a stage belongs to a phase that runs in bind() only.
LATHE_INLINE bool runs_in_bind(const program& target, int index) {
  const program_stage* stage = &target.stages[static_cast<std::size_t>(index)];
  while (stage->attach_stage >= 0)
    stage = &target.stages[static_cast<std::size_t>(stage->attach_stage)];
  return target.tensors[static_cast<std::size_t>(stage->tensor)].bound;
}

LATHE_INLINE std::string apply_copy(program& target, const step& what, const apply_options& options) {
  const int tensor = target.find_tensor(what.stage);
  if (tensor < 0) return "there is no tensor " + quoted(what.stage);
  if (what.result.empty() || target.find_tensor(what.result) >= 0)
    return "the name " + quoted(what.result) + " of the copy is taken";
  const bool whole = what.at_loop.empty();
  std::vector<int> readers = target.readers(tensor);
  int consumer = -1;
  if (!whole) {
    consumer = target.find_stage(what.at_stage);
    if (consumer < 0) return "there is no stage " + quoted(what.at_stage);
    const program_stage& into = target.stages[static_cast<std::size_t>(consumer)];
    if (into.find_loop(what.at_loop) < 0) return unknown_loop(into, what.at_loop);
    if (std::ranges::find(readers, consumer) == readers.end())
      return "stage " + quoted(into.name) + " does not read " + quoted(what.stage);
    readers = {consumer};
  }
  const bool bound = what.what == primitive::pack &&
                     std::ranges::find(options.bound, what.stage) != options.bound.end();
  if (whole && !bound)  // bind() cannot read what is computed in every call
    std::erase_if(readers, [&](int reader) { return runs_in_bind(target, reader); });
  if (readers.empty()) return "no stage reads " + quoted(what.stage);
  if (what.what == primitive::pack && target.tensors[static_cast<std::size_t>(tensor)].param < 0)
    return quoted(what.stage) + " is not an input; pack copies inputs, cache_read intermediates";
  if (target.tensors[static_cast<std::size_t>(tensor)].scalar)
    return quoted(what.stage) + " is a scalar";
  if (target.tensors[static_cast<std::size_t>(tensor)].param >= 0 &&
      target.tensors[static_cast<std::size_t>(tensor)].producer >= 0)
    return quoted(what.stage) + " is an output";

  const std::vector<std::string> names =
      dimension_names(target, tensor, &target.stages[static_cast<std::size_t>(readers[0])]);
  std::vector<layout_dim> layout;
  if (std::string reason = read_layout(what.layout, names, layout); !reason.empty()) return reason;

  program_tensor made = target.tensors[static_cast<std::size_t>(tensor)];
  made.name = what.result;
  made.param = -1;
  made.layout = layout;
  made.bound = bound;
  program_stage copy;
  copy.name = what.result;
  copy.tensor = static_cast<int>(target.tensors.size());
  copy.copy = true;
  std::vector<ir::expr> point;
  for (std::size_t dim = 0; dim < made.shape.size(); ++dim) {
    const ir::expr variable = target.exprs.make_variable(names[dim], made.shape[dim]);
    copy.axes.push_back({names[dim], variable, made.shape[dim], false});
    point.push_back(variable);
  }
  copy.spatial = static_cast<int>(copy.axes.size());
  copy.body = target.exprs.load(tensor, made.type, point);
  schedule_copy(copy, layout);
  for (const int reader : readers)
    rewrite_stage(target, target.stages[static_cast<std::size_t>(reader)], tensor,
                  [&](std::span<const ir::expr> indices) {
                    return target.exprs.load(copy.tensor, made.type, indices);
                  });
  copy.attach_stage = consumer;
  copy.attach_loop = what.at_loop;
  target.tensors.push_back(std::move(made));

  // The copy is computed before its first reader: insert it there and renumber the stages.
  const int place = *std::ranges::min_element(readers);
  const auto moved = [&](int& stage) {
    if (stage >= place) ++stage;
  };
  for (program_stage& each : target.stages) moved(each.attach_stage);
  moved(copy.attach_stage);
  for (program_tensor& each : target.tensors) moved(each.producer);
  target.tensors.back().producer = place;
  target.stages.insert(target.stages.begin() + place, std::move(copy));
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
  for (const program_stage& each : target.stages)
    if (each.attach_stage == index) return "rfactor comes before compute_at and cache_read";
  const std::string name = stage.name + "_rf";
  if (target.find_tensor(name) >= 0) return "stage " + quoted(stage.name) + " is factored already";

  const program_axis axis = stage.axes[static_cast<std::size_t>(dim.axis)];
  const bool only = dim.blocks.size() == 1;
  const std::int64_t inner = only ? 1 : dim.blocks[0];
  const std::int64_t outer = (axis.extent + inner - 1) / inner;
  const bool keep_outer = only || factored.part == 0;
  const std::int64_t kept_extent = keep_outer ? outer : std::min(inner, axis.extent);

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
  std::vector<std::pair<ir::expr, ir::expr>> mapping;
  for (int s = 0; s < stage.spatial; ++s) {
    const program_axis& from = stage.axes[static_cast<std::size_t>(s)];
    made.axes.push_back({from.name, exprs.make_variable(from.name, from.extent), from.extent, false});
    mapping.emplace_back(from.variable, made.axes.back().variable);
  }
  const ir::expr kept = exprs.make_variable(what.loop, kept_extent);
  made.axes.push_back({what.loop, kept, kept_extent, false});
  made.spatial = static_cast<int>(made.axes.size());
  std::string rest_name;
  for (const stage_loop& loop : stage.loops)
    if (loop.dim == factored.dim && loop.part != factored.part) rest_name = loop.name;
  ir::expr value = kept;
  if (!only) {
    const std::int64_t rest_extent = keep_outer ? std::min(inner, axis.extent) : outer;
    const ir::expr rest = exprs.make_variable(rest_name, rest_extent);
    made.axes.push_back({rest_name, rest, rest_extent, true});
    value = keep_outer ? exprs.add(exprs.scale(kept, inner), rest)
                       : exprs.add(exprs.scale(rest, inner), kept);
  }
  mapping.emplace_back(axis.variable, value);
  for (std::size_t r = static_cast<std::size_t>(stage.spatial); r < stage.axes.size(); ++r) {
    const program_axis& from = stage.axes[r];
    if (static_cast<int>(r) == dim.axis) continue;
    made.axes.push_back({from.name, exprs.make_variable(from.name, from.extent), from.extent, true});
    mapping.emplace_back(from.variable, made.axes.back().variable);
  }
  if (made.axes.size() == static_cast<std::size_t>(made.spatial))
    return "loop " + quoted(what.loop) + " is the whole reduction; split it first";
  made.body = exprs.substitute(stage.body, mapping);
  if (outer * inner != axis.extent)  // the last block is short: its missing terms are neutral
    made.body = exprs.select(
        exprs.binary(opcode::less, dtype::boolean, value, exprs.constant(axis.extent)), made.body,
        stage.identity);
  made.tensor = static_cast<int>(target.tensors.size());
  reset_loops(made);
  partial.producer = index;

  std::vector<ir::expr> point;
  std::vector<program_axis> axes(stage.axes.begin(), stage.axes.begin() + stage.spatial);
  for (const program_axis& each : axes) point.push_back(each.variable);
  axes.push_back({what.loop, exprs.make_variable(what.loop, kept_extent), kept_extent, true});
  point.push_back(axes.back().variable);
  stage.axes = std::move(axes);
  stage.body = exprs.load(made.tensor, partial.type, point);
  reset_loops(stage);

  for (program_stage& each : target.stages)
    if (each.attach_stage >= index) ++each.attach_stage;
  for (program_tensor& each : target.tensors)
    if (each.producer >= index) ++each.producer;
  target.tensors.push_back(std::move(partial));
  target.stages.insert(target.stages.begin() + index, std::move(made));
  return {};
}

LATHE_INLINE std::string apply_prefetch(program& target, const step& what) {
  const int tensor = target.find_tensor(what.stage);
  if (tensor < 0) return "there is no tensor " + quoted(what.stage);
  const int index = target.find_stage(what.at_stage);
  if (index < 0) return "there is no stage " + quoted(what.at_stage);
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  const int at = stage.find_loop(what.at_loop);
  if (at < 0) return unknown_loop(stage, what.at_loop);
  if (stage.loops[static_cast<std::size_t>(at)].how != ir::loop_kind::serial)
    return "prefetch needs a serial loop";
  if (what.distance < 1 || what.distance > 1024) return "prefetch distance must be 1 to 1024 iterations";
  if (!reads(target, stage.body, tensor))
    return "stage " + quoted(stage.name) + " does not read " + quoted(what.stage);
  stage.prefetches.push_back({tensor, what.at_loop, what.distance});
  return {};
}

}  // namespace detail

LATHE_INLINE std::string apply_step(program& target, const step& what,
                                    const apply_options& options) {
  switch (what.what) {
    case primitive::cache_read:
    case primitive::pack: return detail::apply_copy(target, what, options);
    case primitive::prefetch: return detail::apply_prefetch(target, what);
    default: break;
  }
  const int index = target.find_stage(what.stage);
  if (index < 0) return "there is no stage " + detail::quoted(what.stage);
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  switch (what.what) {
    case primitive::split: return detail::apply_split(stage, what);
    case primitive::fuse: return detail::apply_fuse(stage, what);
    case primitive::reorder: return detail::apply_reorder(stage, what);
    case primitive::vectorize: return detail::apply_annotation(stage, what, ir::loop_kind::vectorized);
    case primitive::unroll: return detail::apply_annotation(stage, what, ir::loop_kind::unrolled);
    case primitive::parallel: return detail::apply_annotation(stage, what, ir::loop_kind::parallel);
    case primitive::inline_stage: return detail::apply_inline(target, index);
    case primitive::compute_at: return detail::apply_compute_at(target, index, what);
    case primitive::cache_write: return detail::apply_cache_write(target, stage, what);
    case primitive::rfactor: return detail::apply_rfactor(target, index, what);
    default: return "unknown primitive";
  }
}

LATHE_INLINE std::string check_schedule(const program& target) {
  const auto name = [](const program_stage& stage) { return detail::quoted(stage.name); };
  for (const program_stage& stage : target.stages) {
    if (stage.inlined) continue;
    if (std::string reason = detail::check_order(stage); !reason.empty()) return reason;
    int first_reduce = -1, accumulate = -1;
    for (std::size_t at = 0; at < stage.loops.size(); ++at) {
      const stage_loop& loop = stage.loops[at];
      if (loop.how == ir::loop_kind::parallel && (at != 0 || stage.attach_stage >= 0))
        return "parallel(" + stage.name + "." + loop.name + ") must be the outermost loop of a stage "
               "that is computed at root";
      if (loop.name == stage.accumulate_at) accumulate = static_cast<int>(at);
    }
    if (stage.register_tile) {
      for (std::size_t at = 0; at < stage.loops.size(); ++at) {
        const stage_loop& loop = stage.loops[at];
        const bool reduce = stage.dims[static_cast<std::size_t>(loop.dim)].reduce;
        if (static_cast<int>(at) <= accumulate) continue;
        if (reduce && first_reduce < 0) first_reduce = static_cast<int>(at);
        if (!reduce && first_reduce >= 0 && loop.how != ir::loop_kind::unrolled &&
            loop.how != ir::loop_kind::vectorized)
          return "the register tile of " + name(stage) + " contains loop " +
                 detail::quoted(loop.name) + ", which must be unrolled or vectorized";
      }
      if (first_reduce < 0)
        return "cache_write(" + stage.name + " at ...) leaves no reduce loop to accumulate over";
    }
    if (stage.attach_stage >= 0) {
      const program_stage& into = target.stages[static_cast<std::size_t>(stage.attach_stage)];
      const int at = into.find_loop(stage.attach_loop);
      if (into.inlined || at < 0)
        return "stage " + name(stage) + " is computed at " + into.name + "." + stage.attach_loop +
               ", which no longer exists";
      for (int outer = 0; outer <= at; ++outer)
        if (into.loops[static_cast<std::size_t>(outer)].how == ir::loop_kind::vectorized)
          return "stage " + name(stage) + " cannot be computed inside the vectorized loop " +
                 into.loops[static_cast<std::size_t>(outer)].name;
      const auto readers = target.readers(stage.tensor);
      if (readers.size() != 1 || readers[0] != stage.attach_stage)
        return "stage " + name(stage) + " is not read by " + name(into) + " alone";
      if (into.reduction && at >= accumulation_start(into) && detail::reads(target, into.epilogue, stage.tensor))
        return "stage " + name(stage) + " is read after the reduction of " + name(into) +
               " is finished, but computed at " + into.name + "." + stage.attach_loop +
               " inside it; compute it outside the reduce loops";
    }
    if (detail::runs_in_bind(target, static_cast<int>(&stage - target.stages.data())))
      for (const ir::expr load : loads_in(target.exprs, stage.body)) {
        const program_tensor& read = target.tensors[static_cast<std::size_t>(target.exprs[load].imm)];
        if (read.producer >= 0 && !detail::runs_in_bind(target, read.producer))
          return "stage " + name(stage) + " runs in bind(), but reads " + detail::quoted(read.name) +
                 ", which is computed in every call";
      }
    for (const stage_prefetch& hint : stage.prefetches) {
      if (stage.find_loop(hint.loop) < 0)
        return "prefetch at " + stage.name + "." + hint.loop + ", which no longer exists";
      const program_tensor& tensor = target.tensors[static_cast<std::size_t>(hint.tensor)];
      if (tensor.producer >= 0 &&
          target.stages[static_cast<std::size_t>(tensor.producer)].attach_stage >= 0)
        return "prefetch(" + tensor.name + " at " + stage.name + "." + hint.loop + ") reads ahead of " +
               detail::quoted(tensor.name) + ", which is computed inside another stage just before it "
               "is read";
    }
  }
  return {};
}

LATHE_INLINE result<program> apply(program base, const trace& steps, const apply_options& options) {
  for (std::size_t at = 0; at < steps.steps.size(); ++at) {
    std::string reason = apply_step(base, steps.steps[at], options);
    if (!reason.empty())
      return error("LATHE-E203", "step " + std::to_string(at + 1) + " of the trace, " +
                                     to_text(steps.steps[at]) + ", is illegal: " + reason);
  }
  if (std::string reason = check_schedule(base); !reason.empty())
    return error("LATHE-E204", "the trace is illegal: " + reason);
  return base;
}

}  // namespace lathe
