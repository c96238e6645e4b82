/// @file
/// Bodies of cpu_space.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/space/cpu_space.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/rewrite.hpp>
#include <lathe/space/table_entry.hpp>

#include <array>

namespace lathe {
namespace detail {

/// The largest of row_factors below `factor`. @pre factor > 1
constexpr std::int64_t factor_below(std::int64_t factor) {
  std::size_t at = row_factors.size() - 1;
  while (row_factors[at] >= factor) --at;
  return row_factors[at];
}
/// Blocks of spatial axes [register tiles]; the last stands for "the whole axis".
inline constexpr std::array<std::int64_t, 14> block_tiles{1,  2,  3,  4,  5,  6,  8,
                                                          10, 12, 16, 24, 32, 64, INT64_C(1) << 40};
/// Blocks of reduce axes [iterations].
inline constexpr std::array<std::int64_t, 12> reduce_blocks{
    8, 16, 32, 64, 96, 128, 192, 256, 384, 512, 1024, INT64_C(1) << 40};
inline constexpr std::array<std::int64_t, 4> unroll_depths{1, 2, 4, 8};
inline constexpr std::array<int, 6> vector_counts{1, 2, 3, 4, 5, 6};
inline constexpr std::array<int, 5> prefetch_distances{0, 4, 8, 24, 64};
inline constexpr std::array<std::int64_t, 5> pointwise_rows{1, 2, 4, 8, 16};
inline constexpr std::array<int, 6> pointwise_vectors{1, 2, 4, 8, 16, 32};

/// True if a reduction may be computed in the loops of its reader.
inline bool may_be_in_block(const program& of, const program_stage& stage) {
  if (of.tensors[static_cast<std::size_t>(stage.tensor)].param >= 0) return false;
  const program_stage* const reader = of.only_reader(stage.tensor);
  return reader != nullptr && reader->reduction;
}

/// Site numbers of a reduction stage, relative to its first site.
struct reduction_sites {
  reduction_sites(const program_stage& stage, std::size_t uses)
      : rows(8),
        blocks(rows + static_cast<std::size_t>(stage.spatial)),
        packs(blocks + stage.axes.size()),
        borders(packs + uses) {}
  static constexpr std::size_t vector_axis = 0, vectors = 1, unroll = 2, order = 3,
                               inner_reduce = 4, prefetch = 5, place = 6, prefetch_rows = 7;
  std::size_t rows, blocks, packs, borders;
};

}  // namespace detail

LATHE_INLINE cpu_space::cpu_space(program of, const cpu_target& target, call_context call)
    : rewrites_(rewrites_of(of)),
      program_(rewritten(std::move(of), rewrites_)),
      target_(target),
      call_(std::move(call)) {
  for (std::size_t at = 0; at < program_.stages.size(); ++at) add_sites(static_cast<int>(at));
  estimates.push_back(encode(estimate(program_, target_, call_)));
}

LATHE_INLINE void cpu_space::add_sites(int index) {
  const program_stage& stage = program_.stages[static_cast<std::size_t>(index)];
  uses_.push_back(loads_of(program_, stage));
  borders_.push_back(borders_of(program_, index));
  first_site_.push_back(sites.size());
  vector_axes_.emplace_back();
  const auto add = [&](const std::string& what, std::int32_t choices, bool ordered) {
    site made{what + " " + stage.name, larger(choices, 1), {}, index, what == "place"};
    if (ordered) made.moves = linear_moves(made.choices);
    sites.push_back(std::move(made));
  };
  if (!stage.reduction) {
    const bool intermediate = program_.tensors[static_cast<std::size_t>(stage.tensor)].param < 0;
    add("place", intermediate ? 4 : 1, false);
    add("vectorize", 2, false);
    add("vectors", static_cast<std::int32_t>(detail::pointwise_vectors.size()), true);
    const int axis = row_axis(stage);
    add("rows",
        axis < 0 ? 1
                 : detail::useful_entries(detail::pointwise_rows,
                                          stage.axes[static_cast<std::size_t>(axis)].extent),
        true);
    return;
  }
  const auto axes = static_cast<std::int32_t>(stage.axes.size());
  const int lanes = target_.vector_bytes / size_of(program_.exprs[stage.identity].type);
  for (int axis = 0; axis < axes; ++axis) {  // partial sums need vectors to add up
    const program_axis& of = stage.axes[static_cast<std::size_t>(axis)];
    if (decides_sizes(program_, stage, axis) || (of.reduce && stage.is_narrowed())) continue;
    if (!of.reduce || of.extent >= 2 * lanes) vector_axes_.back().push_back(axis);
  }
  if (vector_axes_.back().empty()) vector_axes_.back().push_back(0);
  add("vector axis", static_cast<std::int32_t>(vector_axes_.back().size()), false);
  add("vectors", static_cast<std::int32_t>(detail::vector_counts.size()), true);
  add("unroll", static_cast<std::int32_t>(detail::unroll_depths.size()), true);
  add("order", 6, false);
  add("inner reduce", axes - stage.spatial, false);
  add("prefetch", static_cast<std::int32_t>(detail::prefetch_distances.size()), true);
  add("place", detail::may_be_in_block(program_, stage) ? 2 : 1, false);
  add("prefetch rows", 2, false);
  for (int axis = 0; axis < stage.spatial; ++axis) {
    const program_axis& of = stage.axes[static_cast<std::size_t>(axis)];
    add("rows " + of.name,
        decides_sizes(program_, stage, axis) ? 1 : detail::useful_entries(row_factors, of.extent),
        true);
  }
  for (int axis = 0; axis < axes; ++axis) {
    const program_axis& of = stage.axes[static_cast<std::size_t>(axis)];
    if (of.reduce)
      add("block " + of.name,
          program_.stores_plain_result(stage) && of.size == ir::none
              ? detail::useful_entries(detail::reduce_blocks, of.extent)
              : 1,
          true);
    else
      add("block " + of.name,
          of.extent == 1 || decides_sizes(program_, stage, axis, true)
              ? 1
              : static_cast<std::int32_t>(detail::block_tiles.size()),
          true);
  }
  for (const load_use& use : uses_.back())
    add("pack " + program_.tensors[static_cast<std::size_t>(use.tensor)].name, 3, false);
  for (const border& each : borders_.back())
    add("narrow " + stage.axes[static_cast<std::size_t>(each.axis)].name, 2, false);
}

LATHE_INLINE sequence<stage_decision> cpu_space::decode(const point& candidate) const {
  sequence<stage_decision> out(program_.stages.size());
  for (std::size_t at = 0; at < out.size(); ++at) {
    const program_stage& stage = program_.stages[at];
    const auto choice = [&](std::size_t site) {
      return static_cast<std::size_t>(candidate.choices[first_site_[at] + site]);
    };
    out[at].reduction = stage.reduction;
    if (!stage.reduction) {
      const dtype type = program_.tensors[static_cast<std::size_t>(stage.tensor)].type;
      out[at].point.place = static_cast<placement>(choice(0));
      out[at].point.lanes = choice(1) == 1 ? larger(1, target_.vector_bytes / size_of(type)) : 1;
      out[at].point.vectors = detail::pointwise_vectors[choice(2)];
      out[at].point.rows = detail::pointwise_rows[choice(3)];
      continue;
    }
    const std::size_t uses = uses_[at].size();
    const detail::reduction_sites site(stage, uses);
    reduction_tile& tile = out[at].tile;
    tile.vector_axis = vector_axes_[at][choice(site.vector_axis)];
    tile.vectors = detail::vector_counts[choice(site.vectors)];
    tile.unroll = detail::unroll_depths[choice(site.unroll)];
    tile.order = static_cast<level_order>(choice(site.order) / 2);
    tile.vector_blocks_outside = choice(site.order) % 2 == 1;
    tile.inner_reduce = stage.spatial + static_cast<int>(choice(site.inner_reduce));
    tile.dot_bf16 = target_.dot_bf16;
    tile.prefetch = detail::prefetch_distances[choice(site.prefetch)];
    tile.prefetch_rows = choice(site.prefetch_rows) == 1;
    tile.place = choice(site.place) == 1 ? placement::block : placement::root;
    tile.lanes = larger(1, target_.vector_bytes / size_of(program_.exprs[stage.identity].type));
    tile.tasks = tasks_for(call_.threads);
    for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
      const bool row = !stage.axes[axis].reduce && static_cast<int>(axis) != tile.vector_axis;
      tile.rows.push_back(row ? row_factors[choice(site.rows + axis)] : 1);
    }
    sequence<const border*> chosen;
    for (std::size_t number = 0; number < borders_[at].size(); ++number)
      if (choice(site.borders + number) != 0) chosen.push_back(&borders_[at][number]);
    out[at].narrow = narrow(at, chosen, tile);
    for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
      const bool spatial = !stage.axes[axis].reduce;
      const std::size_t entry = choice(site.blocks + axis);
      if (spatial) {
        const std::int64_t factor =
            smaller(detail::tile_factor(tile, axis), stage.axes[axis].extent);
        const std::int64_t tiles = detail::block_tiles[entry];
        tile.block.push_back(tiles > stage.axes[axis].extent ? stage.axes[axis].extent
                                                             : tiles * factor);
      } else {
        const bool whole = entry + 1 == static_cast<std::size_t>(
                                            sites[first_site_[at] + site.blocks + axis].choices);
        tile.block.push_back(whole ? stage.axes[axis].extent : detail::reduce_blocks[entry]);
      }
    }
    if (tile.unroll > 1) {  // short reduce axes are unrolled whole
      const std::int64_t extent = stage.axes[static_cast<std::size_t>(tile.inner_reduce)].extent;
      if (extent <= tile.unroll + 1) tile.unroll = extent;
    }
    for (std::size_t use = 0; use < uses; ++use)
      tile.pack.push_back(static_cast<packing>(choice(site.packs + use)));
  }
  return out;
}

