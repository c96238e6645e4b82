// Reductions over values with holes (zeros between the elements, zeros around them) under random
// schedules that turn the conditions into loop bounds.
#include <lathe/analysis/describe.hpp>
#include <lathe/core/random.hpp>
#include <lathe/ops/transposed_convolution.hpp>
#include <lathe/space/narrowing.hpp>

#include "property/expect.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::property;

namespace {

/// Every second element of two axes together: x + y + r even; nothing in lathe/ops is like it.
constexpr auto checkered(int height, int width, int taps, int modulus, int other) {
  axis<"y"> y{height};
  axis<"x"> x{width};
  axis<"r"> r{taps};
  tensor<"A", float, 2> A{height, width + taps};
  tensor<"B", float, 1> B{taps};
  tensor<"C", float, 2> C;
  return op<"checkered">(A, B, C)(
      C(y, x) =
          sum(r)(select((x * other + y + r * 3) % modulus == 1, A(y, x + r) + A(y, x), 0) * B(r)));
}

/// A padded pooling with stride: the neutral value is the smallest number.
constexpr auto spread_maximum(int length, int taps, int stride) {
  axis<"e"> e{length * stride};
  axis<"x"> x{length * stride - taps + 1};
  axis<"r"> r{taps};
  tensor<"A", std::int32_t, 1> A{length};
  tensor<"S", std::int32_t, 1> S;
  tensor<"M", std::int32_t, 1> M;
  return op<"spread_maximum">(A, M)(S(e) = select(e % stride == 0, A(e / stride), -2147483647 - 1),
                                    M(x) = max(r)(S(x + r)));
}

/// A triangular product: the sum of row i has i + 1 terms.
constexpr auto triangular(int size, int columns) {
  axis<"i"> i{size};
  axis<"j"> j{columns};
  axis<"k"> k{size};
  tensor<"L", double, 2> L{size, size};
  tensor<"B", double, 2> B{size, columns};
  tensor<"T", double, 2> T;
  return op<"triangular">(L, B, T)(T(i, j) = sum(k)(select(k <= i, L(i, k), 0) * B(k, j)));
}

random_operator holes(random_engine& engine) {
  const auto between = [&](int low, int high) {
    return low + static_cast<int>(engine.below(static_cast<std::uint32_t>(high - low + 1)));
  };
  const int stride = between(1, 4), taps = between(1, 5), dilation = between(1, 3);
  const int padding = between(0, (dilation * (taps - 1) + 1) / 2), more = between(0, stride - 1);
  const auto owned = [](const auto& source) { return copy_of(describe(source).view()); };
  switch (engine.below(6)) {
    case 0:
    case 1:
      return owned(ops::conv_transpose1d(between(1, 2), between(1, 4), between(2, 17),
                                         between(1, 9), taps, stride, padding, more, dilation));
    case 2:
      return owned(ops::conv_transpose2d<std::int32_t>(1, between(1, 3), between(2, 6),
                                                       between(2, 9), between(1, 5), taps, stride,
                                                       padding, more, dilation));
    case 3:
      return owned(
          checkered(between(1, 7), between(1, 33), between(2, 7), between(2, 5), between(1, 4)));
    case 4: return owned(spread_maximum(between(5, 20), taps, between(1, 4)));
    default: return owned(triangular(between(1, 17), between(1, 20)));
  }
}

}  // namespace

TEST_CASE("random schedules that leave out terms of holes change no result") {
  pair_checker checker({isa::sse2, isa::avx2, isa::avx512});
  int built = 0, narrowed = 0, prepared = 0;
  for (std::uint64_t seed = 1; seed <= 180; ++seed) {
    random_engine shapes(seed, 7);
    const random_pair pair = make_pair(holes(shapes), seed);
    const verdict of = expect_no_change(checker, pair);
    built += of.built;
    bool any = false;
    for (const step& each : pair.schedule.steps.steps)
      any |= each.what == primitive::narrow || each.what == primitive::phase;
    narrowed += of.built && any;
    prepared += !narrowing_steps(make_program(pair.source.view())).steps.empty();
  }
  CHECK(built > 80);
  CHECK(narrowed > 30);
  CHECK(prepared > 50);
}
