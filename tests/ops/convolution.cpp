#include <lathe/api/evaluate.hpp>
#include <lathe/ops/convolution.hpp>

#include "convolution_reference.hpp"
#include <doctest/doctest.h>

using namespace lathe;

namespace {

// `made` must have the reference's size and compute the same. View of sizes: `of`.
template <class Operation>
void check(const Operation& made, const test::convolution& of) {
  const auto X = test::integers(test::input_count(of), 1);
  const auto W = test::integers(test::weight_count(of), 2);
  const auto expected = test::convolve(of, X, W);
  const auto& output = describe(made).tensor_table[2];
  std::int64_t count = 1;
  for (int d = 0; d < output.rank; ++d) count *= output.shape[d];
  REQUIRE(count == static_cast<std::int64_t>(expected.size()));
  std::vector<float> Y(expected.size(), 99.0f);
  evaluate(made, X, W, Y);
  CHECK(Y == expected);
}

}  // namespace

TEST_CASE("conv1d") {
  check(ops::conv1d(2, 3, 11, 5, 3), {2, 3, 5, 1, {1, 1, 11}, {1, 1, 3}, {0, 0, 0}, 1, 1});
  check(ops::conv1d(1, 3, 10, 2, 3, 2, 1), {1, 3, 2, 1, {1, 1, 10}, {1, 1, 3}, {0, 0, 1}, 2, 1});
  check(ops::conv1d(1, 2, 13, 3, 4, 3, 2, 2), {1, 2, 3, 1, {1, 1, 13}, {1, 1, 4}, {0, 0, 2}, 3, 2});
}

TEST_CASE("conv2d") {
  check(ops::conv2d(2, 3, 7, 5, 4, 3), {2, 3, 4, 1, {1, 7, 5}, {1, 3, 3}, {0, 0, 0}, 1, 1});
  check(ops::conv2d(1, 3, 8, 7, 2, 3, 2, 1), {1, 3, 2, 1, {1, 8, 7}, {1, 3, 3}, {0, 1, 1}, 2, 1});
  check(ops::conv2d(1, 5, 4, 6, 3, 1), {1, 5, 3, 1, {1, 4, 6}, {1, 1, 1}, {0, 0, 0}, 1, 1});
  check(ops::conv2d(1, 1, 3, 3, 1, 3, 1, 2), {1, 1, 1, 1, {1, 3, 3}, {1, 3, 3}, {0, 2, 2}, 1, 1});
}

TEST_CASE("dilated_conv2d") {
  check(ops::dilated_conv2d(1, 2, 9, 8, 3, 3, 1, 1),
        {1, 2, 3, 1, {1, 9, 8}, {1, 3, 3}, {0, 1, 1}, 1, 2});
  check(ops::dilated_conv2d(1, 2, 9, 11, 3, 3, 2, 1, 3),
        {1, 2, 3, 1, {1, 9, 11}, {1, 3, 3}, {0, 1, 1}, 2, 3});
}

TEST_CASE("conv3d") {
  check(ops::conv3d(1, 2, 4, 5, 6, 3, 3, 1, 1),
        {1, 2, 3, 1, {4, 5, 6}, {3, 3, 3}, {1, 1, 1}, 1, 1});
  check(ops::conv3d(2, 2, 5, 6, 7, 2, 2, 2, 0, 2),
        {2, 2, 2, 1, {5, 6, 7}, {2, 2, 2}, {0, 0, 0}, 2, 2});
}

TEST_CASE("group_conv2d") {
  check(ops::group_conv2d(1, 6, 7, 5, 4, 2, 3, 1, 1),
        {1, 6, 4, 2, {1, 7, 5}, {1, 3, 3}, {0, 1, 1}, 1, 1});
  check(ops::group_conv2d(2, 6, 7, 5, 9, 3, 3, 2, 1, 2),
        {2, 6, 9, 3, {1, 7, 5}, {1, 3, 3}, {0, 1, 1}, 2, 2});
}

TEST_CASE("depthwise_conv2d is a group convolution with one channel per group") {
  check(ops::depthwise_conv2d(1, 3, 7, 6, 1, 3, 1, 1),
        {1, 3, 3, 3, {1, 7, 6}, {1, 3, 3}, {0, 1, 1}, 1, 1});
  check(ops::depthwise_conv2d(2, 3, 7, 6, 4, 3, 2, 1, 2),
        {2, 3, 12, 3, {1, 7, 6}, {1, 3, 3}, {0, 1, 1}, 2, 2});
}
