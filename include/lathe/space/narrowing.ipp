/// @file
/// Bodies of narrowing.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/conditions.hpp>
#include <lathe/space/narrowing.hpp>
#include <lathe/space/reuse.hpp>
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

LATHE_INLINE step step_on_axis(primitive what, const program_stage& stage,
                               const std::string& axis) {
  step made;
  made.what = what;
  made.stage = stage.name;
  made.loop = axis;
  return made;
}

/// Most trip counts of a window: each needs straight code of its own. Triangles have more.
inline constexpr std::size_t most_window_sizes = 6;
/// Terms left of all, above which a border is not worth a decision.
inline constexpr double most_terms_left = 0.99;

/// Spatial axes that comparisons tie to a reduce axis; empty: also to other reduce axes, or to
/// none.
LATHE_INLINE sequence<int> axes_compared_with(program& of, const program_stage& stage, int axis) {
  const ir::expr variable = stage.axes[static_cast<std::size_t>(axis)].variable;
  sequence<int> out;
  for (const ir::expr condition : conditions_of_terms(of, stage)) {
    const ir::node at = of.exprs[condition];
    if (at.what != ir::kind::binary || !is_comparison(at.fn) || at.fn == opcode::not_equal ||
        !of.exprs.depends_on(condition, variable))
      continue;
    for (int other = 0; other < static_cast<int>(stage.axes.size()); ++other) {
      const program_axis& each = stage.axes[static_cast<std::size_t>(other)];
      if (other == axis || !of.exprs.depends_on(condition, each.variable)) continue;
      if (each.reduce) return {};
      if (!contains(out, other)) out.push_back(other);
    }
  }
  sort(out);
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
      step made = step_on_axis(primitive::phase, stage, axis);
      made.parts = {{remainder, last.modulus}, {quotient, 0}};
      if (!keep(std::move(made))) last.outside.clear();
    }
    for (const congruent_axis& each : found) {
      step made = step_on_axis(primitive::narrow, stage,
                               stage.axes[static_cast<std::size_t>(each.reduce)].name);
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
    for (const std::string& axis : axes)
      keep(step_on_axis(primitive::narrow, now_.stages[at], axis));
  }

  program now_;
  trace out_;
};

}  // namespace detail

LATHE_INLINE trace narrowing_steps(const program& of) { return detail::narrower(of).steps(); }

LATHE_INLINE sequence<border> borders_of(const program& of, int index) {
  const auto at = static_cast<std::size_t>(index);
  sequence<border> out;
  if (!of.stages[at].reduction) return out;
  program now = of;
  for (int axis = of.stages[at].spatial; axis < static_cast<int>(of.stages[at].axes.size());
       ++axis) {
    const program_stage& stage = of.stages[at];
    const program_axis& window = stage.axes[static_cast<std::size_t>(axis)];
    if (window.size != ir::none || window.extent < 2) continue;
    border made;
    made.axis = axis;
    made.outside = detail::axes_compared_with(now, now.stages[at], axis);
    if (made.outside.empty()) continue;
    made.narrow = detail::step_on_axis(primitive::narrow, stage, window.name);
    for (const int other : made.outside)
      made.narrow.loops.push_back(stage.axes[static_cast<std::size_t>(other)].name);
    program next = now;
    if (!apply_step(next, made.narrow).empty()) continue;
    const program_axis& left = next.stages[at].axes[static_cast<std::size_t>(axis)];
    if (left.size == ir::none || left.sizes.size() > detail::most_window_sizes) continue;
    if (narrowed_points(next, next.stages[at]) >
        detail::most_terms_left * narrowed_points(now, now.stages[at]))
      continue;
    now = std::move(next);
    out.push_back(std::move(made));
  }
  return out;
}

LATHE_INLINE program without_borders(program of) {
  for (std::size_t stage = 0; stage < of.stages.size(); ++stage)
    for (const border& each : borders_of(of, static_cast<int>(stage))) apply_step(of, each.narrow);
  return of;
}

}  // namespace lathe
