/// @file
/// The value that describe() returns: the arrays of a description and the questions one can ask in
/// a static_assert. Every answer comes from a non-template function over desc_view (access.hpp,
/// graph.hpp, stats.hpp, check.hpp, fingerprint.hpp), which run-time code calls directly.
#pragma once

#include <lathe/analysis/access.hpp>
#include <lathe/analysis/bounds.hpp>
#include <lathe/analysis/check.hpp>
#include <lathe/analysis/fingerprint.hpp>
#include <lathe/analysis/graph.hpp>
#include <lathe/analysis/stats.hpp>
#include <lathe/core/capacity.hpp>
#include <lathe/core/fixed_string.hpp>

namespace lathe {

/// The arrays of a description and their counts.
template <capacity Size>
struct description_arrays {
  desc_expr expr_table[Size.exprs + 1]{};  // one spare entry: no array is empty
  desc_axis axis_table[Size.axes + 1]{};
  desc_tensor tensor_table[Size.tensors + 1]{};
  desc_access access_table[Size.accesses + 1]{};
  desc_stage stage_table[Size.stages + 1]{};
  short expr_count = 0, axis_count = 0, tensor_count = 0, access_count = 0, stage_count = 0;
  short param_count = 0;
  const char* name = "";
  diagnosis problem{};  ///< first broken rule, ok() if none

  /// Borrowed view of the arrays.
  constexpr desc_view view() const {
    return {name,       expr_table, axis_table,   tensor_table, access_table, stage_table,
            expr_count, axis_count, tensor_count, access_count, stage_count,  param_count};
  }
  /// The same, implicitly: functions over desc_view take a description.
  constexpr operator desc_view() const { return view(); }  // NOLINT(google-explicit-constructor)
};

/// A description that owns its arrays, of exactly the size the operator needs, with all questions
/// as members.
template <capacity Size>
struct description : description_arrays<Size> {
  using description_arrays<Size>::axis_table;
  using description_arrays<Size>::tensor_table;
  using description_arrays<Size>::access_table;
  using description_arrays<Size>::stage_table;
  using description_arrays<Size>::tensor_count;
  using description_arrays<Size>::access_count;
  using description_arrays<Size>::stage_count;
  using description_arrays<Size>::param_count;
  using description_arrays<Size>::problem;

  /// True if no rule about numbers is broken and all shapes are known.
  constexpr bool valid() const { return problem.ok(); }

  // ---------------------------------------------------------------- loops
  /// Number of stages, one per statement.
  constexpr int stages() const { return stage_count; }
  /// Number of spatial loops, summed over the stages.
  constexpr int spatial_loops() const { return spatial_loops_of(*this); }
  /// Number of spatial loops of one stage.
  constexpr int spatial_loops(int stage) const { return stage_table[stage].spatial; }
  /// Number of reduce loops, summed over the stages.
  constexpr int reduce_loops() const { return reduce_loops_of(*this); }
  /// Number of reduce loops of one stage.
  constexpr int reduce_loops(int stage) const { return stage_table[stage].reduce; }
  /// Name of loop `n` of a stage: spatial loops outermost first, then reduce loops.
  constexpr text_ref axis_name(int stage, int n) const {
    return {axis_table[stage_table[stage].first_axis + n].name};
  }
  /// Extent of loop `n` of a stage [iterations]; unknown_extent from the type alone.
  constexpr std::int64_t extent(int stage, int n) const {
    return axis_table[stage_table[stage].first_axis + n].extent;
  }
  /// Extent of the loop of a stage with this name; unknown_extent if there is none.
  constexpr std::int64_t extent(int stage, const char* axis) const {
    for (int n = 0; n < spatial_loops(stage) + reduce_loops(stage); ++n) {
      if (axis_name(stage, n) == axis) return extent(stage, n);
    }
    return unknown_extent;
  }
  /// Iterations of a stage; unknown_count from the type alone.
  constexpr double trip_count(int stage) const { return trip_count_of(*this, stage); }

