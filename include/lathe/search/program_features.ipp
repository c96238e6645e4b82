/// @file
/// Bodies of program_features.hpp.
#pragma once

#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/search/loop_features.hpp>
#include <lathe/search/program_features.hpp>
#include <lathe/search/statement_features.hpp>

#include <utility>

namespace lathe {

LATHE_INLINE const feature_rows& program_features::of(const point& at) {
  const std::uint64_t hash = space_.hash(at);
  if (const auto found = known_.find(hash); found != known_.end()) return found->second;
  feature_rows rows;
  result<program> scheduled = apply(program_, space_.to_trace(at), {bound_});
  if (scheduled) {
    if (const result<ir::nest> nest = build(std::move(*scheduled))) {
      rows = what_ == feature_kind::statements ? statement_features(*nest)
             : what_ == feature_kind::loops    ? loop_features(*nest)
                                               : curve_features(*nest);
    }
  }
  return known_[hash] = std::move(rows);
}

}  // namespace lathe
