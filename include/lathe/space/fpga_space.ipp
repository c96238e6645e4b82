/// @file
/// Bodies of fpga_space.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/space/fpga_space.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/step_writer.hpp>

namespace lathe {
namespace detail {

/// Elements that a loop which fills a buffer, or a pointwise stage, handles per cycle.
inline constexpr std::array<std::int64_t, 5> fpga_widths{1, 2, 4, 8, 16};

/// Most elements that a loop which fills a buffer handles per iteration: several words where the
/// innermost dimensions are short.
inline constexpr std::int64_t fpga_most_lanes = 256;

/// Where an operand of a reduction is while it is used.
enum class fpga_place : unsigned char {
  memory,  ///< read there, or computed, again for each use
  tile,    ///< in a buffer for one tile
  around   ///< in a buffer at the innermost tile loop that moves it: longer than one tile
};

/// All ways to write a number as a product of three.
LATHE_INLINE sequence<std::array<std::int64_t, 3>> factorisations(std::int64_t of) {
  sequence<std::int64_t> divisors;
  for (std::int64_t each = 1; each * each <= of; ++each) {
    if (of % each != 0) continue;
    divisors.push_back(each);
    if (each * each != of) divisors.push_back(of / each);
  }
  sort(divisors);
  sequence<std::array<std::int64_t, 3>> out;
  for (const std::int64_t outer : divisors)
    for (const std::int64_t middle : divisors)
      if (of / outer % middle == 0) out.push_back({outer, middle, of / outer / middle});
  return out;
}

inline bool is_prime(std::int64_t of) {
  for (std::int64_t each = 2; each * each <= of; ++each)
    if (of % each == 0) return false;
  return of > 1;
}

/// True if one prime factor moves from one part to another.
inline bool is_one_move(const std::array<std::int64_t, 3>& left,
                        const std::array<std::int64_t, 3>& right) {
  int equal_parts = 0;
  bool by_prime = false;
  for (std::size_t at = 0; at < 3; ++at) {
    equal_parts += left[at] == right[at];
    if (left[at] > right[at])
      by_prime = left[at] % right[at] == 0 && is_prime(left[at] / right[at]);
  }
  return equal_parts == 1 && by_prime;
}

}  // namespace detail

LATHE_INLINE fpga_space::fpga_space(program of, const fpga_limits& limits)
    : program_(std::move(of)), limits_(limits) {
  inline_producers();
  for (std::size_t at = 0; at < program_.stages.size(); ++at) add_sites(static_cast<int>(at));
  // The smallest tiles fit everywhere; the first entry of every split is not this one.
  point smallest;
  smallest.choices.assign(sites.size(), 0);
  for (std::size_t at = 0; at < of_stage_.size(); ++at)
    for (std::size_t axis = 0; axis < of_stage_[at].splits.size(); ++axis)
      smallest.choices[of_stage_[at].first + axis] =
          static_cast<std::int32_t>(of_stage_[at].splits[axis].size()) - 1;
  for (stage_sites& each : of_stage_)
    for (operand& of_it : each.operands) smallest.choices[of_it.site] = 1;
  estimates.push_back(std::move(smallest));
}

/// Pointwise stages that are not read by one reduction alone are computed where they are read.
LATHE_INLINE void fpga_space::inline_producers() {
  for (std::size_t at = 0; at < program_.stages.size(); ++at) {
    const program_stage& stage = program_.stages[at];
    if (stage.reduction || program_.tensors[static_cast<std::size_t>(stage.tensor)].param >= 0)
      continue;
    const program_stage* const reader = program_.only_reader(stage.tensor);
    if (reader != nullptr && reader->reduction) continue;
    detail::take(program_, detail::inlining_of(stage.name), inlined_);
  }
}

LATHE_INLINE void fpga_space::add_sites(int index) {
  const program_stage& stage = program_.stages[static_cast<std::size_t>(index)];
  of_stage_.emplace_back();
  of_stage_.back().first = sites.size();
  if (stage.inlined) return;
  const auto add = [&](const std::string& what, std::size_t choices) {
    site made{what, static_cast<std::int32_t>(choices), {}};
    sites.push_back(std::move(made));
  };
  if (!stage.reduction) {
    add("width " + stage.name, stage.axes.empty() ? 1 : detail::fpga_widths.size());
    sites.back().moves = linear_moves(sites.back().choices);
    return;
  }
  for (const program_axis& axis : stage.axes) {
    // The last split, all of the axis in the outer part, is the smallest tile.
    sequence<parts> choices = detail::factorisations(axis.extent);
    add("split " + stage.name + "." + axis.name, choices.size());
    site& made = sites.back();
    made.moves.resize(choices.size());
    for (std::size_t from = 0; from < choices.size(); ++from)
      for (std::size_t to = 0; to < choices.size(); ++to)
        if (detail::is_one_move(choices[from], choices[to]))
          made.moves[from].push_back(static_cast<std::int32_t>(to));
    of_stage_.back().splits.push_back(std::move(choices));
  }
  add("order " + stage.name, static_cast<std::size_t>(larger(1, stage.spatial)));
  add_operands(index);
}

LATHE_INLINE void fpga_space::add_operands(int index) {
  const program_stage& stage = program_.stages[static_cast<std::size_t>(index)];
  sequence<int> met;
  for (const ir::expr load : loads_in(program_.exprs, stage.body)) {
    const auto tensor = static_cast<int>(program_.exprs[load].imm);
    if (tensor < 0 || contains(met, tensor)) continue;
    met.push_back(tensor);
    const program_tensor& of = program_.tensors[static_cast<std::size_t>(tensor)];
    operand made;
    made.tensor = tensor;
    trace first;
    detail::step_writer to(first);
    const std::string at = stage.loops[stage.loops.size() - 1].name;
    if (const program_stage* const producer = own_producer(program_, stage, tensor)) {
      made.producer = of.producer;
      made.copy = producer->name;
      to.place(primitive::compute_at, made.copy, stage.name, at);
    } else {
      made.copy = of.name + "_buffer";
      for (const stage_sites& each : of_stage_)
        if (any_of(each.operands, [&](const operand& other) { return other.copy == made.copy; }))
          made.copy = of.name + "_buffer_of_" + stage.name;
      to.copy(primitive::cache_read, of.name, made.copy, stage.name, at, {});
    }
    program tried = program_;
    if (of.scalar || !apply_step(tried, first.steps[0]).empty() || !check_schedule(tried).empty())
      continue;
    const program_stage& filling =
        tried.stages[static_cast<std::size_t>(tried.find_stage(made.copy))];
    for (const stage_loop& each : filling.loops) made.loops.push_back(each.name);
    made.site = sites.size();
    sites.push_back({"place of " + of.name, 3, {}});
    sites.push_back({"width of " + of.name, static_cast<std::int32_t>(detail::fpga_widths.size()),
                     linear_moves(static_cast<std::int32_t>(detail::fpga_widths.size()))});
    of_stage_[static_cast<std::size_t>(index)].operands.push_back(std::move(made));
  }
}

LATHE_INLINE sequence<fpga_space::parts> fpga_space::split_of(std::size_t at,
                                                              const point& candidate) const {
  const stage_sites& own = of_stage_[at];
  sequence<parts> out;
  for (std::size_t axis = 0; axis < own.splits.size(); ++axis)
    out.push_back(own.splits[axis][static_cast<std::size_t>(candidate.choices[own.first + axis])]);
  return out;
}

/// Axes in the order of the tile loops, outermost first: one spatial axis is the innermost of them.
LATHE_INLINE sequence<int> fpga_space::outer_order(std::size_t at, const point& candidate) const {
  const program_stage& stage = program_.stages[at];
  const int inner = candidate.choices[of_stage_[at].first + of_stage_[at].splits.size()];
  sequence<int> out;
  for (int axis = 0; axis < stage.spatial; ++axis)
    if (axis != inner) out.push_back(axis);
  if (stage.spatial > 0) out.push_back(inner);
  for (int axis = stage.spatial; axis < static_cast<int>(stage.axes.size()); ++axis)
    out.push_back(axis);
  return out;
}

/// Position in `order` of the tile loop that an operand is held at, -1 if it stays in memory.
LATHE_INLINE int fpga_space::held_at(std::size_t at, const operand& of, const point& candidate,
                                     const sequence<int>& order) const {
  const auto place = static_cast<detail::fpga_place>(candidate.choices[of.site]);
  if (place == detail::fpga_place::memory) return -1;
  const int last = static_cast<int>(order.size()) - 1;
  if (place == detail::fpga_place::tile) return last;
  const program_stage& stage = program_.stages[at];
  const sequence<parts> split = split_of(at, candidate);
  for (int position = last; position > 0; --position) {
    const auto axis = static_cast<std::size_t>(order[static_cast<std::size_t>(position)]);
    if (split[axis][0] == 1) continue;
    for (const ir::expr load : loads_in(program_.exprs, stage.body))
      if (program_.exprs[load].imm == of.tensor &&
          program_.exprs.depends_on(load, stage.axes[axis].variable))
        return position;
  }
  return 0;
}

/// Elements per dimension of an operand that are held at a tile loop.
LATHE_INLINE sequence<std::int64_t> fpga_space::region(std::size_t at, const operand& of,
                                                       int position, const sequence<int>& order,
                                                       const sequence<parts>& split) const {
  const program_stage& stage = program_.stages[at];
  const ir::pool& exprs = program_.exprs;
  const program_tensor& tensor = program_.tensors[static_cast<std::size_t>(of.tensor)];
  sequence<std::int64_t> low(tensor.shape.size(), INT64_MAX), high(tensor.shape.size(), INT64_MIN);
  for (const ir::expr load : loads_in(exprs, stage.body)) {
    if (exprs[load].imm != of.tensor) continue;
    for (std::size_t dim = 0; dim < tensor.shape.size(); ++dim) {
      const ir::expr index = exprs.args(load)[dim];
      std::int64_t first = exprs[index].imm, last = first;
      bool known = true;
      for (const ir::term& term : exprs.terms(index)) {
        known &= exprs.is_variable(term.atom);
        for (std::size_t place = 0; place < order.size() && known; ++place) {
          const auto axis = static_cast<std::size_t>(order[place]);
          if (exprs[term.atom].imm != exprs.variable_index(stage.axes[axis].variable)) continue;
          const std::int64_t block = split[axis][1] * split[axis][2];
          const bool whole = static_cast<int>(place) > position;
          const std::int64_t count = whole ? stage.axes[axis].extent : block;
          (term.coef < 0 ? first : last) += term.coef * (count - 1);
        }
      }
      low[dim] = known ? smaller(low[dim], first) : 0;
      high[dim] = known ? larger(high[dim], last) : low[dim] + tensor.shape[dim] - 1;
    }
  }
  sequence<std::int64_t> out;
  for (std::size_t dim = 0; dim < tensor.shape.size(); ++dim)
    out.push_back(smaller(tensor.shape[dim], high[dim] - low[dim] + 1));
  return out;
}

LATHE_INLINE void fpga_space::write_reduction(std::size_t at, const point& candidate,
                                              trace& out) const {
  const program_stage& stage = program_.stages[at];
  const sequence<parts> split = split_of(at, candidate);
  const sequence<int> order = outer_order(at, candidate);
  detail::step_writer to(out);
  sequence<std::array<std::string, 3>> names;  // "" = no such loop
  for (std::size_t axis = 0; axis < split.size(); ++axis) {
    const std::string& name = stage.axes[axis].name;
    if (stage.axes[axis].extent == 1) {
      names.push_back({name, "", ""});
      continue;
    }
    names.push_back({detail::part_name(stage, name, '0'), detail::part_name(stage, name, '1'),
                     detail::part_name(stage, name, '2')});
    to.split(
        stage.name, name,
        {{names[axis][0], 0}, {names[axis][1], split[axis][1]}, {names[axis][2], split[axis][2]}});
  }
  sequence<std::string> loops;
  for (const int axis : order) loops.push_back(names[static_cast<std::size_t>(axis)][0]);
  const auto inside = [&](std::size_t part, bool reduce) {
    for (std::size_t axis = 0; axis < split.size(); ++axis)
      if (stage.axes[axis].reduce == reduce && !names[axis][part].empty())
        loops.push_back(names[axis][part]);
  };
  inside(1, true);
  inside(1, false);
  inside(2, true);
  inside(2, false);
  to.reorder(stage.name, loops);
  for (std::size_t axis = 0; axis < split.size(); ++axis)
    if (!names[axis][2].empty() && split[axis][2] > 1)
      to.annotate(primitive::unroll, stage.name, names[axis][2]);
  to.cache_write(stage.name, "");
  out.steps.back().result = "buffer";

  for (const operand& of : of_stage_[at].operands) {
    const int held = held_at(at, of, candidate, order);
    const program_tensor& tensor = program_.tensors[static_cast<std::size_t>(of.tensor)];
    if (held < 0) {
      if (of.producer >= 0) to.inline_stage(of.copy);
      continue;
    }
    const std::string& loop =
        names[static_cast<std::size_t>(order[static_cast<std::size_t>(held)])][0];
    if (of.producer < 0)
      to.copy(primitive::cache_read, tensor.name, of.copy, stage.name, loop, {});
    else
      to.place(primitive::compute_at, of.copy, stage.name, loop);
    const sequence<std::int64_t> extent = region(at, of, held, order, split);
    widen(of, extent, detail::fpga_widths[static_cast<std::size_t>(candidate.choices[of.site + 1])],
          out);
  }
}

/// Unrolls the innermost loops that fill a buffer, so that words of `width` elements are complete:
/// whole dimensions as long as the memory behind them runs on, then a part of the next one.
LATHE_INLINE void fpga_space::widen(const operand& of, const sequence<std::int64_t>& extent,
                                    std::int64_t width, trace& out) const {
  const sequence<std::int64_t>& shape = program_.tensors[static_cast<std::size_t>(of.tensor)].shape;
  if (width == 1 || of.loops.size() != extent.size()) return;
  std::int64_t lanes = 1, part = 0;
  std::size_t dim = extent.size();
  while (part == 0) {
    if (dim-- == 0) return;
    for (std::int64_t each = 1; each <= extent[dim] && part == 0; ++each)
      if (extent[dim] % each == 0 && lanes * each % width == 0) part = each;
    if (part != 0) break;
    lanes *= extent[dim];
    if (extent[dim] != shape[dim] || lanes > detail::fpga_most_lanes) return;
  }
  if (lanes * part > detail::fpga_most_lanes) return;
  detail::step_writer to(out);
  if (part == shape[dim]) {
    to.annotate(primitive::unroll, of.copy, of.loops[dim]);
  } else {
    const std::string outer = of.loops[dim] + "_word", inner = of.loops[dim] + "_lane";
    to.split(of.copy, of.loops[dim], {{outer, 0}, {inner, part}});
    to.annotate(primitive::unroll, of.copy, inner);
  }
  while (++dim < extent.size()) to.annotate(primitive::unroll, of.copy, of.loops[dim]);
}

LATHE_INLINE void fpga_space::write_pointwise(std::size_t at, const point& candidate,
                                              trace& out) const {
  const program_stage& stage = program_.stages[at];
  for (const stage_sites& each : of_stage_)  // written with the reduction that reads it
    for (const operand& of : each.operands)
      if (of.producer == static_cast<int>(at)) return;
  if (stage.axes.empty()) return;
  const program_axis& last = stage.axes[stage.axes.size() - 1];
  std::int64_t width =
      detail::fpga_widths[static_cast<std::size_t>(candidate.choices[of_stage_[at].first])];
  while (last.extent % width != 0) width /= 2;
  if (width == 1) return;
  detail::step_writer to(out);
  const std::string outer = detail::part_name(stage, last.name, '0'),
                    inner = detail::part_name(stage, last.name, '1');
  to.split(stage.name, last.name, {{outer, 0}, {inner, width}});
  to.annotate(primitive::unroll, stage.name, inner);
}

LATHE_INLINE trace fpga_space::to_trace(const point& candidate) const {
  trace out = inlined_;
  for (std::size_t at = 0; at < program_.stages.size(); ++at) {
    if (program_.stages[at].inlined) continue;
    if (program_.stages[at].reduction)
      write_reduction(at, candidate, out);
    else
      write_pointwise(at, candidate, out);
  }
  return out;
}

LATHE_INLINE std::int64_t fpga_space::buffer_bits(std::size_t at, const point& candidate) const {
  const sequence<parts> split = split_of(at, candidate);
  const sequence<int> order = outer_order(at, candidate);
  const program_stage& stage = program_.stages[at];
  std::int64_t bits = 8 * size_of(program_.exprs[stage.identity].type);
  for (int axis = 0; axis < stage.spatial; ++axis)
    bits *= split[static_cast<std::size_t>(axis)][1] * split[static_cast<std::size_t>(axis)][2];
  for (const operand& of : of_stage_[at].operands) {
    const int held = held_at(at, of, candidate, order);
    if (held < 0) continue;
    std::int64_t own = 8 * size_of(program_.tensors[static_cast<std::size_t>(of.tensor)].type);
    for (const std::int64_t each : region(at, of, held, order, split)) own *= each;
    bits += own;
  }
  return bits;
}

LATHE_INLINE std::optional<rejection> fpga_space::why_rejected(const point& candidate) const {
  for (std::size_t at = 0; at < program_.stages.size(); ++at) {
    const program_stage& stage = program_.stages[at];
    if (stage.inlined || !stage.reduction) continue;
    std::int64_t copies = 1;
    for (const parts& each : split_of(at, candidate)) {
      // A loop that is written out is as much text as it has copies.
      if (each[2] > 256)
        return rejection{"a loop of " + stage.name + " is unrolled more than 256 times", true};
      copies *= each[2];
    }
    if (copies > limits_.copies)
      return rejection{std::to_string(copies) + " copies of " + stage.name + " at once, of " +
                           std::to_string(limits_.copies) + " that fit",
                       true};
    const std::int64_t bits = buffer_bits(at, candidate);
    if (bits > limits_.buffer_bits)
      return rejection{std::to_string(bits) + " bits of buffers of " + stage.name + ", of " +
                           std::to_string(limits_.buffer_bits),
                       true};
  }
  return std::nullopt;
}

LATHE_INLINE std::uint64_t fpga_space::hash(const point& candidate) const {
  return hash_of(to_trace(candidate));
}

}  // namespace lathe
