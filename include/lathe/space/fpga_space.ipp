/// @file
/// Bodies of fpga_space.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
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

/// Where an operand of a reduction is while it is used, for each way to hold it; before them: in
/// memory, read there, or computed, again for each use.
enum class fpga_place : unsigned char {
  tile,    ///< in a buffer for one tile
  around,  ///< in a buffer at the innermost tile loop that moves it: longer than one tile
  line     ///< the same, and what the next iteration of that loop reads again is kept
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
    if (own_producer(program_, stage, tensor) != nullptr) made.producer = of.producer;
    add_way(index, tensor, program_, made);
    if (made.producer >= 0) add_way_of_input(index, made);
    if (made.ways.empty()) continue;
    made.site = sites.size();
    if (any_of(made.ways, [](const holding& way) { return way.window; })) made.places = 3;
    const auto ways = static_cast<std::int32_t>(made.ways.size());
    sites.push_back({"place of " + of.name, 1 + made.places * ways, {}});
    sites.push_back({"width of " + of.name, static_cast<std::int32_t>(detail::fpga_widths.size()),
                     linear_moves(static_cast<std::int32_t>(detail::fpga_widths.size()))});
    of_stage_[static_cast<std::size_t>(index)].operands.push_back(std::move(made));
  }
}

/// Adds the buffer of a tensor that a reduction of `before` reads, if there may be one.
LATHE_INLINE void fpga_space::add_way(int index, int tensor, const program& before,
                                      operand& to) const {
  const program_stage& stage = before.stages[static_cast<std::size_t>(index)];
  const program_tensor& of = before.tensors[static_cast<std::size_t>(tensor)];
  holding made;
  made.tensor = tensor;
  made.copies = tensor != to.tensor || to.producer < 0;
  trace first;
  detail::step_writer steps(first);
  const std::string at = stage.loops[stage.loops.size() - 1].name;
  if (made.copies) {
    made.filling = of.name + "_buffer";
    for (const stage_sites& each : of_stage_)
      for (const operand& other : each.operands)
        if (any_of(other.ways, [&](const holding& way) { return way.filling == made.filling; }))
          made.filling = of.name + "_buffer_of_" + stage.name;
    steps.copy(primitive::cache_read, of.name, made.filling, stage.name, at, {});
  } else {
    made.filling = before.stages[static_cast<std::size_t>(to.producer)].name;
    steps.place(primitive::compute_at, made.filling, stage.name, at);
  }
  program tried = before;
  if (of.scalar || !apply_step(tried, first.steps[0]).empty() || !check_schedule(tried).empty())
    return;
  for (const stage_loop& each :
       tried.stages[static_cast<std::size_t>(tried.find_stage(made.filling))].loops)
    made.loops.push_back(each.name);
  if (tensor != to.tensor && !build(std::move(tried))) return;
  made.moved_by.resize(stage.axes.size());
  for (const ir::expr load : loads_in(before.exprs, stage.body)) {
    if (before.exprs[load].imm != tensor) continue;
    sequence<index_form> forms;
    for (const ir::expr index_of_dim : before.exprs.args(load)) {
      index_form form;
      form.offset = before.exprs[index_of_dim].imm;
      form.steps.assign(stage.axes.size(), 0);
      for (const ir::term& term : before.exprs.terms(index_of_dim)) {
        form.affine &= before.exprs.is_variable(term.atom);
        for (std::size_t axis = 0; axis < stage.axes.size() && form.affine; ++axis)
          if (before.exprs.variable_index(term.atom) ==
              before.exprs.variable_index(stage.axes[axis].variable))
            form.steps[axis] += term.coef;
      }
      int moving = 0;
      for (const std::int64_t step : form.steps) moving += step != 0;
      made.window |= moving > 1;
      forms.push_back(std::move(form));
    }
    made.loads.push_back(std::move(forms));
    for (std::size_t axis = 0; axis < stage.axes.size(); ++axis)
      made.moved_by[axis] |= before.exprs.depends_on(load, stage.axes[axis].variable);
  }
  to.ways.push_back(std::move(made));
}

