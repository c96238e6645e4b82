/// @file
/// Bodies of reuse.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/core/math.hpp>
#include <lathe/lower/conditions.hpp>
#include <lathe/space/reuse.hpp>

namespace lathe {
namespace detail {

LATHE_INLINE sequence<std::int64_t> row_major_strides(const sequence<std::int64_t>& shape) {
  sequence<std::int64_t> strides(shape.size(), 1);
  for (std::size_t dim = shape.size(); dim-- > 1;) strides[dim - 1] = strides[dim] * shape[dim];
  return strides;
}

LATHE_INLINE void count_operations(const ir::pool& exprs, ir::expr at, int& count) {
  if (at == ir::none) return;
  const ir::node& value = exprs[at];
  if (value.what == ir::kind::load || value.what == ir::kind::linear) return;
  const bool counts =
      (value.what == ir::kind::binary && !is_comparison(value.fn) && !is_logical(value.fn)) ||
      value.what == ir::kind::unary || value.what == ir::kind::call;
  if (counts) count += is_math_function(value.fn) && value.fn != opcode::sqrt ? 8 : 1;
  for (const ir::expr each : exprs.args(at)) count_operations(exprs, each, count);
  count_operations(exprs, value.a, count);
  count_operations(exprs, value.b, count);
  count_operations(exprs, value.c, count);
}

/// The run of iterations of a variable, from any multiple of its length on, in which a quotient or
/// remainder is affine, and by how much it grows per iteration; length 1 if it never is.
struct affine_run {
  std::int64_t length = 1, slope = 0;
};

LATHE_INLINE affine_run run_of(const ir::pool& exprs, ir::expr atom, ir::expr variable) {
  const ir::node& at = exprs[atom];
  if (at.what != ir::kind::floor_div && at.what != ir::kind::floor_mod) return {};
  if (exprs[at.a].what != ir::kind::linear || exprs[at.a].imm % at.imm != 0) return {};
  const ir::expr own = exprs.terms(variable)[0].atom;
  std::int64_t slope = 0;
  for (const ir::term& each : exprs.terms(at.a)) {
    if (each.atom == own)
      slope = each.coef;
    else if (each.coef % at.imm != 0 || exprs.depends_on(each.atom, variable))
      return {};
  }
  if (slope < 1 || at.imm % slope != 0) return {};
  return {at.imm / slope, at.what == ir::kind::floor_mod ? slope : 0};
}

/// After how many iterations of a variable a quotient or remainder has grown by a constant,
/// whatever else is in it, and by how much per iteration; length 0 if there are none.
struct repetition {
  std::int64_t length = 0;
  double slope = 0;
};

LATHE_INLINE repetition repetition_of(const ir::pool& exprs, ir::expr atom, ir::expr variable) {
  const ir::node& at = exprs[atom];
  if (at.what != ir::kind::floor_div && at.what != ir::kind::floor_mod) return {};
  const ir::expr own = exprs.terms(variable)[0].atom;
  std::int64_t step = 0;
  for (const ir::term& each : exprs.terms(at.a)) {
    if (each.atom == own)
      step = each.coef;
    else if (exprs.depends_on(each.atom, variable))
      return {};
  }
  if (step == 0) return {};
  const bool is_quotient = at.what == ir::kind::floor_div;
  return {at.imm / greatest_divisor(at.imm, step),
          is_quotient ? static_cast<double>(step) / static_cast<double>(at.imm) : 0};
}

template <class Terms>
std::int64_t coefficient_of(const Terms& terms, ir::expr atom) {
  for (const ir::term& each : terms)
    if (each.atom == atom) return each.coef;
  return 0;
}

/// The terms of an index, without where narrowed loops start: which terms of a window count depends
/// on the point, but all of them are near every point.
LATHE_INLINE sequence<ir::term> terms_without_starts(const ir::pool& exprs,
                                                     const program_stage& stage, ir::expr index) {
  sequence<ir::term> out(exprs.terms(index).begin(), exprs.terms(index).end());
  for (const program_axis& axis : stage.axes) {
    if (axis.value == ir::none) continue;
    const ir::expr own = exprs.terms(axis.variable)[0].atom;
    const std::int64_t here = coefficient_of(out, own);
    const std::int64_t step = coefficient_of(exprs.terms(axis.value), own);
    if (here == 0 || here % step != 0) continue;
    for (const ir::term& each : exprs.terms(axis.value)) {
      if (each.atom == own) continue;
      const std::int64_t left = coefficient_of(out, each.atom) - each.coef * (here / step);
      erase_if(out, [&](const ir::term& old) { return old.atom == each.atom; });
      if (left != 0) out.push_back({each.atom, left});
    }
  }
  return out;
}

/// The axes that an index is the sum of, and those that decide how far these run, if all of them
/// together reach every one of `length` elements.
LATHE_INLINE sequence<int> axes_through(const program& of, const program_stage& stage,
                                        const sequence<ir::term>& index, std::int64_t length) {
  sequence<int> out;
  std::int64_t reached = 1;
  std::size_t found = 0;
  for (int axis = 0; axis < static_cast<int>(stage.axes.size()); ++axis) {
    const program_axis& each = stage.axes[static_cast<std::size_t>(axis)];
    const ir::expr atom = of.exprs.terms(each.variable)[0].atom;
    for (const ir::term& term : index) {
      if (term.atom != atom) continue;
      ++found;
      const bool narrowed = each.value != ir::none;
      const std::int64_t step = math::abs(
          narrowed ? term.coef / coefficient_of(of.exprs.terms(each.value), atom) : term.coef);
      if (step <= reached) reached += step * ((narrowed ? each.whole : each.extent) - 1);
      out.push_back(axis);
      if (each.size == ir::none) continue;
      for (int other = 0; other < static_cast<int>(stage.axes.size()); ++other)
        if (of.exprs.depends_on(each.size, stage.axes[static_cast<std::size_t>(other)].variable))
          out.push_back(other);
    }
  }
  if (found != index.size() || reached != length) out.clear();
  return out;
}

}  // namespace detail

LATHE_INLINE sequence<load_use> loads_of(const program& of, const program_stage& stage) {
  sequence<load_use> out;
  for (const ir::expr load : loads_in(of.exprs, stage.body)) {
    const std::int64_t index = of.exprs[load].imm;
    if (index < 0) continue;
    load_use use;
    use.tensor = static_cast<int>(index);
    use.stride.assign(stage.axes.size(), 0);
    use.irregular.assign(stage.axes.size(), 0);
    use.period.assign(stage.axes.size(), 0);
    use.stride_in_period.assign(stage.axes.size(), 0);
    use.repeat.assign(stage.axes.size(), 1);
    use.mean_stride.assign(stage.axes.size(), 0);
    const auto indices = of.exprs.args(load);
    const auto strides =
        detail::row_major_strides(of.tensors[static_cast<std::size_t>(index)].shape);
    for (std::size_t dim = 0; dim < indices.size(); ++dim) {
      int equal = -1;
      const sequence<ir::term> terms = detail::terms_without_starts(of.exprs, stage, indices[dim]);
      for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
        const ir::expr variable = stage.axes[axis].variable;
        const ir::expr atom = of.exprs.terms(variable)[0].atom;
        const bool alone = terms.size() == 1 && of.exprs[indices[dim]].imm == 0;
        if (alone && terms[0].atom == atom && terms[0].coef == 1) equal = static_cast<int>(axis);
        for (const ir::term& each : terms) {
          if (each.atom == atom)
            use.stride[axis] += each.coef * strides[dim];
          else if (of.exprs.depends_on(each.atom, variable)) {
            const detail::affine_run run = detail::run_of(of.exprs, each.atom, variable);
            use.irregular[axis] = 1;
            use.period[axis] = greatest_divisor(use.period[axis], run.length);
            use.stride_in_period[axis] += each.coef * run.slope * strides[dim];
            const detail::repetition own = detail::repetition_of(of.exprs, each.atom, variable);
            std::int64_t& all = use.repeat[axis];
            all = all == 0 || own.length == 0
                      ? 0
                      : all / greatest_divisor(all, own.length) * own.length;
            use.mean_stride[axis] += static_cast<double>(each.coef * strides[dim]) * own.slope;
          }
        }
      }
      use.axis_of_dim.push_back(equal);
      const std::int64_t length = of.tensors[static_cast<std::size_t>(index)].shape[dim];
      use.axes_through_dim.push_back(detail::axes_through(of, stage, terms, length));
    }
    for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
      use.mean_stride[axis] += static_cast<double>(use.stride[axis]);
      if (use.irregular[axis] != 0) use.stride_in_period[axis] += use.stride[axis];
    }
    out.push_back(std::move(use));
  }
  return out;
}

