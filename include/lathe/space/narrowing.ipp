/// @file
/// Bodies of narrowing.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/conditions.hpp>
#include <lathe/space/narrowing.hpp>
#include <lathe/space/step_writer.hpp>

namespace lathe {
namespace detail {

/// A reduce axis of which a congruence lets every s-th iteration count.
struct congruent_axis {
  int reduce = -1;
  sequence<int> outside;  ///< the spatial axes of the congruence
  std::int64_t modulus = 1;
};

LATHE_INLINE sequence<congruent_axis> congruent_axes(program& of, const program_stage& stage) {
  sequence<congruent_axis> out;
  for (const ir::expr condition : conditions_of_terms(of, stage)) {
    const congruence equal = read_congruence(of.exprs, condition);
    if (equal.modulus < 2) continue;
    congruent_axis found;
    found.modulus = equal.modulus;
    int reduce_axes = 0;
    for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
      const program_axis& each = stage.axes[axis];
      if (!of.exprs.depends_on(equal.sum, each.variable)) continue;
      if (!each.reduce) {
        found.outside.push_back(static_cast<int>(axis));
      } else {
        ++reduce_axes;
        if (each.size == ir::none) found.reduce = static_cast<int>(axis);
      }
    }
    if (reduce_axes == 1 && found.reduce >= 0) out.push_back(std::move(found));
  }
  return out;
}

/// Applies steps to a program as long as they are legal, and keeps those.
class narrower {
 public:
  explicit narrower(const program& of) : now_(of) {}

  trace steps() {
    for (std::size_t at = 0; at < now_.stages.size(); ++at)
      if (now_.stages[at].reduction) narrow_reduction(at);
    if (out_.steps.empty()) return {};
    for (std::size_t at = now_.stages.size(); at-- > 0;)
      if (!now_.stages[at].reduction) narrow_intermediate(at);
    return std::move(out_);
  }

 private:
  bool keep(step what) {
    program next = now_;
    if (!apply_step(next, what).empty()) return false;
    now_ = std::move(next);
    out_.steps.push_back(std::move(what));
    return true;
  }

  static step on_axis(primitive what, const program_stage& stage, const std::string& axis) {
    step made;
    made.what = what;
    made.stage = stage.name;
    made.loop = axis;
    return made;
  }

  void narrow_reduction(std::size_t at) {
    const program_stage stage = now_.stages[at];
    const sequence<congruent_axis> found = congruent_axes(now_, stage);
    congruent_axis last;
    for (const congruent_axis& each : found)
      if (each.outside.size() == 1 && (last.outside.empty() || each.outside[0] > last.outside[0]))
        last = each;
    std::string remainder, quotient;
    if (!last.outside.empty()) {
      const std::string axis = stage.axes[static_cast<std::size_t>(last.outside[0])].name;
      remainder = part_name(stage, axis, 'r');
      quotient = part_name(stage, axis, 'q');
      step made = on_axis(primitive::phase, stage, axis);
      made.parts = {{remainder, last.modulus}, {quotient, 0}};
      if (!keep(std::move(made))) last.outside.clear();
    }
    for (const congruent_axis& each : found) {
      step made =
          on_axis(primitive::narrow, stage, stage.axes[static_cast<std::size_t>(each.reduce)].name);
      for (const int outside : each.outside) {
        if (!contains(last.outside, outside)) {
          made.loops.push_back(stage.axes[static_cast<std::size_t>(outside)].name);
          continue;
        }
        made.loops.push_back(remainder);
        if (last.modulus % each.modulus != 0) made.loops.push_back(quotient);
      }
      keep(std::move(made));
    }
  }

  void narrow_intermediate(std::size_t at) {
    sequence<std::string> axes;
    for (const program_axis& each : now_.stages[at].axes) axes.push_back(each.name);
    for (const std::string& axis : axes) keep(on_axis(primitive::narrow, now_.stages[at], axis));
  }

  program now_;
  trace out_;
};

}  // namespace detail

LATHE_INLINE trace narrowing_steps(const program& of) { return detail::narrower(of).steps(); }

}  // namespace lathe
