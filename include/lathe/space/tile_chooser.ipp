/// @file
/// Bodies of tile_chooser.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/space/dot_group.hpp>
#include <lathe/space/narrowing.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/rewrite.hpp>
#include <lathe/space/tile_chooser.hpp>
#include <lathe/space/traffic.hpp>
#include <lathe/space/window.hpp>

namespace lathe::detail {

inline constexpr double fma_per_cycle = 2, loads_per_cycle = 2;
inline constexpr double fma_latency = 4;          ///< [cycles]
inline constexpr double prefetched_bytes = 8192;  ///< how far ahead of the innermost loop
inline constexpr double both_busy = 1.1;  ///< times, if loads take about as long as multiply-adds
inline constexpr double l2_line = 1.5;    ///< [cycles] to fetch a line from L2
inline constexpr double l3_line = 0.2;    ///< [cycles] that a line from L3 adds, mostly hidden
inline constexpr double l1_fill = 0.15;   ///< [cycles] of loads and stores, for a line from L2,
inline constexpr double l3_fill = 0.85;   ///< and for one from L3
inline constexpr double far_row = 6.7;  ///< [cycles] for a line of a row beyond L2, not prefetched
inline constexpr double scalar_store = 1.2;     ///< [cycles] per element of a strided vector
inline constexpr double bound_share = 1. / 16;  ///< of packing in bind() that a call answers for

/// Chooses the tile of one reduction stage.
class tile_chooser : stage_traffic {
 public:
  /// @param alone   axis whose iterations are tiles and blocks of their own, -1 = none
  /// @param border  a narrowed one whose window may run inside the rows of a tile, -1 = none
  tile_chooser(const program& of, const program_stage& stage, const cpu_target& target,
               const call_context& call, int alone, int border = -1)
      : stage_traffic(of, stage, target, call.bound),
        call_(call),
        alone_(alone),
        points_(narrowed_points(of, stage)) {
    if (border >= 0) find_window(border);
  }

  reduction_tile choose() {
    best_.rows.assign(stage_.axes.size(), 1);
    best_.block.assign(stage_.axes.size(), 0);
    best_.pack.assign(uses_.size(), packing::none);
    best_.lanes = lanes_;
    best_.tasks = tasks_for(call_.threads);
    best_.dot_bf16 = target_.dot_bf16;
    for (int axis = 0; axis < static_cast<int>(stage_.axes.size()); ++axis) {
      const program_axis& of = stage_.axes[static_cast<std::size_t>(axis)];
      if (is_alone(axis)) continue;
      if (of.reduce ? of.extent >= 2 * lanes_ && can_sum_partially(axis)
                    : of.extent > 1 || any_of(uses_, [&](const load_use& use) {
                        return moves_irregularly(stage_, use);
                      }))
        try_vector_axis(axis);
    }
    if (best_cost_ == no_cost) best_.lanes = 1;  // a single point
    finish();
    return best_;
  }

  /// What the chosen tile takes [cycles]. @pre choose() was called
  double cost() const { return best_cost_; }

 private:
  static constexpr double no_cost = 1e300;

  /// True if no tile may hold several iterations of the axis. @param blocks  if no block may
  bool is_alone(int axis, bool blocks = false) const {
    return axis == alone_ || decides_sizes(program_, stage_, axis, blocks);
  }

  /// Sets the window and the axis around it, if that decides nothing else and the window is short.
  void find_window(int number) {
    const program_axis& narrowed = stage_.axes[static_cast<std::size_t>(number)];
    if (narrowed.extent < 2 || narrowed.extent > most_window_terms) return;
    int around = -1;
    for (int axis = 0; axis < stage_.spatial; ++axis) {
      if (!program_.exprs.depends_on(narrowed.size,
                                     stage_.axes[static_cast<std::size_t>(axis)].variable))
        continue;
      if (around >= 0) return;
      around = axis;
    }
    for (const program_axis& other : stage_.axes)
      if (other.size != ir::none && other.variable != narrowed.variable &&
          program_.exprs.depends_on(other.size,
                                    stage_.axes[static_cast<std::size_t>(around)].variable))
        return;
    window_ = number;
    window_row_ = around;
  }