  // ---------------------------------------------------------------- graph
  /// The stage with the most reduce loops, the last of them if several have.
  constexpr int main_stage() const { return main_stage_of(*this); }
  /// The stage that computes the tensor with this name, -1 if none does.
  constexpr int stage(const char* tensor) const {
    for (int s = 0; s < stage_count; ++s) {
      if (same_text(stage_table[s].name, tensor)) return s;
    }
    return -1;
  }
  /// Number of stages that read what `stage` computes.
  constexpr int consumers(int stage) const { return consumers_of(*this, stage); }
  /// The n-th of them, -1 if there are fewer.
  constexpr int consumer(int stage, int n) const { return consumer_of(*this, stage, n); }
  /// Number of stages whose results `stage` reads.
  constexpr int producers(int stage) const { return producers_of(*this, stage); }
  /// The n-th of them, -1 if there are fewer.
  constexpr int producer(int stage, int n) const { return producer_of(*this, stage, n); }

  // ---------------------------------------------------------------- tensors
  /// Number of parameters that no stage computes.
  constexpr int inputs() const { return param_count - outputs(); }
  /// Number of parameters that a stage computes.
  constexpr int outputs() const { return outputs_of(*this); }
  /// Name of the n-th input in parameter order, "" if there are fewer.
  constexpr text_ref input_name(int n) const { return parameter_name(n, false); }
  /// Name of the n-th output in parameter order, "" if there are fewer.
  constexpr text_ref output_name(int n) const { return parameter_name(n, true); }
  /// Index of the tensor with this name, -1 if there is none.
  constexpr int tensor(const char* tensor_name) const {
    for (int t = 0; t < tensor_count; ++t) {
      if (same_text(tensor_table[t].name, tensor_name)) return t;
    }
    return -1;
  }
  /// Extent of a dimension of a tensor [elements]; unknown_extent if it cannot be inferred.
  constexpr std::int64_t shape(const char* tensor_name, int dimension) const {
    return tensor_table[tensor(tensor_name)].shape[dimension];
  }

  // ---------------------------------------------------------------- accesses
  /// Index of the n-th read of a tensor by a stage, -1 if there are fewer.
  constexpr int read(int stage, const char* tensor_name, int n = 0) const {
    const int wanted = tensor(tensor_name);
    for (int a = 0; a < access_count; ++a) {
      const desc_access& access = access_table[a];
      if (access.stage == stage && !access.write && access.tensor == wanted && n-- == 0) return a;
    }
    return -1;
  }
  /// index[d] = offset[d] + sum of coef[d][n] * loop n, for one access.
  constexpr lathe::access_matrix access_matrix(int access) const {
    return access_matrix_of(*this, access);
  }
  /// Whether all accesses stay inside their tensors.
  constexpr bounds access_bounds() const { return bounds_of(*this); }
  /// True if it is proven that no access leaves its tensor.
  constexpr bool in_bounds() const { return bounds_of(*this) == bounds::proven; }

  // ---------------------------------------------------------------- counts
  /// Arithmetic operations on element values; unknown_count from the type alone.
  constexpr double flops() const { return flops_of(*this); }
  /// Arithmetic operations of one stage.
  constexpr double flops(int stage) const { return flops_of(*this, stage); }
  /// Compulsory traffic [bytes]: each parameter once.
  constexpr double bytes() const { return bytes_of(*this); }
  /// Operations per compulsory byte.
  constexpr double arithmetic_intensity() const { return arithmetic_intensity_of(*this); }

  // ---------------------------------------------------------------- identity
  /// Hash of structure, types and numbers, without names.
  constexpr fingerprint128 fingerprint() const { return fingerprint_of(*this); }
  /// Hash of structure and types only: equal for all sizes.
  constexpr fingerprint128 fingerprint(without_extents_t) const {
    return fingerprint_of(*this, without_extents);
  }

 private:
  constexpr text_ref parameter_name(int n, bool computed) const {
    for (int t = 0; t < param_count; ++t) {
      if ((tensor_table[t].producer >= 0) == computed && n-- == 0) return {tensor_table[t].name};
    }
    return {};
  }
};

}  // namespace lathe
