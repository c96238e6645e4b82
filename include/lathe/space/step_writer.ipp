/// @file
/// Bodies of step_writer.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/space/step_writer.hpp>

#include <utility>

namespace lathe::detail {

LATHE_INLINE void step_writer::split(const std::string& stage, const std::string& loop,
                                     sequence<split_part> parts) {
  step& made = add(primitive::split, stage);
  made.loop = loop;
  made.parts = std::move(parts);
}

LATHE_INLINE void step_writer::reorder(const std::string& stage, sequence<std::string> loops) {
  add(primitive::reorder, stage).loops = std::move(loops);
}

LATHE_INLINE void step_writer::merge(primitive what, const std::string& stage,
                                     sequence<std::string> loops, const std::string& into) {
  step& made = add(what, stage);
  made.loops = std::move(loops);
  made.result = into;
}

LATHE_INLINE void step_writer::annotate(primitive what, const std::string& stage,
                                        const std::string& loop) {
  add(what, stage).loop = loop;
}

LATHE_INLINE void step_writer::bind(const std::string& stage, const std::string& loop,
                                    const char* index) {
  step& made = add(primitive::bind, stage);
  made.loop = loop;
  made.result = index;
}

LATHE_INLINE void step_writer::cache_write(const std::string& stage, const std::string& loop) {
  step& made = add(primitive::cache_write, stage);
  if (loop.empty()) return;
  made.at_stage = stage;
  made.at_loop = loop;
}

LATHE_INLINE void step_writer::copy(primitive what, const std::string& tensor,
                                    const std::string& result, const std::string& stage,
                                    const std::string& loop, sequence<layout_item> layout) {
  step& made = add(what, tensor);
  made.result = result;
  made.at_stage = loop.empty() ? "" : stage;
  made.at_loop = loop;
  made.layout = std::move(layout);
}

LATHE_INLINE void step_writer::prefetch(const std::string& tensor, const std::string& stage,
                                        const std::string& loop, int distance) {
  step& made = add(primitive::prefetch, tensor);
  made.at_stage = stage;
  made.at_loop = loop;
  made.distance = distance;
}

LATHE_INLINE void step_writer::buffers(const std::string& stage, int count) {
  add(primitive::buffers, stage).distance = count;
}

LATHE_INLINE void step_writer::inline_stage(const std::string& stage) {
  out_.steps.push_back(inlining_of(stage));
}

LATHE_INLINE void step_writer::line_buffer(const std::string& stage) {
  add(primitive::line_buffer, stage);
}

LATHE_INLINE void step_writer::pad(const std::string& stage, const std::string& axis,
                                   std::int64_t unit) {
  step& made = add(primitive::pad, stage);
  made.loop = axis;
  made.distance = unit;
}

LATHE_INLINE void step_writer::place(primitive what, const std::string& stage,
                                     const std::string& at_stage, const std::string& loop) {
  step& made = add(what, stage);
  made.at_stage = at_stage;
  made.at_loop = loop;
}

LATHE_INLINE std::string step_writer::parallel(const std::string& stage,
                                               const sequence<std::string>& leading) {
  if (leading.empty()) return {};
  std::string name = leading[0];
  if (leading.size() > 1) {
    for (std::size_t at = 1; at < leading.size(); ++at) name += "_" + leading[at];
    if (name.size() > 40) name = leading[0] + "_to_" + leading.back();
    merge(primitive::fuse, stage, leading, name);
  }
  annotate(primitive::parallel, stage, name);
  return name;
}

LATHE_INLINE step& step_writer::add(primitive what, const std::string& stage) {
  out_.steps.emplace_back();
  out_.steps.back().what = what;
  out_.steps.back().stage = stage;
  return out_.steps.back();
}

LATHE_INLINE step inlining_of(const std::string& stage) {
  step made;
  made.what = primitive::inline_stage;
  made.stage = stage;
  return made;
}

LATHE_INLINE bool take(program& scheduled, step made, trace& out) {
  if (!apply_step(scheduled, made).empty()) return false;
  out.steps.push_back(std::move(made));
  return true;
}

LATHE_INLINE std::string part_name(const program_stage& stage, const std::string& axis,
                                   char level) {
  std::string name = axis + level;
  while (any_of(stage.axes, [&](const program_axis& each) { return each.name == name; }))
    name += '_';
  return name;
}

}  // namespace lathe::detail