  bool can_sum_partially(int axis) const {
    if (stage_.is_narrowed()) return false;
    if (is_product() && stage_.axes[static_cast<std::size_t>(axis)].extent <= lanes_) return false;
    return all_of(uses_, [&](const load_use& use) {
      const auto at = static_cast<std::size_t>(axis);
      return use.irregular[at] == 0 && (use.stride[at] == 0 || use.stride[at] == 1);
    });
  }

  /// True if panels should be larger than L2: those of a product are long runs, which come from L3
  /// in time, and the larger they are, the less often rows that are not in L2 are read again.
  bool panels_in_l3(int axis) const {
    if (!is_product() || 4 * panel_in_l3() < static_cast<double>(3 * target_.l2_bytes))
      return false;
    bool is_large[2] = {};
    for (const load_use& use : uses_) {
      const dtype type = program_.tensors[static_cast<std::size_t>(use.tensor)].type;
      is_large[use.depends(axis)] |=
          elements(use) * size_of(type) > static_cast<double>(target_.l2_bytes);
    }
    return is_large[0] && is_large[1];
  }

  /// Bytes of such a panel.
  double panel_in_l3() const { return static_cast<double>(target_.l3_bytes) / 8 / call_.threads; }

  /// Iterations of an axis, or groups of them that are one term of a dot product.
  double groups(int axis) const { return dot_.groups(axis, extent(axis)); }

  void try_vector_axis(int axis) {
    const bool partial = axis >= stage_.spatial;
    dot_ = dot_group_of(program_, stage_, uses_, axis, lanes_, target_.dot_bf16);
    sequence<int> rows;
    for (int other = 0; other < stage_.spatial; ++other)
      if (other != axis && extent(other) > 1 && (other == window_row_ || !is_alone(other)))
        rows.push_back(other);
    for (int vectors = 1; vectors <= (partial ? 1 : 6); ++vectors) {
      if (vectors > 1 && extent(axis) <= lanes_ * (vectors - 1)) break;
      reduction_tile tile;
      tile.vector_axis = axis;
      tile.vectors = vectors;
      tile.lanes = lanes_;
      tile.rows.assign(stage_.axes.size(), 1);
      consider(tile);
      for (std::size_t first = 0; first < rows.size(); ++first)
        for (const std::int64_t factor : row_factors) {
          const auto row = static_cast<std::size_t>(rows[first]);
          if (factor < 2 || !fits(rows[first], factor)) continue;
          if (vectors * factor > target_.vector_registers) break;
          tile.rows[row] = factor;
          consider(tile);
          for (std::size_t second = partial ? rows.size() : first + 1; second < rows.size();
               ++second)
            for (const std::int64_t other : row_factors) {
              const auto column = static_cast<std::size_t>(rows[second]);
              if (other < 2 || !fits(rows[second], other)) continue;
              if (vectors * factor * other > target_.vector_registers) break;
              tile.rows[column] = other;
              consider(tile);
              tile.rows[column] = 1;
            }
          tile.rows[row] = 1;
        }
    }
  }

  /// True if a tile may have so many rows along an axis: around a window all or none.
  bool fits(int axis, std::int64_t rows) const {
    const std::int64_t all = stage_.axes[static_cast<std::size_t>(axis)].extent;
    return axis == window_row_ ? rows >= all : rows <= all;
  }