/// The producer of an operand is computed where it is used, and the one tensor that it reads is
/// held.
LATHE_INLINE void fpga_space::add_way_of_input(int index, operand& to) const {
  const program_stage& producer = program_.stages[static_cast<std::size_t>(to.producer)];
  int input = -1;
  for (const ir::expr load : loads_in(program_.exprs, producer.body)) {
    const auto read = static_cast<int>(program_.exprs[load].imm);
    if (program_.tensors[static_cast<std::size_t>(read)].scalar || read == input) continue;
    if (input >= 0) return;
    input = read;
  }
  const program_stage& stage = program_.stages[static_cast<std::size_t>(index)];
  if (input < 0 || any_of(loads_in(program_.exprs, stage.body),
                          [&](ir::expr load) { return program_.exprs[load].imm == input; }))
    return;
  program before = program_;
  if (apply_step(before, detail::inlining_of(producer.name)).empty())
    add_way(index, input, before, to);
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

/// How an operand is held; null if it stays in memory.
LATHE_INLINE const fpga_space::holding* fpga_space::way_of(const operand& of,
                                                           const point& candidate) {
  const std::int32_t choice = candidate.choices[of.site];
  if (choice == 0) return nullptr;
  return &of.ways[static_cast<std::size_t>((choice - 1) / of.places)];
}

/// Position in `order` of the tile loop that an operand is held at. @pre it is held
LATHE_INLINE int fpga_space::held_at(std::size_t at, const operand& of, const point& candidate,
                                     const sequence<int>& order) const {
  const auto place = static_cast<detail::fpga_place>((candidate.choices[of.site] - 1) % of.places);
  const int last = static_cast<int>(order.size()) - 1;
  if (place == detail::fpga_place::tile) return last;
  const sequence<parts> split = split_of(at, candidate);
  for (int position = last; position > 0; --position) {
    const auto axis = static_cast<std::size_t>(order[static_cast<std::size_t>(position)]);
    if (split[axis][0] > 1 && way_of(of, candidate)->moved_by[axis]) return position;
  }
  return 0;
}

/// What of an operand is new in each iteration of the loop that it is held at, if it is to be a
/// line buffer.
LATHE_INLINE fpga_space::line_rows fpga_space::rows_of(std::size_t at, const operand& of,
                                                       const point& candidate,
                                                       const held_part& part) const {
  if ((candidate.choices[of.site] - 1) % of.places !=
      static_cast<std::int32_t>(detail::fpga_place::line))
    return {};
  const sequence<int> order = outer_order(at, candidate);
  const auto axis =
      static_cast<std::size_t>(order[static_cast<std::size_t>(held_at(at, of, candidate, order))]);
  const parts split = split_of(at, candidate)[axis];
  line_rows out;
  for (std::size_t dim = 0; dim < part.room.size(); ++dim) {
    std::int64_t step = 0;
    for (const sequence<index_form>& load : way_of(of, candidate)->loads) {
      const index_form& form = load[dim];
      if (!form.affine || (step != 0 && form.steps[axis] != step)) return {};
      step = form.steps[axis];
    }
    if (step == 0) continue;
    if (out.rows != 0) return {};  // along several dimensions
    out = {dim, step * split[1] * split[2]};
    if (split[0] == 1 || out.rows < 1 || out.rows >= part.room[dim]) return {};
  }
  return out;
}

/// What of a tensor is held at a tile loop.
LATHE_INLINE fpga_space::held_part fpga_space::part_of(std::size_t at, const holding& of,
                                                       int position, const sequence<int>& order,
                                                       const sequence<parts>& split) const {
  const program_stage& stage = program_.stages[at];
  const sequence<std::int64_t>& shape = program_.tensors[static_cast<std::size_t>(of.tensor)].shape;
  held_part out;
  for (std::size_t dim = 0; dim < shape.size(); ++dim) {
    const std::int64_t end = shape[dim];
    std::int64_t low = INT64_MAX, high = INT64_MIN;  // where all tile loops around are at 0
    bool moves = false, within = true;
    for (const sequence<index_form>& load : of.loads) {
      const index_form& form = load[dim];
      std::int64_t first = form.offset, last = first, lowest = first, highest = first;
      for (std::size_t place = 0; place < order.size(); ++place) {
        const auto axis = static_cast<std::size_t>(order[place]);
        const std::int64_t step = form.steps[axis], extent = stage.axes[axis].extent;
        if (step == 0) continue;
        const bool inside = static_cast<int>(place) > position;
        moves |= !inside && split[axis][0] > 1;
        (step < 0 ? first : last) += step * ((inside ? extent : extent / split[axis][0]) - 1);
        (step < 0 ? lowest : highest) += step * (extent - 1);
      }
      within &= lowest >= 0 && highest < end;
      low = form.affine ? smaller(low, first) : 0;
      high = form.affine ? larger(high, last) : low + end - 1;
    }
    const std::int64_t room = of.copies ? high - low + 1 : smaller(end, high - low + 1);
    out.room.push_back(room);
    out.asks.push_back(of.copies && moves && !within);
    out.filled.push_back(
        of.copies && !moves
            ? larger<std::int64_t>(1, smaller(end - 1, high) - larger<std::int64_t>(0, low) + 1)
            : room);
  }
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
    const holding* const way = way_of(of, candidate);
    if (of.producer >= 0 && (way == nullptr || way->copies))
      to.inline_stage(program_.stages[static_cast<std::size_t>(of.producer)].name);
    if (way == nullptr) continue;
    const int held = held_at(at, of, candidate, order);
    const std::string& loop =
        names[static_cast<std::size_t>(order[static_cast<std::size_t>(held)])][0];
    if (way->copies)
      to.copy(primitive::cache_read, program_.tensors[static_cast<std::size_t>(way->tensor)].name,
              way->filling, stage.name, loop, {});
    else
      to.place(primitive::compute_at, way->filling, stage.name, loop);
    held_part part = part_of(at, *way, held, order, split);
    const line_rows rows = rows_of(at, of, candidate, part);
    if (rows.rows > 0) part.asks[rows.dim] = 1;  // one loop for it
    widen(*way, part, detail::fpga_widths[static_cast<std::size_t>(candidate.choices[of.site + 1])],
          out);
    if (rows.rows > 0) to.line_buffer(way->filling);
  }
}

