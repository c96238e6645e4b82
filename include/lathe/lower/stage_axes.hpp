/// @file
/// The axes of a stage while its loops are still those of its statement: what the steps that
/// replace axes (phase, narrow, flatten) share. In: a stage. Out: an axis by its name, the stage
/// over other axes, or the text that says why not.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>

#include <string>
#include <utility>

namespace lathe::detail {

/// True if nothing has been done with the loops of a stage yet.
LATHE_INLINE bool has_default_loops(const program& target, int index);

/// The message that `primitive` has to come before steps that have been taken.
LATHE_INLINE std::string comes_first(const program_stage& stage, const char* primitive);

/// Position of an axis by name, -1 if absent.
LATHE_INLINE int find_axis(const program_stage& stage, const std::string& name);

/// The message that a stage has no such axis, with those it has.
LATHE_INLINE std::string unknown_axis(const program_stage& stage, const std::string& name);

/// Calls change(expression) -> expression for every expression of a stage over its axes, its point
/// apart.
template <class Change>
void change_expressions(program_stage& stage, const Change& change) {
  for (ir::expr* of : {&stage.body, &stage.epilogue})
    if (*of != ir::none) *of = change(*of);
  for (ir::expr& each : stage.holds) each = change(each);
  for (program_axis& each : stage.axes)
    for (ir::expr* of : {&each.size, &each.value})
      if (*of != ir::none) *of = change(*of);
}

/// Puts expressions in the place of axes everywhere in a stage.
LATHE_INLINE void substitute_axes(ir::pool& exprs, program_stage& stage,
                                  const sequence<std::pair<ir::expr, ir::expr>>& mapping);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/lower/stage_axes.ipp>
#endif
