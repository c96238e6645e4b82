/// @file
/// Random computations for the property tests. In: a random engine. Out: a description that owns
/// its arrays, as describe() would have written it, and its text. Called by pair.hpp.
///
/// All values are exact: every float expression is a small integer times a power of two that its
/// type holds, so results must agree bitwise whatever the order of evaluation. On demand the last
/// statement computes math functions of such values; then its tensor has a tolerance.
#pragma once

#include <lathe/analysis/desc.hpp>
#include <lathe/core/random.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace lathe::property {

/// The arrays of a description. Names are literals, so copies stay valid.
struct random_operator {
  std::vector<desc_expr> exprs;
  std::vector<desc_axis> axes;
  std::vector<desc_tensor> tensors;
  std::vector<desc_access> accesses;
  std::vector<desc_stage> stages;
  std::vector<std::int64_t> index_bound;  ///< by tensor: elements are indices below it; 0 = values
  std::vector<double> tolerance;          ///< by tensor [units in the last place]; 0 = exact
  short param_count = 0;

  desc_view view() const;
  /// Product of a tensor's extents.
  std::int64_t elements(int tensor) const;
};

/// A computation of 1 to 4 statements that passes the rules of analysis/check.hpp.
/// @param math  exp, log, tanh, ... in the last statement
random_operator make_operator(random_engine& engine, bool math = false);

/// The arrays of a description. @pre it computes exactly on small integers
random_operator copy_of(const desc_view& source);

/// Largest magnitude of an input's elements: what the generator's exactness rests on.
int input_magnitude(dtype type);

/// One line per tensor and statement.
std::string to_text(const random_operator& source);

}  // namespace lathe::property