  void consider(reduction_tile tile) {
    tile.window_inside = window_row_ >= 0 && tile.rows[static_cast<std::size_t>(window_row_)] > 1;
    if (tile.window_inside) {
      tile.inner_reduce = window_;
      tile.unroll = stage_.axes[static_cast<std::size_t>(window_)].extent;
    }
    if (registers_of(uses_, tile) + dot_.registers > target_.vector_registers) return;
    if (scattered_loads_of(uses_, tile) > most_scattered_loads) return;
    const int axis = tile.vector_axis, vectors = tile.vectors;
    const bool partial = axis >= stage_.spatial;
    const std::int64_t accumulators = accumulators_of(tile);
    if (partial && accumulators > most_partial_rows) return;
    if (tile.window_inside && accumulators * tile.unroll > most_window_code) return;
    const std::int64_t run = static_cast<std::int64_t>(vectors) * lanes_;
    sequence<std::int64_t> counts = tile.rows;  // what one tile runs through
    for (std::size_t at = 0; at < counts.size(); ++at)
      if (stage_.axes[at].reduce)
        counts[at] = static_cast<std::int64_t>(groups(static_cast<int>(at)));
    if (!partial) counts[static_cast<std::size_t>(axis)] = run;
    const window slides = tile.window_inside || dot_.axis >= 0
                              ? window{}
                              : window_of(stage_, uses_, tile, counts, target_, bytes_);
    const bool in_l3 = panels_in_l3(axis), is_plain = is_product() && dot_.axis < 0 && !in_l3;
    double loads = 0, copies = 0, lines = 0, fetched = 0, from_l3 = 0, far = 0;
    for (const load_use& use : uses_) {
      const bool is_window = slides.reduce >= 0 && &use == &uses_[slides.use];
      const double all = lines_of(use, counts, bytes_);
      const double own = all * (partial ? lanes_ : static_cast<double>(dot_.terms)) / terms_;
      const bool stays = stays_in_l1(all, target_);
      fetched += own;
      if (in_l3 && use.depends(axis)) from_l3 += own;
      if (is_plain) far += own * far_line_cycles(use, tile, stays);
      double rows = 1, row_lines = 0;
      bool is_crowded = false;
      for (int row = 0; row < stage_.spatial; ++row) {
        const std::int64_t factor = tile.rows[static_cast<std::size_t>(row)];
        if (factor < 2 || !use.depends(row)) continue;
        rows *= is_window && row == slides.row ? slides.rows
                                               : static_cast<double>(use.distinct_in(row, factor));
        row_lines = larger(row_lines, line_share(use, row));
        is_crowded |= crowds_l1(use, row, factor);
      }
      const double loaded = tile.window_inside ? rows * window_share(use, tile) : rows;
      const bool affine = use.is_affine_in(axis, run);
      if (must_pack(use, dot_, axis) && !is_bound(use)) copies += copy_cycles(use, dot_.axis);
      if (!use.depends(axis) || (affine && use.stride_in(axis, run) == 0)) {
        loads += loaded;
        if (rows > 1) lines += rows * row_lines * (is_crowded ? 1 : line_share_of_terms(use));
        if (moves_irregularly(stage_, use)) lines += rows * index_cycles(use, tile);
        continue;
      }
      if (dot_.axis >= 0) {
        loads += loaded * vectors;  // of the packed words
      } else if (use.is_contiguous_in(axis, run)) {
        loads += loaded * vectors * (straddles(use, axis) && stays ? 2 : 1);
      } else if (use.dim_of(axis) >= 0) {
        loads += loaded * vectors;
        copies += copy_cycles(use, axis) * (is_bound(use) ? bound_share : 1);
      } else {
        loads += rows * vectors * lanes_ * (moves_irregularly(stage_, use) ? 3 : 1.5);
      }
    }
    const double tile_fma = static_cast<double>(accumulators);
    const double computing = tile_fma / fma_per_cycle, loading = loads / loads_per_cycle;
    double cycles = larger(larger(computing, loading), larger(fma_latency, fetched * l2_line));
    const bool waits = cycles > larger(computing, loading) && reads_beyond_l2_;
    if (loading > 0.85 * computing && computing > 0.85 * loading && !waits) cycles *= both_busy;
    cycles += is_plain ? lines / 2 + far : lines + l3_line * from_l3;
    double waiting = 0;
    for (const load_use& use : uses_) {
      const bool is_copied = !is_bound(use) && use.depends(axis) && use.dim_of(axis) >= 0 &&
                             (!use.is_contiguous_in(axis, run) || is_worth_a_panel(use, axis));
      if (!partial && is_streamed(use) && !is_copied)
        waiting += waiting_cycles(use, tile, lines_of(use, counts, bytes_) / terms_, cycles);
    }
    cycles += waiting;
    const double least = smaller(1.0, fma_latency / cycles);
    const auto used = [&](int of, double factor, double unit) {
      return is_plain && !partial ? utilisation(extent(of), factor, unit, least)
                                  : utilisation(extent(of), factor);
    };
    cycles /= partial ? utilisation(extent(axis), lanes_)
                      : used(axis, static_cast<double>(run), static_cast<double>(lanes_));
    for (int row = 0; row < stage_.spatial; ++row)
      cycles /= used(row, static_cast<double>(tile.rows[static_cast<std::size_t>(row)]), 1);
    double total =
        points_ / (tile_fma * lanes_ * static_cast<double>(dot_.terms)) * cycles + copies;
    if (partial) {
      // Adding up the lanes: of several rows as vectors of rows.
      total +=
          points_of(stage_) / terms_ * (4 + lanes_ * (accumulators >= 4 ? transposed_copy : 1));
    } else if (output_[static_cast<std::size_t>(axis)] != 1) {
      bool tiles = false;
      for (int row = 0; row < stage_.spatial; ++row)
        tiles |= output_[static_cast<std::size_t>(row)] == 1 &&
                 tile.rows[static_cast<std::size_t>(row)] >= 4;
      total += points_of(stage_) / terms_ * (tiles ? transposed_copy : scalar_store) +
               points_of(stage_) / (tile_fma * lanes_) / terms_ * far_store_cycles(counts, axis);
    }
    const double larger_tile = is_plain ? 0.0002 : 0.0005;
    total *= 1 - larger_tile * static_cast<double>(accumulators);  // among equals the larger tile,
    std::int64_t row_axes = 0;  // and the one that reads fewer places at a time
    for (const std::int64_t factor : tile.rows) row_axes += factor > 1;
    if (row_axes > 1) total *= 1.02;
    if (total >= best_cost_) return;
    best_cost_ = total;
    best_dot_ = dot_;
    best_.vector_axis = axis;
    best_.vectors = vectors;
    best_.rows = tile.rows;
    sliding_axis_ = slides.reduce;
    best_.window_inside = tile.window_inside;
  }