LATHE_INLINE const program_stage* own_producer(const program& of, const program_stage& reader,
                                               int tensor) {
  const program_tensor& read = of.tensors[static_cast<std::size_t>(tensor)];
  if (read.producer < 0 || read.param >= 0) return nullptr;
  const program_stage& producer = of.stages[static_cast<std::size_t>(read.producer)];
  const bool alone = !producer.reduction && !producer.copy && producer.attach_stage < 0 &&
                     of.only_reader(tensor) == &reader;
  return alone ? &producer : nullptr;
}

LATHE_INLINE bool moves_irregularly(const program_stage& stage, const load_use& use) {
  for (auto axis = static_cast<std::size_t>(stage.spatial); axis < stage.axes.size(); ++axis)
    if (use.irregular[axis] != 0) return true;
  return false;
}

LATHE_INLINE double lines_of(const load_use& use, const sequence<std::int64_t>& counts, int bytes) {
  struct run {
    std::int64_t stride, count;
  };
  sequence<run> runs;
  for (std::size_t axis = 0; axis < counts.size(); ++axis) {
    const std::int64_t count = use.distinct_in(static_cast<int>(axis), counts[axis]);
    if (count < 2) continue;
    const std::int64_t stride = math::abs(use.stride_in(static_cast<int>(axis), counts[axis]));
    bool is_window = false;  // over the points of an axis before
    for (run& each : runs) {
      is_window = stride % each.stride == 0 && stride / each.stride <= each.count;
      if (is_window) each.count += (count - 1) * (stride / each.stride);
      if (is_window) break;
    }
    if (!is_window) runs.push_back({larger<std::int64_t>(stride, 1), count});
  }
  sort(runs, [](const run& left, const run& right) { return left.stride < right.stride; });
  double lines = 1;
  for (std::size_t at = 0; at < runs.size(); ++at) {
    run of = runs[at];
    for (; at + 1 < runs.size() && runs[at + 1].stride <= of.stride * of.count; ++at)
      of.count *= runs[at + 1].count;  // together one longer run
    lines *=
        larger(1.0, static_cast<double>(of.count) *
                        smaller(1.0, static_cast<double>(of.stride * bytes) / cache_line_bytes));
  }
  return lines;
}

