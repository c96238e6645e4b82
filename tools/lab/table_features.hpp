/// @file
/// Features of the code behind the points of a table, for strategies that learn from it: the space
/// that was recorded is made again. In: an operator, what was varied, a table. Out: features of its
/// points. Called by `lathe lab --features`.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/api/request.hpp>
#include <lathe/search/program_features.hpp>
#include <lathe/search/table.hpp>
#include <lathe/space/cpu_space.hpp>

#include "restriction.hpp"
#include <vector>

namespace lab {

/// The features that a live search of the same space would see.
class table_features final : public lathe::point_features {
 public:
  /// @param desc, request, variations  as the table was recorded with
  /// @error std::runtime_error if that gives other sites than the table has: it was recorded for
  ///        another target, or by another version
  table_features(const lathe::desc_view& desc, const lathe::tuning_request& request,
                 const std::vector<variation>& variations, const lathe::recorded_table& table,
                 lathe::feature_kind what);

  const lathe::feature_rows& of(const lathe::point& at) override {
    return features_.of(part_.in_whole(at));
  }

 private:
  lathe::cpu_space space_;
  restriction part_;
  lathe::program_features features_;
};

}  // namespace lab