  /// What a line of an operand of a product costs besides its loads. @param stays  in L1
  double far_line_cycles(const load_use& use, const reduction_tile& tile, bool stays) const {
    const int axis = tile.vector_axis;
    double cycles = 0;
    if (!stays) cycles += is_scattered_in_place(use, axis) ? l3_fill : l1_fill;
    if (use.depends(axis) || !is_beyond_l2(use)) return cycles;
    const double passes = passes_over(use, tile);
    return passes > 1 ? cycles + far_row / passes : cycles;
  }

  /// Elements that a window inside the rows reads, of those that its terms name: windows overlap.
  double window_share(const load_use& use, const reduction_tile& tile) const {
    const auto row = static_cast<std::size_t>(window_row_),
               reduce = static_cast<std::size_t>(window_);
    if (!use.depends(window_row_) || !use.depends(window_)) return 1;
    const auto rows = static_cast<double>(tile.rows[row]), terms = static_cast<double>(tile.unroll);
    const auto step = static_cast<double>(math::abs(use.stride[reduce]));
    const auto apart = static_cast<double>(math::abs(use.stride[row]));
    if (apart == 0 || step >= apart * rows) return 1;
    return smaller(1.0, (rows + (terms - 1) * step / apart) / (rows * terms));
  }

  /// Block sizes from the cache sizes, then threads and packing. A group of a dot product is a
  /// term.
  void finish() {
    dot_ = best_dot_;
    const auto count = static_cast<int>(stage_.axes.size());
    for (int axis = 0; axis < count; ++axis)
      best_.block[static_cast<std::size_t>(axis)] =
          is_alone(axis, true) ? 1 : stage_.axes[static_cast<std::size_t>(axis)].extent;
    int longest = -1;
    for (int axis = stage_.spatial; axis < count; ++axis)
      if (stage_.axes[static_cast<std::size_t>(axis)].size == ir::none &&
          (longest < 0 || extent(axis) > extent(longest)))
        longest = axis;
    best_.inner_reduce = best_.window_inside      ? window_
                         : sliding_axis_ >= 0     ? sliding_axis_
                         : count > stage_.spatial ? count - 1
                                                  : -1;
    const bool partial = best_.vector_axis >= stage_.spatial;
    if (best_.window_inside || sliding_axis_ >= 0) {
      best_.unroll = stage_.axes[static_cast<std::size_t>(best_.inner_reduce)].extent;
    } else if (best_.inner_reduce >= 0) {
      const double inner =
          partial ? extent(best_.vector_axis) / lanes_ : groups(best_.inner_reduce);
      best_.unroll = inner <= 4 && !partial
                         ? larger<std::int64_t>(1, static_cast<std::int64_t>(inner))
                     : inner >= 8 ? larger<std::int64_t>(4, repeat_of_terms(best_))
                                  : 1;
      if (static_cast<double>(best_.unroll * best_.vectors) * tile_rows() > 256 || window_slides())
        best_.unroll = 1;
      while (best_.unroll > 1 && scattered_loads_of(uses_, best_) > most_scattered_loads)
        best_.unroll /= 2;
    }
    if (partial) return;
    best_.prefetch_rows =
        any_of(uses_, [&](const load_use& use) { return is_read_in_rows_once(use, best_); });

    const auto vector = static_cast<std::size_t>(best_.vector_axis);
    const double tile_width = static_cast<double>(best_.vectors) * lanes_;
    const double l2 = static_cast<double>(target_.l2_bytes);
    double depth = terms_ / static_cast<double>(dot_.terms);
    // A sliver (tile width x terms) is read once per row tile: keep it in half of L2. Blocks of
    // terms are passes over the result, which a tile waits for: as few as there can be, all alike.
    const bool streams =
        any_of(uses_, [&](const load_use& use) { return is_read_from_memory(use); });
    const double sliver = tile_width * depth * bytes_;
    if (longest >= 0 && program_.stores_plain_result(stage_) && sliver > l2 / 2) {
      const double others = depth / groups(longest);
      auto block =
          static_cast<std::int64_t>(math::ceil(groups(longest) / math::ceil(sliver / (l2 / 2))));
      block = larger<std::int64_t>(16, (block + 15) / 16 * 16);
      if (static_cast<double>(block) < groups(longest)) {
        best_.block[static_cast<std::size_t>(longest)] =
            longest == dot_.axis ? block * dot_.terms : block;
        depth = others * static_cast<double>(block);
      }
    }
    // Of the vector operands, the one whose part for one tile is largest stays in L2 while the
    // tiles that share it are computed: the other axes that it depends on advance outside of them.
    sequence<char> outside(stage_.axes.size(), 0);
    double shared_width = tile_width;
    for (const load_use& use : uses_) {
      if (!use.depends(best_.vector_axis)) continue;
      double part = tile_width;
      for (int axis = 0; axis < stage_.spatial; ++axis)
        if (axis != best_.vector_axis)
          part *= static_cast<double>(
              use.distinct_in(axis, best_.rows[static_cast<std::size_t>(axis)]));
      bool is_shared = false;
      for (int axis = 0; axis < stage_.spatial; ++axis)
        is_shared |= extent(axis) > 1 && !use.depends(axis);
      if (part < shared_width || !is_shared) continue;
      shared_width = part;
      for (int axis = 0; axis < stage_.spatial; ++axis)
        outside[static_cast<std::size_t>(axis)] = axis != best_.vector_axis && use.depends(axis);
    }
    const bool several = any_of(outside, [](char is) { return is != 0; });
    const bool in_l3 = panels_in_l3(best_.vector_axis) && !streams && !several;
    const double panel = in_l3 ? panel_in_l3() : l2 / 2;
    double slivers = larger(1.0, math::floor(panel / (depth * bytes_ * shared_width)));
    if (in_l3) {  // panels alike
      const double all = math::ceil(extent(best_.vector_axis) / tile_width);
      slivers = math::ceil(all / math::ceil(all / slivers));
    }
    best_.block[vector] = static_cast<std::int64_t>(tile_width * slivers);
    // Several short reduce loops: the hardware does not see one long stream of vectors.
    const double per_iteration =
        tile_width * bytes_ * (best_.window_inside ? static_cast<double>(best_.unroll) : 1.0);
    best_.prefetch = is_product() || count == stage_.spatial || skips_one_run(best_)
                         ? 0
                         : static_cast<int>(larger(4.0, prefetched_bytes / per_iteration));
    best_.order = is_product() && !several && alone_ < 0 ? level_order::vector_axis_first
                                                         : level_order::blocks_first;

    for (int axis = 0; axis < stage_.spatial; ++axis) {
      if (axis == alone_) continue;
      const std::int64_t rows = best_.rows[static_cast<std::size_t>(axis)];
      if (outside[static_cast<std::size_t>(axis)] != 0)
        best_.block[static_cast<std::size_t>(axis)] = rows;
      if (axis != best_.vector_axis && shared_run(axis) > rows)
        best_.block[static_cast<std::size_t>(axis)] = shared_run(axis);
      if (axis == best_.vector_axis || !is_product() || several) continue;
      const auto tiles =
          static_cast<std::int64_t>(l2 / 8 / (depth * bytes_ * static_cast<double>(rows)));
      best_.block[static_cast<std::size_t>(axis)] = rows * larger<std::int64_t>(1, tiles);
    }
    share_among_threads();
    for (std::size_t at = 0; at < uses_.size(); ++at) best_.pack[at] = packing_of(uses_[at]);
    // From memory, a sliver comes once, for all tiles that share it.
    best_.vector_blocks_outside = streams;
    if (streams) best_.prefetch = 4;
    const bool packs = any_of(best_.pack, [](packing each) { return each != packing::none; });
    if (!streams && !packs) best_.prefetch = 0;
  }

