/// @file
/// What a model sees of a point. In: a space and a point. Out: rows of numbers. Called by the
/// strategies that learn a model; nest_features.hpp and loop_features.hpp look at the code, which
/// also says something about other operators, the one here at the choices alone.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/model/feature_rows.hpp>
#include <lathe/schedule/point.hpp>

#include <cstddef>

namespace lathe {

/// Describes points by numbers.
class point_features {
 public:
  virtual ~point_features() = default;
  /// The rows of a point, always of as many columns; lives until the next call. A point of which
  /// there is nothing to describe (illegal schedules) has no rows.
  virtual const feature_rows& of(const point& at) = 0;
};

/// Trials of similar operators: what a strategy may know before its first trial.
struct past_trials {
  sequence<feature_rows> rows;  ///< per trial, made by features of the same kind
  sequence<double> scores;      ///< least time of that operator / time of the trial; 0 = failed
};

/// The choices themselves (AutoTVM's "knob" features): one row with log2(1 + choice) of every
/// ordered site and one column per choice of every unordered one.
class knob_features final : public point_features {
 public:
  /// @param space  must outlive the features
  explicit knob_features(const search_space& space) : space_(space) {
    for (const site& each : space.sites) rows_.columns += columns_of(each);
    rows_.columns = larger<std::size_t>(rows_.columns, 1);  // a point has a row in any space
    rows_.values.resize(rows_.columns);
  }

  const feature_rows& of(const point& at) override {
    std::size_t column = 0;
    for (std::size_t index = 0; index < space_.sites.size(); ++index) {
      const site& each = space_.sites[index];
      const std::size_t columns = columns_of(each);
      const auto choice = static_cast<std::size_t>(at.choices[index]);
      for (std::size_t n = 0; n < columns; ++n)
        rows_.values[column + n] = n == choice ? 1.0F : 0.0F;
      if (columns == 1)
        rows_.values[column] =
            static_cast<float>(math::log(1.0 + static_cast<double>(choice)) / math::log(2.0));
      column += columns;
    }
    return rows_;
  }

 private:
  // Long unordered sites are numbered: a column per choice would hold one point each.
  static std::size_t columns_of(const site& each) {
    constexpr std::int32_t most_columns = 16;
    if (each.choices < 2) return 0;
    const bool numbered = !each.moves.empty() || each.choices > most_columns;
    return numbered ? 1 : static_cast<std::size_t>(each.choices);
  }

  const search_space& space_;
  feature_rows rows_;
};

}  // namespace lathe
