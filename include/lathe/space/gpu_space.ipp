/// @file
/// Bodies of gpu_space.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/space/gpu_space.hpp>
#include <lathe/space/rewrite.hpp>
#include <lathe/space/step_writer.hpp>
#include <lathe/space/table_entry.hpp>

#include <array>
#include <string>

namespace lathe {
namespace detail {

inline constexpr std::array<std::int64_t, 7> gpu_unrolls{1, 2, 4, 9, 16, 32, 72};
inline constexpr std::array<int, 3> gpu_vectors{1, 2, 4};
inline constexpr std::array<int, 3> gpu_gaps{0, 4, 8};
inline constexpr std::array<std::int64_t, 6> gpu_crosses{1, 16, 32, 64, 128, 256};
inline constexpr std::array<std::int64_t, 6> gpu_splits{1, 2, 4, 8, 16, 32};
inline constexpr std::size_t most_buffers = 4;
inline constexpr std::int64_t most_unrolled = 4096;  ///< statements of straight code

/// Pointwise stages that cost no more to compute again than to read.
LATHE_INLINE bool is_cheap(const program& of, const program_stage& stage) {
  return !stage.reduction && of.tensors[static_cast<std::size_t>(stage.tensor)].param < 0 &&
         operations_per_point(of, stage) <= 4;
}

/// Cheap stages that a reduction alone reads: its tile decides where they are computed.
LATHE_INLINE bool belongs_to_reader(const program& of, const program_stage& stage) {
  const program_stage* const reader = of.only_reader(stage.tensor);
  return is_cheap(of, stage) && reader != nullptr && reader->reduction && !reader->is_narrowed();
}

/// What every schedule of a GPU begins with.
LATHE_INLINE trace gpu_rewrites_of(const program& of) {
  trace out = rewrites_of(of, false);
  program left = rewritten(of, out);
  for (std::size_t at = 0; at < left.stages.size(); ++at) {
    if (!is_cheap(left, left.stages[at]) || belongs_to_reader(left, left.stages[at])) continue;
    take(left, inlining_of(left.stages[at].name), out);
  }
  return out;
}

/// Site numbers of a reduction stage, relative to its first site.
struct gpu_sites {
  gpu_sites(std::size_t spatial, std::size_t reduce)
      : rows(spatial),
        vthreads(rows + spatial),
        chunks(vthreads + spatial),
        unroll(chunks + reduce),
        vector(unroll + 1),
        cross(vector + 1),
        split(cross + 1),
        buffers(split + 1),
        gap(buffers + 1),
        tensor(gap + 1),
        staged(tensor + 1) {}
  static constexpr std::size_t threads = 0;
  std::size_t rows, vthreads, chunks, unroll, vector, cross, split, buffers, gap, tensor, staged;
};

}  // namespace detail

LATHE_INLINE gpu_space::gpu_space(const program& of, const gpu::device& on, tensor_use tensor)
    : rewrites_(detail::gpu_rewrites_of(of)), program_(rewritten(of, rewrites_)), on_(on) {
  for (std::size_t at = 0; at < program_.stages.size(); ++at) {
    const program_stage& stage = program_.stages[at];
    if (stage.inlined || detail::belongs_to_reader(program_, stage)) continue;
    groups_.push_back(
        {static_cast<int>(at), sites.size(), loads_of(program_, program_.stages[at])});
    const tensor_axes axes = tensor_axes_of(program_, stage);
    const bool allowed =
        tensor == tensor_use::tf32 || (tensor == tensor_use::halves && axes.depth == 16);
    if (axes.found() && allowed) groups_.back().tensor = axes;
    add_sites(groups_.back());
  }
  point estimate;
  estimate.choices.assign(sites.size(), 0);
  for (const group& each : groups_) {
    const program_stage& stage = program_.stages[static_cast<std::size_t>(each.stage)];
    if (stage.reduction)
      encode(each, estimate_gpu_tile(program_, stage, on_, each.tensor), estimate);
    else
      estimate.choices[each.first_site] = 2;
  }
  estimates.push_back(std::move(estimate));
}

LATHE_INLINE void gpu_space::add_sites(group& of) {
  const program_stage& stage = program_.stages[static_cast<std::size_t>(of.stage)];
  const auto add = [&](const std::string& what, std::size_t choices, bool ordered) {
    site made{what + " " + stage.name, larger(static_cast<std::int32_t>(choices), 1), {}};
    if (ordered) made.moves = linear_moves(made.choices);
    sites.push_back(std::move(made));
  };
  if (!stage.reduction) return add("vector", detail::gpu_vectors.size(), true);
  const auto spatial = static_cast<std::size_t>(stage.spatial);
  const auto axis_sites = [&](const char* what, const auto& table, std::size_t first,
                              std::size_t last) {
    for (std::size_t axis = first; axis < last; ++axis)
      add(what + (" " + stage.axes[axis].name),
          static_cast<std::size_t>(detail::useful_entries(table, stage.axes[axis].extent)), true);
  };
  axis_sites("threads", detail::gpu_threads, 0, spatial);
  axis_sites("rows", detail::gpu_rows, 0, spatial);
  axis_sites("vthreads", detail::gpu_vthreads, 0, spatial);
  axis_sites("chunk", detail::gpu_chunks, spatial, stage.axes.size());
  add("unroll", detail::gpu_unrolls.size(), true);
  add("vector", detail::gpu_vectors.size(), true);
  add("cross", detail::gpu_crosses.size(), true);
  add("split", detail::gpu_splits.size(), true);
  add("buffers", detail::most_buffers, true);
  add("gap", detail::gpu_gaps.size(), true);
  add("tensor", of.tensor.found() ? 2 : 1, false);
  for (const load_use& use : of.uses)
    add("stage " + program_.tensors[static_cast<std::size_t>(use.tensor)].name, 2, false);
}

LATHE_INLINE gpu_tile gpu_space::decode(const group& of, const point& candidate) const {
  const program_stage& stage = program_.stages[static_cast<std::size_t>(of.stage)];
  const auto spatial = static_cast<std::size_t>(stage.spatial);
  const detail::gpu_sites site(spatial, stage.axes.size() - spatial);
  const auto choice = [&](std::size_t at) {
    return static_cast<std::size_t>(candidate.choices[of.first_site + at]);
  };
  gpu_tile tile;
  for (std::size_t axis = 0; axis < spatial; ++axis) {
    tile.threads.push_back(detail::gpu_threads[choice(site.threads + axis)]);
    tile.rows.push_back(detail::gpu_rows[choice(site.rows + axis)]);
    tile.vthreads.push_back(detail::gpu_vthreads[choice(site.vthreads + axis)]);
  }
  for (std::size_t axis = spatial; axis < stage.axes.size(); ++axis) {
    const std::size_t at = site.chunks + axis - spatial;
    const bool whole =
        choice(at) + 1 == static_cast<std::size_t>(sites[of.first_site + at].choices);
    tile.chunk.push_back(whole ? stage.axes[axis].extent : detail::gpu_chunks[choice(at)]);
  }
  tile.unroll = detail::gpu_unrolls[choice(site.unroll)];
  tile.vector = detail::gpu_vectors[choice(site.vector)];
  tile.cross = detail::gpu_crosses[choice(site.cross)];
  tile.split = detail::gpu_splits[choice(site.split)];
  tile.buffers = static_cast<int>(choice(site.buffers)) + 1;
  tile.gap = detail::gpu_gaps[choice(site.gap)];
  if (choice(site.tensor) == 1) tile.tensor = of.tensor;
  for (std::size_t use = 0; use < of.uses.size(); ++use)
    tile.staged.push_back(static_cast<char>(choice(site.staged + use)));
  return tile;
}

LATHE_INLINE void gpu_space::encode(const group& of, const gpu_tile& tile, point& into) const {
  const program_stage& stage = program_.stages[static_cast<std::size_t>(of.stage)];
  const auto spatial = static_cast<std::size_t>(stage.spatial);
  const detail::gpu_sites at(spatial, stage.axes.size() - spatial);
  const auto set = [&](std::size_t number, const auto& table, std::int64_t value) {
    into.choices[of.first_site + number] = detail::nearest_entry(
        table, static_cast<typename std::decay_t<decltype(table)>::value_type>(value),
        sites[of.first_site + number].choices);
  };
  for (std::size_t axis = 0; axis < spatial; ++axis) {
    set(at.threads + axis, detail::gpu_threads, tile.threads[axis]);
    set(at.rows + axis, detail::gpu_rows, tile.rows[axis]);
    set(at.vthreads + axis, detail::gpu_vthreads, tile.vthreads[axis]);
  }
  for (std::size_t axis = spatial; axis < stage.axes.size(); ++axis) {
    const std::size_t number = at.chunks + axis - spatial;
    if (tile.chunk[axis - spatial] >= stage.axes[axis].extent)
      into.choices[of.first_site + number] = sites[of.first_site + number].choices - 1;
    else
      set(number, detail::gpu_chunks, tile.chunk[axis - spatial]);
  }
  std::int32_t& unroll = into.choices[of.first_site + at.unroll];
  for (unroll = 0; detail::gpu_unrolls[static_cast<std::size_t>(unroll)] < tile.unroll &&
                   unroll + 1 < sites[of.first_site + at.unroll].choices;)
    ++unroll;
  set(at.vector, detail::gpu_vectors, tile.vector);
  set(at.cross, detail::gpu_crosses, tile.cross);
  set(at.split, detail::gpu_splits, tile.split);
  into.choices[of.first_site + at.buffers] = tile.buffers - 1;
  set(at.gap, detail::gpu_gaps, tile.gap);
  into.choices[of.first_site + at.tensor] = tile.tensor.found() ? 1 : 0;
  for (std::size_t use = 0; use < tile.staged.size(); ++use)
    into.choices[of.first_site + at.staged + use] = tile.staged[use];
}

LATHE_INLINE trace gpu_space::to_trace(const point& candidate) const {
  trace out = rewrites_;
  program scheduled = program_;
  for (std::size_t at = groups_.size(); at-- > 0;) {  // partial sums are inserted before a stage
    const group& each = groups_[at];
    const program_stage& stage = program_.stages[static_cast<std::size_t>(each.stage)];
    const int now = scheduled.find_stage(stage.name);
    if (stage.reduction)
      append_gpu_steps(scheduled, now, decode(each, candidate), out);
    else
      append_gpu_points(
          scheduled, now,
          detail::gpu_vectors[static_cast<std::size_t>(candidate.choices[each.first_site])], out);
  }
  return out;
}

LATHE_INLINE std::optional<rejection> gpu_space::why_rejected(const point& candidate) const {
  for (const group& each : groups_) {
    const program_stage& stage = program_.stages[static_cast<std::size_t>(each.stage)];
    if (!stage.reduction) continue;
    const gpu_tile tile = decode(each, candidate);
    const auto over = [&](const char* what, std::int64_t has, std::int64_t most) {
      return rejection{"the tile of " + stage.name + " has " + std::to_string(has) + " " + what +
                           ", more than " + std::to_string(most),
                       true};
    };
    if (tile.threads_of_block() > on_.threads_per_block)
      return over("threads", tile.threads_of_block(), on_.threads_per_block);
    const std::int64_t code = tile.accumulators() * tile.unroll;
    if (code > detail::most_unrolled) return over("unrolled terms", code, detail::most_unrolled);
    for (std::size_t use = 0; use < each.uses.size(); ++use)
      if (tile.staged[use] != 0 && contains(each.uses[use].irregular, static_cast<char>(1)))
        return rejection{"what " + stage.name + " reads irregularly is not staged", false};
    const gpu_cost cost = cost_of(program_, stage, each.uses, tile, on_);
    if (cost.shared_bytes > on_.shared_per_block)
      return over("bytes of shared memory", cost.shared_bytes, on_.shared_per_block);
    const std::int64_t registers = smaller<std::int64_t>(
        on_.registers_per_thread, on_.registers_per_block / tile.threads_of_block());
    if (tile.accumulators() >= registers)
      return over("accumulators", tile.accumulators(), registers);
  }
  return std::nullopt;
}

LATHE_INLINE std::uint64_t gpu_space::hash(const point& candidate) const {
  return hash_of(to_trace(candidate));
}

LATHE_INLINE trace estimate_gpu_trace(const program& of, const gpu::device& on, tensor_use tensor) {
  const gpu_space space(of, on, tensor);
  return space.to_trace(space.estimates.front());
}

}  // namespace lathe
