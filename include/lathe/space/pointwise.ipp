/// @file
/// Bodies of pointwise.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/space/pointwise.hpp>
#include <lathe/space/reuse.hpp>
#include <lathe/space/step_writer.hpp>

namespace lathe::detail {

inline constexpr std::size_t stencil_loads = 5;  ///< different ones per point
inline constexpr int most_masked_vectors = 32;   ///< of one row that are unrolled

/// True if the stage copies a tensor without moving anything: the padding of a convolution that
/// pads with nothing. Reading the original costs the same, so the copy is never worth its time.
LATHE_INLINE bool is_plain_copy(const program& of, const program_stage& stage) {
  if (stage.reduction || of.exprs[stage.body].what != ir::kind::load) return false;
  const sequence<load_use> uses = loads_of(of, stage);
  if (uses.size() != 1) return false;
  const sequence<std::int64_t> strides = output_strides(of, stage);
  for (std::size_t axis = 0; axis < stage.axes.size(); ++axis)
    if (stage.axes[axis].extent > 1 &&
        (uses[0].irregular[axis] != 0 || uses[0].stride[axis] != strides[axis]))
      return false;
  return true;
}

/// True if a pointwise stage gathers: the last axis, its vectors, moves the load irregularly.
LATHE_INLINE bool is_gathered(const program_stage& stage, const load_use& use, int lanes) {
  return !stage.axes.empty() && !use.is_affine_in(static_cast<int>(stage.axes.size()) - 1, lanes);
}

/// Rows of a pointwise stage: many where they share the offsets of a gather.
LATHE_INLINE std::int64_t estimated_rows(const program& of, const program_stage& stage, int lanes) {
  const int axis = row_axis(stage);
  const bool share =
      axis >= 0 && any_of(loads_of(of, stage), [&](const load_use& use) {
        return is_gathered(stage, use, lanes) && use.irregular[static_cast<std::size_t>(axis)] == 0;
      });
  return share ? 16 : 1;
}

/// Inline what is cheap to compute again: copies and selects that are read about once per element,
/// but not into gathers, which would decide for every element.
LATHE_INLINE bool worth_inlining(const program& of, const program_stage& stage, int lanes) {
  if (stage.reduction || of.tensors[static_cast<std::size_t>(stage.tensor)].param >= 0)
    return false;
  const program_stage* const only = of.only_reader(stage.tensor);
  if (only == nullptr) return false;
  if (is_plain_copy(of, stage)) return true;
  const program_stage& reader = *only;
  if (!reader.reduction && any_of(loads_of(of, reader), [&](const load_use& use) {
        return use.tensor == stage.tensor && is_gathered(reader, use, lanes);
      }))
    return false;
  return points_of(reader) <= 2 * points_of(stage) && operations_per_point(of, stage) <= 4;
}

LATHE_INLINE bool is_private(const program& of, const program_stage& reader, int tensor, int axis) {
  const ir::expr variable = reader.axes[static_cast<std::size_t>(axis)].variable;
  return all_of(loads_in(of.exprs, reader.body), [&](ir::expr load) {
    if (of.exprs[load].imm != tensor) return true;
    bool is_indexed = false;
    for (const ir::expr index : of.exprs.args(load)) {
      if (!of.exprs.depends_on(index, variable)) continue;
      is_indexed = true;
      for (const program_axis& other : reader.axes)
        if (other.reduce && other.extent > 1 && of.exprs.depends_on(index, other.variable))
          return false;
    }
    return is_indexed;
  });
}

/// True if blocks of a reader's axis share at most a fifth of what each reads of `tensor`: indices
/// that the axis moves by more than its window is long.
LATHE_INLINE bool shares_little(const program& of, const program_stage& reader, int tensor,
                                int axis, std::int64_t block) {
  const auto atom = [&](const program_axis& each) { return of.exprs.terms(each.variable)[0].atom; };
  const program_axis& moved = reader.axes[static_cast<std::size_t>(axis)];
  bool is_read = false;
  for (const ir::expr load : loads_in(of.exprs, reader.body)) {
    if (of.exprs[load].imm != tensor) continue;
    for (const ir::expr index : of.exprs.args(load)) {
      if (!of.exprs.depends_on(index, moved.variable)) continue;
      std::int64_t step = 0, window = 1;
      for (const ir::term& each : of.exprs.terms(index)) {
        bool is_axis = false;
        for (const program_axis& other : reader.axes) {
          if (atom(other) != each.atom) continue;
          is_axis = true;
          if (other.variable == moved.variable)
            step = math::abs(each.coef);
          else
            window += math::abs(each.coef) * (other.extent - 1);
        }
        if (!is_axis) return false;
      }
      if (4 * (step * (block - 1) + window) > 5 * step * block) return false;
      is_read = true;
    }
  }
  return is_read;
}

LATHE_INLINE reader_loop private_loop(const program& of, const program_stage& stage, int rows,
                                      bool windows) {
  reader_loop found;
  const program_stage* const only = of.only_reader(stage.tensor);
  if (only == nullptr) return found;
  const program_stage& reader = *only;
  found.reader = reader.name;
  if (!reader.reduction) return found;
  // Of a reader that is computed in loops itself (partial sums), the loops that those select from.
  const auto is_around = [&](const std::string& name) {
    if (reader.attach_stage < 0) return true;
    const program_stage& parent = of.stages[static_cast<std::size_t>(reader.attach_stage)];
    const int last = parent.find_loop(reader.attach_loop), at = parent.find_loop(name);
    return at >= 0 && at <= last;
  };
  const int tensor = stage.tensor;
  const sequence<load_use> uses = loads_of(of, reader);
  const auto cuts_rows = [&](int axis) {
    return rows >= 0 && any_of(loads_in(of.exprs, reader.body), [&](ir::expr load) {
             return of.exprs[load].imm == tensor &&
                    of.exprs.depends_on(of.exprs.args(load)[static_cast<std::size_t>(rows)],
                                        reader.axes[static_cast<std::size_t>(axis)].variable);
           });
  };
  const auto is_private_part = [&](int number, int part, const auto& self) -> bool {
    const loop_dim& dim = reader.dims[static_cast<std::size_t>(number)];
    if (dim.axis < 0)
      return all_of(dim.sources,
                    [&](const auto& source) { return self(source.first, source.second, self); });
    if (dim.extent == 1) return true;
    const std::int64_t block = dim.blocks[static_cast<std::size_t>(part)];
    return !dim.reduce && !cuts_rows(dim.axis) && is_private(of, reader, tensor, dim.axis) &&
           all_of(uses, [&](const load_use& use) {
             if (use.tensor != tensor) return true;
             const auto at = static_cast<std::size_t>(dim.axis);
             const bool repeats = use.irregular[at] != 0 && use.stride_in_period[at] == 0 &&
                                  block % use.period[at] != 0;
             return !repeats && use.is_affine_in(dim.axis, block);
           });
  };
  for (const stage_loop& loop : reader.loops) {
    const bool runs = loop.how == ir::loop_kind::serial || loop.how == ir::loop_kind::parallel;
    if (!is_around(loop.name)) break;
    const loop_dim& dim = reader.dims[static_cast<std::size_t>(loop.dim)];
    if (runs && is_private_part(loop.dim, loop.part, is_private_part)) {
      if (dim.extent > 1) found.loop = loop.name;
      continue;
    }
    if (runs && windows && !found.loop.empty() && dim.axis >= 0 && !dim.reduce &&
        !cuts_rows(dim.axis) &&
        shares_little(of, reader, tensor, dim.axis,
                      dim.blocks[static_cast<std::size_t>(loop.part)]))
      found.loop = loop.name;
    break;
  }
  return found;
}

/// True if a condition on the last axis chooses between values, as in a padding. In straight code
/// it is a constant mask for every vector.
LATHE_INLINE bool has_edges(const program& of, const program_stage& stage) {
  if (stage.axes.empty()) return false;
  const ir::expr last = stage.axes.back().variable;
  return any_of(nodes_in(of.exprs, stage.body, ir::kind::select),
                [&](ir::expr each) { return of.exprs.depends_on(of.exprs[each].a, last); });
}

/// Bytes of a stage's result that one iteration of the reader's private axes reads.
LATHE_INLINE double private_bytes(const program& of, const program_stage& stage,
                                  const program_stage& reader) {
  const program_tensor& tensor = of.tensors[static_cast<std::size_t>(stage.tensor)];
  double parts = 1;
  for (const load_use& use : loads_of(of, reader)) {
    if (use.tensor != stage.tensor) continue;
    for (int axis = 0; axis < reader.spatial; ++axis)
      if (const std::int64_t extent = reader.axes[static_cast<std::size_t>(axis)].extent;
          extent > 1 && is_private(of, reader, stage.tensor, axis))
        parts *= static_cast<double>(use.distinct_in(axis, extent));
    break;
  }
  return elements_of(tensor) * size_of(tensor.type) / parts;
}

/// A producer in its reader's loops stays in the cache until it is read: worth it where the loops
/// that come first share nothing of it.
LATHE_INLINE bool worth_blocking(const program& of, const program_stage& stage) {
  const program_stage* const only = of.only_reader(stage.tensor);
  if (only == nullptr) return false;
  const program_stage& reader = *only;
  for (int axis = 0; axis < reader.spatial; ++axis)
    if (reader.axes[static_cast<std::size_t>(axis)].extent > 1)
      return reader.reduction && is_private(of, reader, stage.tensor, axis);
  return false;
}

LATHE_INLINE shared_axis axis_in_reader(const program& of, const program_stage& stage,
                                        const cpu_target& target) {
  if (of.tensors[static_cast<std::size_t>(stage.tensor)].param >= 0) return {};
  const program_stage* const only = of.only_reader(stage.tensor);
  if (only == nullptr) return {};
  const program_stage& reader = *only;
  if (!reader.reduction || stage.is_narrowed() || reader.is_narrowed()) return {};
  const program_tensor& result = of.tensors[static_cast<std::size_t>(stage.tensor)];
  for (int axis = 0; axis < reader.spatial; ++axis) {
    const program_axis& each = reader.axes[static_cast<std::size_t>(axis)];
    if (each.extent < 2 || !is_private(of, reader, stage.tensor, axis)) continue;
    int own = -1;
    for (const load_use& use : loads_of(of, reader))
      if (use.tensor == stage.tensor) own = use.dim_of(axis);
    if (own < 0) continue;
    double shared = 0;  // [bytes] that every iteration reads
    for (const load_use& use : loads_of(of, stage)) {
      const program_tensor& operand = of.tensors[static_cast<std::size_t>(use.tensor)];
      if (!use.depends(own)) shared += elements_of(operand) * size_of(operand.type);
    }
    const double made =
        elements_of(result) * size_of(result.type) / static_cast<double>(each.extent);
    if (larger(shared, made) <= static_cast<double>(target.l2_bytes) / 4) return {own, axis};
  }
  return {};
}

LATHE_INLINE pointwise_tile estimate_pointwise(const program& of, const program_stage& stage,
                                               const cpu_target& target) {
  const program_tensor& tensor = of.tensors[static_cast<std::size_t>(stage.tensor)];
  pointwise_tile tile;
  tile.lanes = larger(1, target.vector_bytes / size_of(tensor.type));
  tile.rows = estimated_rows(of, stage, tile.lanes);
  // The many loads of a stencil have something to do while others wait.
  if (tile.rows == 1 && loads_of(of, stage).size() >= stencil_loads) tile.vectors = 4;
  if (has_edges(of, stage) && stage.axes.back().extent <= most_masked_vectors * tile.lanes)
    tile.vectors = most_masked_vectors;
  if (worth_inlining(of, stage, tile.lanes))
    tile.place = lathe::placement::inlined;
  else if (tensor.param < 0 && worth_blocking(of, stage))
    tile.place = private_bytes(of, stage, *of.only_reader(stage.tensor)) >
                         static_cast<double>(target.l1_bytes)
                     ? lathe::placement::window
                     : lathe::placement::block;
  return tile;
}

}  // namespace lathe::detail