  /// Iterations of an axis that read the same elements of an intermediate (the filters of one
  /// channel); 1 = there is none.
  std::int64_t shared_run(int axis) const {
    const auto at = static_cast<std::size_t>(axis);
    for (const load_use& use : uses_)
      if (program_.tensors[static_cast<std::size_t>(use.tensor)].producer >= 0 &&
          use.irregular[at] != 0 && use.stride_in_period[at] == 0 &&
          use.period[at] % best_.rows[at] == 0)
        return use.period[at];
    return 1;
  }

  /// True if unrolled terms read the same elements for different rows (the window of a
  /// convolution): the code generator then keeps all of them in registers, which the accumulators
  /// need.
  bool window_slides() const {
    const auto inner = static_cast<std::size_t>(best_.inner_reduce);
    return any_of(uses_, [&](const load_use& use) {
      for (std::size_t axis = 0; axis < static_cast<std::size_t>(stage_.spatial); ++axis)
        if (best_.rows[axis] > 1 && use.stride[axis] != 0 && use.stride[inner] != 0 &&
            use.stride[inner] % use.stride[axis] == 0 &&
            math::abs(use.stride[inner] / use.stride[axis]) < best_.rows[axis])
          return true;
      return false;
    });
  }

  double tile_rows() const {
    double rows = 1;
    for (int axis = 0; axis < stage_.spatial; ++axis)
      if (axis != best_.vector_axis)
        rows *= static_cast<double>(best_.rows[static_cast<std::size_t>(axis)]);
    return rows;
  }

