/// @file
/// Features of points by the code they stand for. In: a program, its space and a point. Out: rows
/// for a model, kept so that a point is lowered once. Called by strategies that learn a model and
/// by the lab.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/search/point_features.hpp>
#include <lathe/space/cpu_space.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace lathe {

/// Which features.
enum class feature_kind : unsigned char {
  statements,  ///< statement_features.hpp: Ansor
  loops,       ///< loop_features.hpp: AutoTVM's itervar
  curves       ///< the same: AutoTVM's curve
};

/// Features of the loop nest of a point of the CPU's space; lowering takes about a millisecond.
class program_features final : public point_features {
 public:
  /// @param of     what the space was made from
  /// @param space  must outlive the features
  /// @param bound  inputs that are packed once in bind()
  program_features(program of, const cpu_space& space, sequence<std::string> bound,
                   feature_kind what)
      : program_(std::move(of)), space_(space), bound_(std::move(bound)), what_(what) {}

  LATHE_INLINE const feature_rows& of(const point& at) override;

  /// Points that were lowered.
  std::size_t size() const { return known_.size(); }

 private:
  program program_;
  const cpu_space& space_;
  sequence<std::string> bound_;
  feature_kind what_;
  flat_map<std::uint64_t, feature_rows> known_;  // by hash
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/program_features.ipp>
#endif