LATHE_INLINE sequence<std::int64_t> output_strides(const program& of, const program_stage& stage) {
  sequence<std::int64_t> out(stage.axes.size(), 0);
  const auto strides =
      detail::row_major_strides(of.tensors[static_cast<std::size_t>(stage.tensor)].shape);
  for (std::size_t dim = 0; dim < strides.size(); ++dim)
    for (std::size_t axis = 0; axis < stage.axes.size(); ++axis)
      for (const ir::term& each : of.exprs.terms(stage.point[dim]))
        if (each.atom == of.exprs.terms(stage.axes[axis].variable)[0].atom)
          out[axis] += each.coef * strides[dim];
  return out;
}

LATHE_INLINE int operations_per_point(const program& of, const program_stage& stage) {
  int count = 0;
  detail::count_operations(of.exprs, stage.body, count);
  if (stage.reduction) detail::count_operations(of.exprs, stage.combine, count);
  return count;
}

LATHE_INLINE double operations_of(const program& of) {
  double operations = 0;
  for (const program_stage& stage : of.stages)
    operations += narrowed_points(of, stage) * operations_per_point(of, stage);
  return operations;
}

LATHE_INLINE double elements_of(const program_tensor& tensor) {
  double elements = 1;
  for (const std::int64_t extent : tensor.shape) elements *= static_cast<double>(extent);
  return elements;
}

LATHE_INLINE double points_of(const program_stage& stage) {
  double points = 1;
  for (const program_axis& axis : stage.axes) points *= static_cast<double>(axis.extent);
  return points;
}

LATHE_INLINE double narrowed_points(const program& of, const program_stage& stage) {
  sequence<const program_axis*> outside;  // what sizes depend on
  std::int64_t combinations = 1;
  double fixed = 1, least = 1;  // of the axes without a size; of the others, at least
  for (std::size_t at = 0; at < stage.axes.size(); ++at) {
    const program_axis& axis = stage.axes[at];
    if (decides_sizes(of, stage, static_cast<int>(at))) {
      outside.push_back(&axis);
      combinations = smaller(combinations * axis.extent, detail::most_points + 1);
    }
    if (axis.size == ir::none)
      fixed *= static_cast<double>(axis.extent);
    else
      least *= static_cast<double>(axis.sizes.back());
  }
  if (combinations > detail::most_points) return fixed * least;
  double points = 0;
  for (std::int64_t at = 0; at < combinations; ++at) {
    flat_map<std::int64_t, std::int64_t> values;
    std::int64_t rest = at;
    for (const program_axis* each : outside) {
      values.add(of.exprs.variable_index(each->variable), rest % each->extent);
      rest /= each->extent;
    }
    double product = 1;
    for (const program_axis& axis : stage.axes) {
      const std::int64_t size =
          axis.size == ir::none ? axis.extent : detail::evaluate_index(of.exprs, axis.size, values);
      const auto value = values.find(of.exprs.variable_index(axis.variable));
      product *= value == values.end() ? static_cast<double>(size) : value->second < size ? 1 : 0;
    }
    points += product;
  }
  return points;
}

LATHE_INLINE bool decides_sizes(const program& of, const program_stage& stage, int axis,
                                bool spatial) {
  const ir::expr variable = stage.axes[static_cast<std::size_t>(axis)].variable;
  return any_of(stage.axes, [&](const program_axis& each) {
    return each.size != ir::none && !(spatial && each.reduce) &&
           of.exprs.depends_on(each.size, variable);
  });
}

}  // namespace lathe
