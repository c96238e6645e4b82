/// @file
/// Bodies of apply_loops.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/lower/apply_loops.hpp>

namespace lathe::detail {

LATHE_INLINE std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

/// Names of all loops of a stage, for messages.
LATHE_INLINE std::string loop_list(const program_stage& stage) {
  std::string out;
  for (const stage_loop& loop : stage.loops) out += (out.empty() ? "" : " ") + loop.name;
  return out;
}

LATHE_INLINE std::string unknown_loop(const program_stage& stage, std::string_view loop) {
  return "stage " + quoted(stage.name) + " has no loop " + quoted(loop) +
         "; its loops are: " + loop_list(stage);
}

LATHE_INLINE loop_place place_of(const program_stage& stage, int dim, int part) {
  for (std::size_t at = 0; at < stage.loops.size(); ++at)
    if (stage.loops[at].dim == dim && stage.loops[at].part == part)
      return {static_cast<int>(at), 0};
  for (std::size_t fused = 0; fused < stage.dims.size(); ++fused) {
    const auto& sources = stage.dims[fused].sources;
    for (std::size_t source = 0; source < sources.size(); ++source) {
      if (sources[source] != std::pair{dim, part}) continue;
      const int last = static_cast<int>(stage.dims[fused].blocks.size()) - 1;
      return {place_of(stage, static_cast<int>(fused), last).loop, static_cast<int>(source)};
    }
  }
  return {};
}

LATHE_INLINE std::string check_order(const program_stage& stage) {
  for (std::size_t dim = 0; dim < stage.dims.size(); ++dim) {
    const loop_dim& each = stage.dims[dim];
    if (divides_evenly(stage, each)) continue;
    int last = -1;
    for (std::size_t part = 0; part < each.blocks.size(); ++part) {
      const int at = place_of(stage, static_cast<int>(dim), static_cast<int>(part)).loop;
      if (at < last)
        return "the parts of a split that does not divide evenly must stay in order, outermost "
               "first, in stage " +
               quoted(stage.name);
      last = at;
    }
  }
  return {};
}

LATHE_INLINE std::string apply_split(program_stage& stage, const step& what) {
  const int at = stage.find_loop(what.loop);
  if (at < 0) return unknown_loop(stage, what.loop);
  const stage_loop old = stage.loops[static_cast<std::size_t>(at)];
  if (old.how != ir::loop_kind::serial)
    return "loop " + quoted(what.loop) + " is already vectorized, unrolled or parallel";
  if (what.parts.size() < 2) return "split needs at least two parts";
  loop_dim& dim = stage.dims[static_cast<std::size_t>(old.dim)];
  const std::int64_t block = dim.blocks[static_cast<std::size_t>(old.part)];
  sequence<std::int64_t> blocks(what.parts.size(), block);
  for (std::size_t part = what.parts.size() - 1; part > 0; --part) {
    const std::int64_t factor = what.parts[part].factor;
    if (factor < 1)
      return "only the outermost part of a split may be '_'; " + quoted(what.parts[part].name) +
             " needs a factor of at least 1";
    if (factor > (std::int64_t{1} << 31)) return "split factor out of range";
    blocks[part - 1] = blocks[part] * factor;
  }
  const size_choices outer = block_sizes(dim, old.part);
  const std::int64_t needed = (outer.front() + blocks[0] - 1) / blocks[0];
  if (what.parts[0].factor != 0 && what.parts[0].factor != needed)
    return "the outermost part of split(" + quoted(what.loop) + ") has " + std::to_string(needed) +
           " iterations, not " + std::to_string(what.parts[0].factor) + "; write '_'";
  for (std::size_t part = 0; part < what.parts.size(); ++part) {
    const int other = stage.find_loop(what.parts[part].name);
    if (other >= 0 && other != at)
      return "loop name " + quoted(what.parts[part].name) + " is taken";
    for (std::size_t before = 0; before < part; ++before)
      if (what.parts[before].name == what.parts[part].name)
        return "loop name " + quoted(what.parts[part].name) + " is given twice";
  }
  const int added = static_cast<int>(what.parts.size()) - 1;
  for (loop_dim& each : stage.dims)
    for (auto& [source_dim, source_part] : each.sources)
      if (source_dim == old.dim && source_part > old.part) source_part += added;
  for (stage_loop& each : stage.loops)
    if (each.dim == old.dim && each.part > old.part) each.part += added;
  dim.blocks.erase(dim.blocks.begin() + old.part);
  dim.blocks.insert(dim.blocks.begin() + old.part, blocks.begin(), blocks.end());
  sequence<stage_loop> made;
  for (std::size_t part = 0; part < what.parts.size(); ++part)
    made.push_back(
        {what.parts[part].name, old.dim, old.part + static_cast<int>(part), ir::loop_kind::serial});
  stage.loops.erase(stage.loops.begin() + at);
  stage.loops.insert(stage.loops.begin() + at, made.begin(), made.end());
  return {};
}

LATHE_INLINE std::string apply_fuse(program_stage& stage, const step& what) {
  if (what.loops.size() < 2) return "fuse needs at least two loops";
  const int first = stage.find_loop(what.loops[0]);
  loop_dim made;
  made.blocks = {1};
  made.extent = 1;
  for (std::size_t at = 0; at < what.loops.size(); ++at) {
    const int position = stage.find_loop(what.loops[at]);
    if (position < 0) return unknown_loop(stage, what.loops[at]);
    if (position != first + static_cast<int>(at))
      return "only adjacent loops can be fused, outermost first; the order is: " + loop_list(stage);
    const stage_loop& loop = stage.loops[static_cast<std::size_t>(position)];
    if (loop.how != ir::loop_kind::serial)
      return "loop " + quoted(loop.name) + " is already vectorized, unrolled or parallel";
    const loop_dim& dim = stage.dims[static_cast<std::size_t>(loop.dim)];
    if (at > 0 && dim.reduce != made.reduce) return "a spatial and a reduce loop cannot be fused";
    made.reduce = dim.reduce;
    const size_choices counts = trip_counts(dim, loop.part);
    if (counts.size() != 1)
      return "loop " + quoted(loop.name) +
             " has different trip counts in different tiles, so it cannot be fused; fuse outer "
             "parts, or choose a factor that divides";
    made.extent *= counts[0];
    made.sources.emplace_back(loop.dim, loop.part);
  }
  const int taken = stage.find_loop(what.result);
  if (taken >= 0 && (taken < first || taken >= first + static_cast<int>(what.loops.size())))
    return "loop name " + quoted(what.result) + " is taken";
  const int dim = static_cast<int>(stage.dims.size());
  stage.dims.push_back(std::move(made));
  stage.loops.erase(stage.loops.begin() + first,
                    stage.loops.begin() + first + static_cast<std::ptrdiff_t>(what.loops.size()));
  stage.loops.insert(stage.loops.begin() + first, {what.result, dim, 0, ir::loop_kind::serial});
  return {};
}

LATHE_INLINE std::string apply_reorder(program_stage& stage, const step& what) {
  if (what.loops.size() != stage.loops.size())
    return "reorder lists every loop of the stage once; the loops are: " + loop_list(stage);
  sequence<stage_loop> ordered;
  for (const std::string& name : what.loops) {
    const int at = stage.find_loop(name);
    if (at < 0) return unknown_loop(stage, name);
    if (any_of(ordered, [&](const stage_loop& each) { return each.name == name; }))
      return "loop " + quoted(name) + " is listed twice";
    ordered.push_back(stage.loops[static_cast<std::size_t>(at)]);
  }
  std::swap(stage.loops, ordered);
  std::string reason = check_order(stage);
  if (!reason.empty()) std::swap(stage.loops, ordered);
  return reason;
}

LATHE_INLINE std::string apply_annotation(program_stage& stage, const step& what,
                                          ir::loop_kind how) {
  const int at = stage.find_loop(what.loop);
  if (at < 0) return unknown_loop(stage, what.loop);
  stage_loop& loop = stage.loops[static_cast<std::size_t>(at)];
  if (loop.how != ir::loop_kind::serial)
    return "loop " + quoted(what.loop) + " is already vectorized, unrolled or parallel";
  const loop_dim& dim = stage.dims[static_cast<std::size_t>(loop.dim)];
  if (!ir::is_written_out(how) && dim.reduce)
    return "loop " + quoted(what.loop) +
           " is a reduce loop: its iterations depend on each other; use rfactor first";
  const std::int64_t count = trip_counts(dim, loop.part).front();
  if (how == ir::loop_kind::dot && (!dim.reduce || (count != 2 && count != 4)))
    return "loop " + quoted(what.loop) + " has " + std::to_string(count) +
           (dim.reduce ? "" : " spatial") +
           " iterations; dot takes a reduce loop of 2 or 4, split it first";
  if (how == ir::loop_kind::tensor && (!dim.reduce || (count != 8 && count != 16)))
    return "loop " + quoted(what.loop) + " has " + std::to_string(count) +
           (dim.reduce ? "" : " spatial") +
           " iterations; tensor takes a reduce loop of 8 (of f16 and bf16: 16), split it first";
  if (how == ir::loop_kind::unrolled && count > 256)
    return "loop " + quoted(what.loop) + " has " + std::to_string(count) +
           " iterations; at most 256 can be unrolled";
  if (how == ir::loop_kind::vectorized) {
    if (count > 64)
      return "loop " + quoted(what.loop) + " has " + std::to_string(count) +
             " iterations; at most 64 can be vectorized, split it first";
    if (any_of(stage.loops,
               [](const stage_loop& each) { return each.how == ir::loop_kind::vectorized; }))
      return "stage " + quoted(stage.name) + " has a vectorized loop already";
  }
  loop.how = how;
  return {};
}

}  // namespace lathe::detail
