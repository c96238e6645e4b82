#include <lathe/api/evaluate.hpp>
#include <lathe/ops/pooling.hpp>

#include "data.hpp"
#include <algorithm>
#include <doctest/doctest.h>

using namespace lathe;
using test::at;

namespace {

struct pooling {
  int batch, channels, height, width, window, stride, padding;
  int out(int size) const { return (size + 2 * padding - window) / stride + 1; }
};

// Calls body(output, input) for every element inside each window.
template <class Body>
void for_each_pair(const pooling& of, const Body& body) {
  const int OH = of.out(of.height), OW = of.out(of.width);
  for (int n = 0; n < of.batch * of.channels; ++n) {
    for (int y = 0; y < OH; ++y) {
      for (int x = 0; x < OW; ++x) {
        for (int iy = y * of.stride - of.padding; iy < y * of.stride - of.padding + of.window;
             ++iy) {
          for (int ix = x * of.stride - of.padding; ix < x * of.stride - of.padding + of.window;
               ++ix) {
            if (iy < 0 || iy >= of.height || ix < 0 || ix >= of.width) continue;
            body(at({n, y, x}, {0, OH, OW}), at({n, iy, ix}, {0, of.height, of.width}));
          }
        }
      }
    }
  }
}

constexpr pooling cases[] = {{2, 3, 8, 6, 2, 2, 0}, {1, 2, 7, 9, 3, 2, 1}, {1, 1, 5, 5, 3, 1, 1}};

}  // namespace

TEST_CASE("max_pool2d: the border never wins") {
  for (const pooling& of : cases) {
    auto X = test::integers(of.batch * of.channels * of.height * of.width, 1);
    for (float& each : X) each -= 10;
    std::vector<float> expected(
        static_cast<std::size_t>(of.batch * of.channels * of.out(of.height) * of.out(of.width)),
        -1000.0f);
    std::vector<float> Y(expected.size());
    for_each_pair(of, [&](std::size_t out, std::size_t in) {
      expected[out] = std::max(expected[out], X[in]);
    });
    evaluate(ops::max_pool2d(of.batch, of.channels, of.height, of.width, of.window, of.stride,
                             of.padding),
             X, Y);
    CHECK(Y == expected);
  }
}

TEST_CASE("avg_pool2d: the border counts as zeros") {
  for (const pooling& of : cases) {
    const auto X = test::integers(of.batch * of.channels * of.height * of.width, 1);
    std::vector<float> expected(
        static_cast<std::size_t>(of.batch * of.channels * of.out(of.height) * of.out(of.width)));
    std::vector<float> Y(expected.size());
    for_each_pair(of, [&](std::size_t out, std::size_t in) { expected[out] += X[in]; });
    for (float& each : expected) each /= static_cast<float>(of.window * of.window);
    evaluate(ops::avg_pool2d(of.batch, of.channels, of.height, of.width, of.window, of.stride,
                             of.padding),
             X, Y);
    CHECK(Y == expected);
  }
}

TEST_CASE("max_pool2d of integers") {
  const std::vector<int> X{1, 5, -3, 2};
  std::vector<int> Y(1);
  evaluate(ops::max_pool2d<int>(1, 1, 2, 2, 2, 2), X, Y);
  CHECK(Y[0] == 5);
}
