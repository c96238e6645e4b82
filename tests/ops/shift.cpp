#include <lathe/api/evaluate.hpp>
#include <lathe/ops/shift.hpp>

#include "data.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using test::at;

namespace {

struct shifting {
  int batch, height, width, channels, kernel, stride, dilation;
  int out(int size) const { return (size - 1) / stride + 1; }
};

std::vector<int> offsets(const shifting& of) {
  std::vector<int> made(static_cast<std::size_t>(of.channels));
  for (int c = 0; c < of.channels; ++c) {
    made[static_cast<std::size_t>(c)] = (c * 5 + 2) % (of.kernel * of.kernel);
  }
  return made;
}

// Channel c of every pixel comes from the pixel its offset points to, zero outside the image.
std::vector<float> shifted(const shifting& of, const std::vector<float>& X,
                           const std::vector<int>& S) {
  const int OH = of.out(of.height), OW = of.out(of.width), half = (of.kernel - 1) / 2;
  std::vector<float> Y(static_cast<std::size_t>(of.batch * OH * OW * of.channels));
  for (int n = 0; n < of.batch; ++n) {
    for (int y = 0; y < OH; ++y) {
      for (int x = 0; x < OW; ++x) {
        for (int c = 0; c < of.channels; ++c) {
          const int code = S[static_cast<std::size_t>(c)];
          const int iy = y * of.stride + (code / of.kernel - half) * of.dilation;
          const int ix = x * of.stride + (code % of.kernel - half) * of.dilation;
          if (iy < 0 || iy >= of.height || ix < 0 || ix >= of.width) continue;
          Y[at({n, y, x, c}, {of.batch, OH, OW, of.channels})] =
              X[at({n, iy, ix, c}, {of.batch, of.height, of.width, of.channels})];
        }
      }
    }
  }
  return Y;
}

}  // namespace

TEST_CASE("shift: every channel moves by its own offset") {
  for (const shifting& of : {shifting{2, 5, 7, 11, 3, 1, 1}, shifting{1, 6, 5, 7, 5, 2, 1},
                             shifting{1, 7, 7, 9, 3, 2, 2}}) {
    const auto X = test::integers(of.batch * of.height * of.width * of.channels, 1);
    const auto S = offsets(of);
    const auto expected = shifted(of, X, S);
    std::vector<float> Y(expected.size(), 99.0f);
    evaluate(
        ops::shift(of.batch, of.height, of.width, of.channels, of.kernel, of.stride, of.dilation),
        X, S, Y);
    CHECK(Y == expected);
  }
}

TEST_CASE("shift_conv: shift, then a product over the channels") {
  const shifting of{2, 4, 5, 7, 3, 1, 1};
  const int filters = 3;
  const auto X = test::integers(of.batch * of.height * of.width * of.channels, 1);
  const auto W = test::integers(of.channels * filters, 2);
  const auto S = offsets(of);
  const auto moved = shifted(of, X, S);
  const int pixels = of.batch * of.height * of.width;
  std::vector<float> Y(static_cast<std::size_t>(pixels * filters)), expected(Y.size());
  for (int p = 0; p < pixels; ++p) {
    for (int f = 0; f < filters; ++f) {
      for (int c = 0; c < of.channels; ++c) {
        expected[at({p, f}, {pixels, filters})] +=
            moved[at({p, c}, {pixels, of.channels})] * W[at({c, f}, {of.channels, filters})];
      }
    }
  }
  evaluate(ops::shift_conv(of.batch, of.height, of.width, of.channels, filters, of.kernel), X, S, W,
           Y);
  CHECK(Y == expected);
}