/// Unrolls the innermost loops that fill a buffer, so that words of `width` elements are complete:
/// whole dimensions as long as the memory behind them runs on, then a part of the next one. Loops
/// that ask for the end of the tensor come first: rows are read or not.
LATHE_INLINE void fpga_space::widen(const holding& of, const held_part& part, std::int64_t width,
                                    trace& out) const {
  const sequence<std::int64_t>& shape = program_.tensors[static_cast<std::size_t>(of.tensor)].shape;
  if (of.loops.size() != shape.size()) return;
  std::int64_t lanes = 1, piece = width == 1 ? 1 : 0;
  std::size_t split = shape.size();  // this one in part, the ones behind it whole
  while (piece == 0 && split-- > 0 && part.asks[split] == 0) {
    const std::int64_t extent = part.filled[split];
    for (std::int64_t each = 1; each <= extent && piece == 0; ++each)
      if (extent % each == 0 && lanes * each % width == 0) piece = each;
    if (piece != 0) break;
    lanes *= extent;
    if (extent != shape[split] || lanes > detail::fpga_most_lanes) break;
  }
  if (piece == 0 || lanes * piece > detail::fpga_most_lanes) piece = 1, split = shape.size();
  detail::step_writer to(out);
  sequence<std::string> first, rest;  // loops
  for (std::size_t dim = 0; dim < shape.size(); ++dim) {
    const std::string &name = of.loops[dim], outer = name + "_word", inner = name + "_lane";
    const bool whole = dim > split || (dim == split && piece == shape[dim]);
    if (dim == split && !whole) {
      to.split(of.filling, name, {{outer, 0}, {inner, piece}});
      rest.push_back(outer);
      rest.push_back(inner);
      to.annotate(primitive::unroll, of.filling, inner);
      continue;
    }
    (part.asks[dim] != 0 ? first : rest).push_back(name);
    if (whole) to.annotate(primitive::unroll, of.filling, name);
  }
  const std::size_t asking = first.size();
  first.insert(first.end(), rest.begin(), rest.end());
  bool moved = false;
  for (std::size_t at = 0; at < asking; ++at) moved |= first[at] != of.loops[at];
  if (moved) to.reorder(of.filling, first);
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
    const holding* const way = way_of(of, candidate);
    if (way == nullptr) continue;
    std::int64_t own = 8 * size_of(program_.tensors[static_cast<std::size_t>(way->tensor)].type);
    const held_part part = part_of(at, *way, held_at(at, of, candidate, order), order, split);
    for (const std::int64_t each : part.room) own *= each;
    if (const line_rows rows = rows_of(at, of, candidate, part); rows.rows > 0)
      own += own / part.room[rows.dim] * rows.rows;
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