/// Fits a tile with the windows of some borders narrowed; returns the steps for those it allows. A
/// window runs outside the rows, of which there is one along the axis around it; the innermost may
/// run inside rows that are all of that axis.
LATHE_INLINE sequence<step> cpu_space::narrow(std::size_t at, const sequence<const border*>& chosen,
                                              reduction_tile& tile) const {
  const program_stage& stage = program_.stages[at];
  const auto extent = [&](int axis) { return stage.axes[static_cast<std::size_t>(axis)].extent; };
  const auto rows = [&](int axis) { return tile.rows[static_cast<std::size_t>(axis)]; };
  sequence<step> out;
  const border* inside = nullptr;
  for (const border* each : chosen) {
    if (tile.vector_axis >= stage.spatial || contains(each->outside, tile.vector_axis)) continue;
    const std::int64_t code = accumulators_of(tile) * extent(each->axis);
    if (all_of(each->outside, [&](int axis) { return rows(axis) == 1; }))
      out.push_back(each->narrow);
    else if (each->axis == tile.inner_reduce && each->outside.size() == 1 &&
             rows(each->outside[0]) >= extent(each->outside[0]) &&
             extent(each->axis) <= most_window_terms && code <= most_window_code)
      inside = each;
  }
  const std::int64_t unroll = tile.unroll;
  if (inside != nullptr) {
    tile.window_inside = true;
    tile.unroll = extent(inside->axis);
  }
  fit(at, tile);
  if (inside == nullptr) return out;
  if (rows(inside->outside[0]) >= extent(inside->outside[0])) {
    out.push_back(inside->narrow);
  } else {
    tile.window_inside = false;
    tile.unroll = unroll;
  }
  return out;
}