  /// Enough blocks for every thread, taken from the outermost axes that have tiles to give.
  void share_among_threads() {
    if (call_.threads < 2) return;
    double tasks = 1;
    for (int axis = 0; axis < stage_.spatial; ++axis)
      if (best_.order == level_order::blocks_first || axis == best_.vector_axis)
        tasks *= blocks_of(axis);
    const auto wanted = static_cast<double>(best_.tasks);
    for (int axis = 0; axis < stage_.spatial && tasks < wanted; ++axis) {
      if (is_alone(axis, true)) continue;  // one phase each already
      if (best_.order != level_order::blocks_first && axis != best_.vector_axis) continue;
      const auto at = static_cast<std::size_t>(axis);
      const double before = blocks_of(axis);
      const std::int64_t factor = detail::tile_factor(best_, at);
      auto size = static_cast<std::int64_t>(extent(axis) / (before * wanted / tasks));
      best_.block[at] = larger(factor, size / factor * factor);
      tasks *= blocks_of(axis) / before;
    }
  }

  double blocks_of(int axis) const {
    const std::int64_t size = best_.block[static_cast<std::size_t>(axis)];
    return static_cast<double>((stage_.axes[static_cast<std::size_t>(axis)].extent + size - 1) /
                               size);
  }

  /// True if a block of an axis that the operand does not depend on runs around its panels, or has
  /// to share their parallel loop.
  bool panels_repeat(const load_use& use) const {
    bool repeats = false, others = false, is_part = false;
    double tasks = 1;
    for (int axis = 0; axis < static_cast<int>(stage_.axes.size()); ++axis) {
      const bool vector = axis == best_.vector_axis;
      const bool around = best_.order == level_order::blocks_first || axis >= stage_.spatial ||
                          vector == (best_.order == level_order::vector_axis_first);
      const double blocks = blocks_of(axis);
      if (!around || blocks == 1) continue;
      if (use.depends(axis)) {
        is_part = true;
        repeats |= others;
      } else if (axis < stage_.spatial) {
        others = true;
        repeats |= is_part && tasks < static_cast<double>(best_.tasks);
      }
      tasks *= blocks;
    }
    return repeats;
  }

