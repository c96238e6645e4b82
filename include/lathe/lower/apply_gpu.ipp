/// @file
/// Bodies of apply_gpu.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply_gpu.hpp>
#include <lathe/lower/apply_loops.hpp>
#include <lathe/lower/stage_axes.hpp>

namespace lathe::detail {

LATHE_INLINE std::string apply_pad(program& target, int index, const step& what) {
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  ir::pool& exprs = target.exprs;
  if (!has_default_loops(target, index)) return comes_first(stage, "pad");
  const int at = find_axis(stage, what.loop);
  if (at < 0) return unknown_axis(stage, what.loop);
  if (stage.is_narrowed()) return "an axis of a stage with phases or narrowed axes is not padded";
  program_axis& axis = stage.axes[static_cast<std::size_t>(at)];
  if (axis.inside != 0) return quoted(what.loop) + " is padded already";
  for (const ir::expr value : {stage.body, stage.epilogue})
    if (value != ir::none && divides_integers(exprs, value))
      return "stage " + quoted(stage.name) +
             " divides integers, which beyond the end of an axis are zero: it cannot be padded";
  if (what.distance > 4096)
    return "an axis is padded to a multiple of at most 4096, not " + std::to_string(what.distance);
  const std::int64_t inside = axis.extent;
  const std::int64_t padded = (inside + what.distance - 1) / what.distance * what.distance;
  if (padded == inside) return {};
  const ir::expr variable = exprs.make_variable(axis.name, padded);
  const bool reduce = axis.reduce;
  const ir::expr old = axis.variable;
  axis.variable = variable;
  axis.extent = padded;
  axis.inside = inside;
  substitute_axes(exprs, stage, {{old, variable}});
  if (reduce)
    stage.body =
        exprs.select(exprs.binary(opcode::less, dtype::boolean, variable, exprs.constant(inside)),
                     stage.body, stage.identity);
  reset_loops(stage);
  return {};
}

LATHE_INLINE std::string apply_bind(program_stage& stage, const step& what) {
  if (what.result == "block") return apply_annotation(stage, what, ir::loop_kind::block);
  if (what.result == "thread") return apply_annotation(stage, what, ir::loop_kind::thread);
  if (const int at = stage.find_loop(what.loop);
      at >= 0 &&
      stage.dims[static_cast<std::size_t>(stage.loops[static_cast<std::size_t>(at)].dim)].reduce)
    return "virtual threads are iterations of a spatial loop; unroll " + quoted(what.loop);
  return apply_annotation(stage, what, ir::loop_kind::unrolled);
}

LATHE_INLINE std::string apply_buffers(program_stage& stage, const step& what) {
  if (what.distance < 2 || what.distance > 8)
    return "there are 2 to 8 buffers, not " + std::to_string(what.distance);
  stage.buffers = static_cast<int>(what.distance);
  return {};
}

LATHE_INLINE std::string check_bindings(const program& target, const program_stage& stage) {
  const std::string name = "stage " + quoted(stage.name);
  if (stage.is_padded() && stage.attach_stage >= 0)
    return name + " has padded axes, so only all of it can be computed, at root";
  bool outermost = true;  // nothing but block loops so far
  for (const stage_loop& loop : stage.loops) {
    const bool block = loop.how == ir::loop_kind::block;
    if (block && (!outermost || stage.attach_stage >= 0))
      return "bind(" + stage.name + "." + loop.name +
             ", block): the loops over blocks are the outermost ones of a stage that is computed "
             "at root";
    outermost &= block;
  }
  if (stage.buffers > 1 && !stage.is_cooperative())
    return "buffers(" + stage.name +
           ", ...) is for what threads compute together inside another stage";
  if (stage.attach_stage < 0) return {};
  const program_stage& around = target.stages[static_cast<std::size_t>(stage.attach_stage)];
  if (stage.is_cooperative() && around.attach_stage >= 0)
    return name + " is computed by all threads of a block, but inside " + quoted(around.name) +
           ", which is itself computed inside another stage";
  return {};
}

}  // namespace lathe::detail