/// Shrinks a tile to the registers there are: the smallest row factors first, so that what is left
/// of a large tile is long along one axis, then the number of vectors.
LATHE_INLINE void cpu_space::fit(std::size_t at, reduction_tile& tile) const {
  const program_stage& stage = program_.stages[at];
  if (tile.vector_axis >= stage.spatial) {  // partial sums: one vector per row, rows of one axis
    tile.vectors = 1;
    std::size_t longest = 0;
    for (std::size_t axis = 0; axis < tile.rows.size(); ++axis)
      if (tile.rows[axis] > tile.rows[longest]) longest = axis;
    for (std::size_t axis = 0; axis < tile.rows.size(); ++axis)
      tile.rows[axis] =
          axis != longest ? 1 : smaller<std::int64_t>(tile.rows[axis], most_partial_rows);
  }
  while (registers_of(uses_[at], tile) > target_.vector_registers) {
    std::int64_t* smallest = nullptr;
    for (std::int64_t& rows : tile.rows)
      if (rows > 1 && (smallest == nullptr || rows < *smallest)) smallest = &rows;
    if (smallest == nullptr)
      --tile.vectors;
    else
      *smallest = detail::factor_below(*smallest);
  }
}

LATHE_INLINE point cpu_space::encode(const sequence<stage_decision>& decisions) const {
  point out;
  out.choices.assign(sites.size(), 0);
  for (std::size_t at = 0; at < decisions.size(); ++at) {
    const program_stage& stage = program_.stages[at];
    const auto set = [&](std::size_t site, std::int64_t choice) {
      const std::size_t number = first_site_[at] + site;
      out.choices[number] =
          static_cast<std::int32_t>(clamped<std::int64_t>(choice, 0, sites[number].choices - 1));
    };
    const auto choices = [&](std::size_t site) { return sites[first_site_[at] + site].choices; };
    if (!stage.reduction) {
      set(0, static_cast<int>(decisions[at].point.place));
      set(1, decisions[at].point.lanes > 1 ? 1 : 0);
      set(2, detail::nearest_entry(detail::pointwise_vectors, decisions[at].point.vectors,
                                   choices(2)));
      set(3, detail::nearest_entry(detail::pointwise_rows, decisions[at].point.rows, choices(3)));
      continue;
    }
    const reduction_tile& tile = decisions[at].tile;
    const detail::reduction_sites site(stage, tile.pack.size());
    set(site.vector_axis, static_cast<std::int64_t>(position(vector_axes_[at], tile.vector_axis)));
    set(site.vectors, tile.vectors - 1);
    set(site.unroll, detail::nearest_entry(detail::unroll_depths, tile.unroll, 4));
    set(site.order, static_cast<int>(tile.order) * 2 + (tile.vector_blocks_outside ? 1 : 0));
    set(site.inner_reduce, tile.inner_reduce - stage.spatial);
    set(site.prefetch,
        detail::nearest_entry(detail::prefetch_distances, tile.prefetch, choices(site.prefetch)));
    set(site.place, tile.place == placement::block ? 1 : 0);
    set(site.prefetch_rows, tile.prefetch_rows ? 1 : 0);
    for (std::size_t axis = 0; axis < stage.axes.size(); ++axis) {
      const std::int64_t extent = stage.axes[axis].extent;
      if (stage.axes[axis].reduce) {
        const std::int32_t count = choices(site.blocks + axis);
        set(site.blocks + axis,
            tile.block[axis] >= extent
                ? count - 1
                : detail::nearest_entry(detail::reduce_blocks, tile.block[axis], count));
        continue;
      }
      set(site.rows + axis,
          detail::nearest_entry(row_factors, tile.rows[axis], choices(site.rows + axis)));
      const std::int64_t factor = smaller(detail::tile_factor(tile, axis), extent);
      const std::int32_t count = choices(site.blocks + axis);
      set(site.blocks + axis,
          tile.block[axis] >= extent
              ? count - 1
              : detail::nearest_entry(detail::block_tiles, tile.block[axis] / factor, count - 1));
    }
    for (std::size_t use = 0; use < tile.pack.size(); ++use)
      set(site.packs + use, static_cast<int>(tile.pack[use]));
    for (std::size_t number = 0; number < borders_[at].size(); ++number)
      set(site.borders + number, contains(decisions[at].narrow, borders_[at][number].narrow));
  }
  return out;
}

LATHE_INLINE trace cpu_space::to_trace(const point& candidate) const {
  trace out = rewrites_;
  const trace tiles = trace_of(program_, decode(candidate));
  out.steps.append(tiles.steps.begin(), tiles.steps.end());
  return out;
}

LATHE_INLINE std::optional<rejection> cpu_space::why_rejected(const point& candidate) const {
  const sequence<stage_decision> decisions = decode(candidate);
  for (std::size_t at = 0; at < decisions.size(); ++at) {
    if (!decisions[at].reduction) continue;
    const program_stage& stage = program_.stages[at];
    const reduction_tile& tile = decisions[at].tile;
    const std::int64_t scattered = scattered_loads_of(uses_[at], tile);
    if (scattered > most_scattered_loads)
      return rejection{
          "the tile of " + stage.name + " loads " + std::to_string(scattered) + " single elements",
          true};
  }
  return std::nullopt;
}

LATHE_INLINE std::uint64_t cpu_space::hash(const point& candidate) const {
  return hash_of(to_trace(candidate));
}

LATHE_INLINE int cpu_space::complexity(const point& candidate) const {
  return static_cast<int>(to_trace(candidate).steps.size());
}

}  // namespace lathe
