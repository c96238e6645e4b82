/// @file
/// A random forest (Breiman, 2001): predictions that know how sure they are. In: rows of features
/// and what they are worth. Out: mean and spread over the trees, as AdaTune (Li et al., NeurIPS
/// 2020, section 3.2) uses them. One thread, deterministic under a seed.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/random.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/model/feature_rows.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// A prediction and its standard deviation.
struct uncertain_value {
  double mean = 0, deviation = 0;
};

/// Parameters; the defaults are AdaTune's.
struct forest_options {
  int trees = 10;
  int columns = 10;    ///< drawn for every split; more than there are: all
  int least_rows = 1;  ///< in a leaf
  int depth = 64;
  bool resample = true;  ///< every tree is grown on rows drawn with replacement
};

/// Trees grown on different rows and columns.
class random_forest {
 public:
  /// Replaces the model.
  /// @param wanted  one value per row
  /// @complexity  O(trees * depth * rows * columns)
  LATHE_INLINE void train(const feature_rows& rows, std::span<const double> wanted,
                          std::uint64_t seed, const forest_options& options = {});

  /// Mean over the trees and standard deviation between them; zeros without trees.
  LATHE_INLINE uncertain_value predict(std::span<const float> row) const;

 private:
  friend class forest_grower;
  struct node {
    std::int32_t column = -1;  // -1 = leaf
    float threshold = 0;       // rows below it go left
    std::int32_t left = 0, right = 0;
    double value = 0;
  };

  sequence<node> nodes_;
  sequence<std::int32_t> roots_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/model/random_forest.ipp>
#endif