  /// True if the elements that a vector loads lie together.
  bool is_contiguous(const load_use& use) const {
    const std::int64_t run = static_cast<std::int64_t>(best_.vectors) * lanes_;
    return use.is_contiguous_in(best_.vector_axis, run);
  }

  /// True if the operand is read where it is, and that is in memory.
  bool is_read_from_memory(const load_use& use) const {
    return is_contiguous(use) && !is_bound(use) && is_streamed(use) &&
           !is_worth_a_panel(use, best_.vector_axis);
  }

  packing packing_of(const load_use& use) const {
    if (must_pack(use, dot_, best_.vector_axis))
      return is_bound(use) || panels_repeat(use) ? packing::whole : packing::panel;
    if (!use.depends(best_.vector_axis) || use.dim_of(best_.vector_axis) < 0) return packing::none;
    if (is_bound(use)) return packing::whole;
    // A panel stays in the cache on its way from the copy to the tiles.
    if (!is_contiguous(use)) return panels_repeat(use) ? packing::whole : packing::panel;
    return is_worth_a_panel(use, best_.vector_axis) ? packing::panel : packing::none;
  }

  const call_context& call_;
  bool reads_beyond_l2_ = any_of(uses_, [&](const load_use& use) { return is_beyond_l2(use); });
  int alone_ = -1;
  double points_ = 1;                  ///< of the stage, without what its borders leave out
  int window_ = -1, window_row_ = -1;  ///< a window that may run inside the rows of an axis; none
  reduction_tile best_;
  double best_cost_ = no_cost;
  int sliding_axis_ = -1;     ///< of the best tile, window_of()
  dot_group dot_, best_dot_;  ///< of the axis that is considered; of the best tile
};

LATHE_INLINE tile_choice cheapest_tile(const program& of, const program_stage& stage,
                                       const cpu_target& target, const call_context& call,
                                       int alone, int border) {
  tile_chooser chooser(of, stage, target, call, alone, border);
  reduction_tile tile = chooser.choose();
  return {std::move(tile), chooser.cost()};
}

}  // namespace lathe::detail
