/// @file
/// Bodies of stage_axes.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply_loops.hpp>
#include <lathe/lower/stage_axes.hpp>

namespace lathe::detail {

LATHE_INLINE bool has_default_loops(const program& target, int index) {
  const program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  if (stage.register_tile || stage.attach_stage >= 0 || !stage.prefetches.empty() || stage.copy ||
      stage.loops.size() != stage.axes.size())
    return false;
  for (std::size_t at = 0; at < stage.loops.size(); ++at) {
    const stage_loop& loop = stage.loops[at];
    if (loop.dim != static_cast<int>(at) || loop.how != ir::loop_kind::serial ||
        stage.dims[at].blocks.size() != 1 || loop.name != stage.axes[at].name)
      return false;
  }
  return !any_of(target.stages,
                 [&](const program_stage& each) { return each.attach_stage == index; });
}

LATHE_INLINE std::string comes_first(const program_stage& stage, const char* primitive) {
  return std::string(primitive) + " comes before the other steps of stage " + quoted(stage.name);
}

LATHE_INLINE int find_axis(const program_stage& stage, const std::string& name) {
  for (std::size_t at = 0; at < stage.axes.size(); ++at)
    if (stage.axes[at].name == name) return static_cast<int>(at);
  return -1;
}

LATHE_INLINE std::string unknown_axis(const program_stage& stage, const std::string& name) {
  std::string known;
  for (const program_axis& each : stage.axes) known += (known.empty() ? "" : " ") + each.name;
  return "stage " + quoted(stage.name) + " has no axis " + quoted(name) +
         "; its axes are: " + known;
}

LATHE_INLINE void substitute_axes(ir::pool& exprs, program_stage& stage,
                                  const sequence<std::pair<ir::expr, ir::expr>>& mapping) {
  const auto substitute = [&](ir::expr value) { return exprs.substitute(value, mapping); };
  change_expressions(stage, substitute);
  for (ir::expr& index : stage.point) index = substitute(index);
}

}  // namespace lathe::detail
