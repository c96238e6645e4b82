#include <lathe/api/evaluate.hpp>
#include <lathe/ops/transposed_convolution.hpp>

#include "convolution_reference.hpp"
#include <doctest/doctest.h>

using namespace lathe;

namespace {

template <class Operation>
void check(const Operation& made, const test::convolution& of) {
  const auto X = test::integers(test::input_count(of), 1);
  const auto W = test::integers(test::weight_count(of), 2);
  const auto expected = test::convolve_transposed(of, X, W);
  const auto& output = describe(made).tensor_table[2];
  std::int64_t count = 1;
  for (int d = 0; d < output.rank; ++d) count *= output.shape[d];
  REQUIRE(count == static_cast<std::int64_t>(expected.size()));
  std::vector<float> Y(expected.size(), 99.0f);
  evaluate(made, X, W, Y);
  CHECK(Y == expected);
}

}  // namespace

TEST_CASE("conv_transpose1d") {
  check(ops::conv_transpose1d(2, 3, 5, 4, 3), {2, 3, 4, 1, {1, 1, 5}, {1, 1, 3}, {0, 0, 0}, 1, 1});
  check(ops::conv_transpose1d(1, 3, 5, 2, 3, 2, 1, 1),
        {1, 3, 2, 1, {1, 1, 5}, {1, 1, 3}, {0, 0, 1}, 2, 1, 1});
  check(ops::conv_transpose1d(1, 2, 4, 2, 4, 3, 2, 0, 2),
        {1, 2, 2, 1, {1, 1, 4}, {1, 1, 4}, {0, 0, 2}, 3, 2, 0});
}

TEST_CASE("conv_transpose2d") {
  check(ops::conv_transpose2d(2, 3, 4, 5, 2, 3, 1, 1),
        {2, 3, 2, 1, {1, 4, 5}, {1, 3, 3}, {0, 1, 1}, 1, 1});
  check(ops::conv_transpose2d(1, 2, 3, 4, 3, 2, 2),
        {1, 2, 3, 1, {1, 3, 4}, {1, 2, 2}, {0, 0, 0}, 2, 1});
  check(ops::conv_transpose2d(1, 2, 3, 4, 3, 3, 2, 1, 1, 2),
        {1, 2, 3, 1, {1, 3, 4}, {1, 3, 3}, {0, 1, 1}, 2, 2, 1});
}

TEST_CASE("conv_transpose3d") {
  check(ops::conv_transpose3d(1, 2, 3, 2, 4, 3, 3, 2, 1),
        {1, 2, 3, 1, {3, 2, 4}, {3, 3, 3}, {1, 1, 1}, 2, 1});
  check(ops::conv_transpose3d(1, 2, 2, 3, 3, 2, 2, 2, 0, 1, 2),
        {1, 2, 2, 1, {2, 3, 3}, {2, 2, 2}, {0, 0, 0}, 2, 2, 1});
}
