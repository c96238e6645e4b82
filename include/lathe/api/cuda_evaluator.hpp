/// @file
/// What points of a GPU's space are worth: emits, screens, compiles, checks and times them. In:
/// points. Out: observations. Called by the search of cuda_session.hpp.
#pragma once

#include <lathe/api/cuda_toolchain.hpp>
#include <lathe/api/oracle.hpp>
#include <lathe/api/request.hpp>
#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/measure/cuda_worker.hpp>
#include <lathe/search/tuner.hpp>
#include <lathe/space/gpu_space.hpp>

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <utility>

namespace lathe::detail {

/// See the head of this file.
class cuda_evaluator final : public lathe::evaluator {
 public:
  /// All references must outlive the evaluator.
  /// @param floor_seconds  no kernel is faster [s]
  LATHE_INLINE cuda_evaluator(const gpu_space& space, const program& of,
                              const tuning_request& request, const cuda_toolchain& with,
                              cuda_worker& bench, const oracle& answer, double floor_seconds);

  LATHE_INLINE sequence<observation> evaluate(std::span<const point> points,
                                              double seconds) override;
  LATHE_INLINE sequence<observation> compare(std::span<const point> finalists,
                                             double seconds) override;

  /// What was compiled for a point that worked or was compared; null for others.
  LATHE_INLINE const cuda_compiled* code_of(const point& at) const;

 private:
  LATHE_INLINE std::size_t compile_all(std::span<const point> points, sequence<observation>& out,
                                       sequence<std::optional<cuda_compiled>>& kernels, double end);
  LATHE_INLINE double slow_limit(const cuda_source& source) const;
  LATHE_INLINE bool is_over(double end) const;

  const gpu_space& space_;
  const program& program_;
  const tuning_request& request_;
  const cuda_toolchain& with_;
  cuda_worker& bench_;
  const oracle& answer_;
  measure_options measure_;
  double best_ = std::numeric_limits<double>::infinity();
  sequence<std::pair<point, cuda_compiled>> worked_;
};

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/api/cuda_evaluator.ipp>
#endif
