/// @file
/// The schedule space of the CPU: sites for the decisions of tile.hpp, one group per stage. In: a
/// program, the processor and the call. Out: a search_space whose points are traces; the estimate
/// is its first known-good point, so no search can end with nothing.
///
/// FlexTensor's space (Zheng et al., ASPLOS 2020, sections 4.1 and 4.2): multi-level splits of
/// every axis, order patterns, unrolling and inlining, with parallel outermost and vectors
/// innermost decided beforehand, and neighbours that differ by one move. Ours adds factors that do
/// not divide (13 and 7 have splits too), the choice of the vectorized axis, packing and partial
/// sums.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/schedule/point.hpp>
#include <lathe/space/estimate.hpp>
#include <lathe/space/narrowing.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace lathe {

/// See the head of this file.
class cpu_space : public search_space {
 public:
  LATHE_INLINE cpu_space(program of, const cpu_target& target, call_context call);

  /// The trace a point stands for. Register tiles that are too large stand for the largest ones
  /// that fit, so that few points are illegal. @pre is_inside(candidate)
  LATHE_INLINE trace to_trace(const point& candidate) const;

  /// Code volume, before anything is compiled.
  LATHE_INLINE std::optional<rejection> why_rejected(const point& candidate) const override;
  LATHE_INLINE std::uint64_t hash(const point& candidate) const override;
  /// Steps of the schedule.
  LATHE_INLINE int complexity(const point& candidate) const override;

 private:
  LATHE_INLINE void add_sites(int stage);
  LATHE_INLINE sequence<stage_decision> decode(const point& candidate) const;
  LATHE_INLINE sequence<step> narrow(std::size_t stage, const sequence<const border*>& chosen,
                                     reduction_tile& tile) const;
  LATHE_INLINE void fit(std::size_t stage, reduction_tile& tile) const;
  LATHE_INLINE point encode(const sequence<stage_decision>& decisions) const;

  trace rewrites_;   ///< first steps of every schedule
  program program_;  ///< after them
  cpu_target target_;
  call_context call_;
  sequence<sequence<load_use>> uses_;    ///< per stage: loads_of() it
  sequence<sequence<border>> borders_;   ///< per stage: borders_of() it
  sequence<std::size_t> first_site_;     ///< per stage
  sequence<sequence<int>> vector_axes_;  ///< per stage: axes that may be vectorized
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/space/cpu_space.ipp>
#endif
