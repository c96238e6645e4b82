/// @file
/// Bodies of flattening.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/space/flattening.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/step_writer.hpp>

#include <optional>
#include <span>

namespace lathe {
namespace detail {

inline constexpr std::size_t longest_name = 40;  ///< [characters] of a flattened axis

/// Axes with iterations that an index depends on, beyond the first.
LATHE_INLINE int more_axes_of(const program& of, const program_stage& stage, ir::expr index) {
  int axes = 0;
  for (const program_axis& each : stage.axes)
    axes += each.extent > 1 && of.exprs.depends_on(index, each.variable);
  return larger(axes - 1, 0);
}

/// Calls visit(indices) for every load of a tensor in a stage.
template <class Visit>
void for_each_load_of(const program& of, const program_stage& stage, int tensor,
                      const Visit& visit) {
  for (const ir::expr value : {stage.body, stage.epilogue}) {
    if (value == ir::none) continue;
    for (const ir::expr load : loads_in(of.exprs, value))
      if (of.exprs[load].imm == tensor) visit(of.exprs.args(load));
  }
}

/// The same of all indices of one load, the most among the loads of a tensor.
LATHE_INLINE int more_axes_in(const program& of, const program_stage& stage, int tensor) {
  int most = 0;
  for_each_load_of(of, stage, tensor, [&](std::span<const ir::expr> indices) {
    int more = 0;
    for (const ir::expr index : indices) more += more_axes_of(of, stage, index);
    most = larger(most, more);
  });
  return most;
}

/// True if an index of a load depends on this axis and on another one that has iterations.
LATHE_INLINE bool is_in_window(const program& of, const program_stage& stage, int tensor,
                               std::size_t axis) {
  bool found = false;
  for_each_load_of(of, stage, tensor, [&](std::span<const ir::expr> indices) {
    for (const ir::expr index : indices)
      found |= of.exprs.depends_on(index, stage.axes[axis].variable) &&
               more_axes_of(of, stage, index) > 0;
  });
  return found;
}

/// Applies flatten where it is worth it, and keeps the steps.
class flattening {
 public:
  explicit flattening(const program& of) : now_(of) {}

  trace steps() {
    for (std::size_t stage = 0; stage < now_.stages.size(); ++stage)
      for (std::size_t axis = 0; axis + 1 < now_.stages[stage].axes.size();) {
        std::optional<flattened> made = flatten({now_, {}}, stage, axis);
        if (!made) {
          ++axis;
          continue;
        }
        now_ = std::move(made->of);
        out_.steps.append(made->steps.steps.begin(), made->steps.steps.end());
      }
    return std::move(out_);
  }

 private:
  /// A program and how it came about.
  struct flattened {
    program of;
    trace steps;
  };

  static std::string name_of(const program_axis& outer, const program_axis& inner) {
    if (outer.extent == 1) return inner.name;
    const bool is_short = outer.name.size() + inner.name.size() < longest_name;
    return inner.extent == 1 || !is_short ? outer.name : outer.name + "_" + inner.name;
  }

  /// Makes one of an axis and the next one; nothing if that is illegal or does harm.
  static std::optional<flattened> flatten(flattened from, std::size_t number, std::size_t axis) {
    const program& before = from.of;
    flattened out = from;
    const program_stage& old = before.stages[number];
    const program_axis &outer = old.axes[axis], &inner = old.axes[axis + 1];
    const bool both = outer.extent > 1 && inner.extent > 1;
    // Where an index is not affine in the terms, single rows may be best without vectors: that is
    // the tile of an axis of one iteration.
    if (!both && !inner.reduce && any_of(loads_of(before, old), [&](const load_use& use) {
          return moves_irregularly(old, use);
        }))
      return std::nullopt;
    step_writer(out.steps).merge(primitive::flatten, old.name, {outer.name, inner.name},
                                 name_of(outer, inner));
    if (!apply_step(out.of, out.steps.steps.back()).empty()) return std::nullopt;
    const int tensors = static_cast<int>(before.tensors.size());
    for (int tensor = 0; tensor < tensors && both; ++tensor)
      if (is_in_window(out.of, out.of.stages[number], tensor, axis))
        return std::nullopt;  // neighbouring rows share what they read
    for (int tensor = 0; tensor < tensors; ++tensor) {
      const auto at = static_cast<std::size_t>(tensor);
      if (before.tensors[at].shape.size() == out.of.tensors[at].shape.size()) continue;
      for (std::size_t reader = 0; reader < before.stages.size(); ++reader) {
        if (reader == number || before.stages[reader].inlined) continue;
        const int most = more_axes_in(before, before.stages[reader], tensor);
        std::optional<flattened> next = with_reader(std::move(out), reader, tensor, most);
        if (!next) return std::nullopt;
        out = std::move(*next);
      }
    }
    return out;
  }

  /// Makes one of axes of a reader until the indices of its loads of a tensor depend on at most
  /// `most` more axes than there are indices; nothing if they cannot be.
  static std::optional<flattened> with_reader(flattened from, std::size_t number, int tensor,
                                              int most) {
    while (more_axes_in(from.of, from.of.stages[number], tensor) > most) {
      std::optional<flattened> next;
      const std::size_t axes = from.of.stages[number].axes.size();
      for (std::size_t axis = 0; axis + 1 < axes && !next; ++axis) {
        next = flatten(from, number, axis);
        if (next && more_axes_in(next->of, next->of.stages[number], tensor) >=
                        more_axes_in(from.of, from.of.stages[number], tensor))
          next.reset();
      }
      if (!next) return std::nullopt;
      from = std::move(*next);
    }
    return from;
  }

  program now_;
  trace out_;
};

}  // namespace detail

LATHE_INLINE trace flattening_steps(const program& of) { return detail::flattening(of).steps(); }

}  // namespace lathe
