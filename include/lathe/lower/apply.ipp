/// @file
/// Bodies of apply.hpp: the remaining primitives, the choice of the right one, and the check of the
/// whole.
#pragma once

#include <lathe/lower/apply.hpp>
#include <lathe/lower/apply_factor.hpp>
#include <lathe/lower/apply_gpu.hpp>
#include <lathe/lower/apply_loops.hpp>
#include <lathe/lower/apply_stages.hpp>
#include <lathe/lower/flatten.hpp>
#include <lathe/lower/narrow.hpp>

namespace lathe {
namespace detail {

LATHE_INLINE std::string apply_cache_write(const program& target, program_stage& stage,
                                           const step& what) {
  if (!stage.reduction)
    return "stage " + quoted(stage.name) + " is not a reduction: there is nothing to accumulate";
  if (stage.register_tile) return "stage " + quoted(stage.name) + " has a register tile already";
  if (!what.at_loop.empty()) {
    const int at = stage.find_loop(what.at_loop);
    if (at < 0) return unknown_loop(stage, what.at_loop);
    const stage_loop& loop = stage.loops[static_cast<std::size_t>(at)];
    if (!stage.dims[static_cast<std::size_t>(loop.dim)].reduce)
      return "cache_write ... at " + quoted(what.at_loop) +
             " names a spatial loop; name the reduce "
             "loop whose iterations meet in memory";
    if (!target.stores_plain_result(stage))
      return "stage " + quoted(stage.name) +
             " applies a function to the finished sum, so the sum "
             "cannot be kept in its tensor between iterations of " +
             quoted(what.at_loop);
  }
  stage.register_tile = true;
  stage.tile_in_buffer = !what.result.empty();
  stage.accumulate_at = what.at_loop;
  return {};
}

LATHE_INLINE std::string apply_prefetch(program& target, const step& what) {
  const int tensor = target.find_tensor(what.stage);
  if (tensor < 0) return "there is no tensor " + quoted(what.stage);
  const int index = target.find_stage(what.at_stage);
  if (index < 0) return "there is no stage " + quoted(what.at_stage);
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  const int at = stage.find_loop(what.at_loop);
  if (at < 0) return unknown_loop(stage, what.at_loop);
  if (stage.loops[static_cast<std::size_t>(at)].how != ir::loop_kind::serial)
    return "prefetch needs a serial loop";
  if (what.distance < 1 || what.distance > most_prefetch_distance)
    return "prefetch distance must be 1 to " + std::to_string(most_prefetch_distance) +
           " iterations";
  if (!reads(target, stage.body, tensor))
    return "stage " + quoted(stage.name) + " does not read " + quoted(what.stage);
  stage.prefetches.push_back({tensor, what.at_loop, what.distance});
  return {};
}

LATHE_INLINE std::string apply_line_buffer(program_stage& stage) {
  if (stage.attach_stage < 0)
    return "stage " + quoted(stage.name) +
           " is not computed inside another stage: compute_at and cache_read come first";
  if (stage.reduction)
    return "stage " + quoted(stage.name) +
           " is a reduction; line buffers are for what is copied "
           "or computed point by point";
  stage.line_buffer = true;
  return {};
}

}  // namespace detail

LATHE_INLINE std::string apply_step(program& target, const step& what,
                                    const apply_options& options) {
  switch (what.what) {
    case primitive::cache_read:
    case primitive::pack: return detail::apply_copy(target, what, options.bound);
    case primitive::prefetch: return detail::apply_prefetch(target, what);
    default: break;
  }
  const int index = target.find_stage(what.stage);
  if (index < 0) return "there is no stage " + detail::quoted(what.stage);
  program_stage& stage = target.stages[static_cast<std::size_t>(index)];
  switch (what.what) {
    case primitive::split: return detail::apply_split(stage, what);
    case primitive::fuse: return detail::apply_fuse(stage, what);
    case primitive::reorder: return detail::apply_reorder(stage, what);
    case primitive::vectorize:
      return detail::apply_annotation(stage, what, ir::loop_kind::vectorized);
    case primitive::unroll: return detail::apply_annotation(stage, what, ir::loop_kind::unrolled);
    case primitive::dot: return detail::apply_annotation(stage, what, ir::loop_kind::dot);
    case primitive::tensor: return detail::apply_annotation(stage, what, ir::loop_kind::tensor);
    case primitive::parallel: return detail::apply_annotation(stage, what, ir::loop_kind::parallel);
    case primitive::inline_stage: return detail::apply_inline(target, index);
    case primitive::compute_at: return detail::apply_compute_at(target, index, what);
    case primitive::cache_write: return detail::apply_cache_write(target, stage, what);
    case primitive::rfactor: return detail::apply_rfactor(target, index, what);
    case primitive::factor: return detail::apply_factor(target, index, what);
    case primitive::flatten: return detail::apply_flatten(target, index, what);
    case primitive::pad: return detail::apply_pad(target, index, what);
    case primitive::bind: return detail::apply_bind(stage, what);
    case primitive::buffers: return detail::apply_buffers(stage, what);
    case primitive::line_buffer: return detail::apply_line_buffer(stage);
    case primitive::phase: return detail::apply_phase(target, index, what);
    case primitive::narrow: return detail::apply_narrow(target, index, what);
    default: return "unknown primitive";
  }
}

LATHE_INLINE std::string check_schedule(const program& target) {
  const auto name = [](const program_stage& stage) { return detail::quoted(stage.name); };
  for (const program_stage& stage : target.stages) {
    if (stage.line_buffer && (stage.inlined || stage.attach_stage < 0))
      return "stage " + name(stage) + " is no longer computed inside another: no line buffer";
    if (stage.inlined) continue;
    if (std::string reason = detail::check_order(stage); !reason.empty()) return reason;
    if (std::string reason = detail::check_sizes(target, stage); !reason.empty()) return reason;
    if (std::string reason = detail::check_bindings(target, stage); !reason.empty()) return reason;
    int first_reduce = -1, accumulate = -1;
    for (std::size_t at = 0; at < stage.loops.size(); ++at) {
      const stage_loop& loop = stage.loops[at];
      if (loop.how == ir::loop_kind::parallel && (at != 0 || stage.attach_stage >= 0))
        return "parallel(" + stage.name + "." + loop.name +
               ") must be the outermost loop of a stage "
               "that is computed at root";
      if (loop.name == stage.accumulate_at) accumulate = static_cast<int>(at);
    }
    if (stage.register_tile) {
      for (std::size_t at = 0; at < stage.loops.size(); ++at) {
        const stage_loop& loop = stage.loops[at];
        const bool reduce = stage.dims[static_cast<std::size_t>(loop.dim)].reduce;
        if (static_cast<int>(at) <= accumulate) continue;
        if (reduce && first_reduce < 0) first_reduce = static_cast<int>(at);
        if (!reduce && first_reduce >= 0 && !stage.tile_in_buffer &&
            loop.how != ir::loop_kind::unrolled && loop.how != ir::loop_kind::vectorized)
          return "the register tile of " + name(stage) + " contains loop " +
                 detail::quoted(loop.name) + ", which must be unrolled or vectorized";
      }
      if (first_reduce < 0)
        return "cache_write(" + stage.name + " at ...) leaves no reduce loop to accumulate over";
    }
    if (stage.line_buffer && stage.is_cooperative())
      return "stage " + name(stage) + " is computed by all threads of a block: no line buffer";
    if (stage.attach_stage >= 0) {
      const program_stage& into = target.stages[static_cast<std::size_t>(stage.attach_stage)];
      const int at = into.find_loop(stage.attach_loop);
      if (into.inlined || at < 0)
        return "stage " + name(stage) + " is computed at " + into.name + "." + stage.attach_loop +
               ", which no longer exists";
      for (int outer = 0; outer <= at; ++outer)
        if (into.loops[static_cast<std::size_t>(outer)].how == ir::loop_kind::vectorized)
          return "stage " + name(stage) + " cannot be computed inside the vectorized loop " +
                 into.loops[static_cast<std::size_t>(outer)].name;
      const auto readers = target.readers(stage.tensor);
      if (readers.size() != 1 || readers[0] != stage.attach_stage)
        return "stage " + name(stage) + " is not read by " + name(into) + " alone";
      if (into.reduction && at >= accumulation_start(into) &&
          detail::reads(target, into.epilogue, stage.tensor))
        return "stage " + name(stage) + " is read after the reduction of " + name(into) +
               " is finished, but computed at " + into.name + "." + stage.attach_loop +
               " inside it; compute it outside the reduce loops";
    }
    if (detail::runs_in_bind(target, static_cast<int>(&stage - target.stages.data())))
      for (const ir::expr load : loads_in(target.exprs, stage.body)) {
        const program_tensor& read =
            target.tensors[static_cast<std::size_t>(target.exprs[load].imm)];
        if (read.producer >= 0 && !detail::runs_in_bind(target, read.producer))
          return "stage " + name(stage) + " runs in bind(), but reads " +
                 detail::quoted(read.name) + ", which is computed in every call";
      }
    for (const stage_prefetch& hint : stage.prefetches) {
      if (stage.find_loop(hint.loop) < 0)
        return "prefetch at " + stage.name + "." + hint.loop + ", which no longer exists";
      const program_tensor& tensor = target.tensors[static_cast<std::size_t>(hint.tensor)];
      if (tensor.producer < 0) continue;
      const program_stage& producer = target.stages[static_cast<std::size_t>(tensor.producer)];
      // What was computed around the hint's loop is all there; what is computed in it is not yet.
      const bool around = producer.attach_stage == &stage - target.stages.data() &&
                          stage.find_loop(producer.attach_loop) < stage.find_loop(hint.loop);
      if (producer.attach_stage >= 0 && !around)
        return "prefetch(" + tensor.name + " at " + stage.name + "." + hint.loop +
               ") reads ahead of " + detail::quoted(tensor.name) +
               ", which is computed inside another stage just before it "
               "is read";
    }
  }
  return {};
}

LATHE_INLINE result<program> apply(program base, const trace& steps, const apply_options& options) {
  for (std::size_t at = 0; at < steps.steps.size(); ++at) {
    std::string reason = apply_step(base, steps.steps[at], options);
    if (!reason.empty())
      return error("LATHE-E203", "step " + std::to_string(at + 1) + " of the trace, " +
                                     to_text(steps.steps[at]) + ", is illegal: " + reason);
  }
  if (std::string reason = check_schedule(base); !reason.empty())
    return error("LATHE-E204", "the trace is illegal: " + reason);
  return base;
}

}  // namespace lathe
