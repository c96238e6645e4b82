// Operators with neighbouring axes that are one in every tensor, in some, or in none, under random
// schedules that flatten them.
#include <lathe/analysis/describe.hpp>
#include <lathe/core/random.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/space/flattening.hpp>

#include "property/expect.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using namespace lathe::property;

namespace {

/// A product over pairs of axes, and what is done with each of its elements.
constexpr auto contraction(int rows, int p, int q, int y, int x, int modulus) {
  axis<"i"> i{rows};
  axis<"v"> v{y};
  axis<"u"> u{x};
  axis<"j"> j{rows};
  axis<"s"> s{y};
  axis<"t"> t{x};
  axis<"a"> a{p};
  axis<"b"> b{q};
  tensor<"A", float, 3> A{rows, p, q};
  tensor<"B", float, 4> B{p, q, y, x};
  tensor<"E", float, 1> E{rows};
  tensor<"T", float, 3> T;
  tensor<"C", float, 3> C;
  return op<"contraction">(A, B, E, C)(
      T(i, v, u) = sum(a, b)(A(i, a, b) * B(a, b, v, u)),
      C(j, s, t) = select((s * x + t) % modulus == 0, T(j, s, t), 0) + E(j));
}

/// A window over rows alone, and one over both, after a stage per pixel.
constexpr auto windows(int height, int width, int taps, bool both) {
  axis<"y"> y{height};
  axis<"x"> x{width};
  axis<"v"> v{height - taps + 1};
  axis<"u"> u{both ? width - taps + 1 : width};
  axis<"r"> r{taps};
  axis<"q"> q{both ? taps : 1};
  tensor<"A", std::int32_t, 2> A{height, width};
  tensor<"T", std::int32_t, 2> T;
  tensor<"S", std::int32_t, 2> S;
  return op<"windows">(A, S)(T(y, x) = A(y, x) + A(y, x) * A(y, x),
                             S(v, u) = max(r, q)(T(v + r, u + q)));
}

random_operator neighbours(random_engine& engine) {
  const auto between = [&](int low, int high) {
    return low + static_cast<int>(engine.below(static_cast<std::uint32_t>(high - low + 1)));
  };
  const auto owned = [](const auto& source) { return copy_of(describe(source).view()); };
  switch (engine.below(4)) {
    case 0:
      return owned(contraction(between(1, 5), between(1, 3), between(1, 4), between(1, 5),
                               between(1, 9), between(1, 3)));
    case 1: {
      const int taps = between(1, 3);
      return owned(windows(between(taps, 7), between(taps, 9), taps, engine.chance(0.3)));
    }
    case 2:
      return owned(ops::conv3d(between(1, 2), between(1, 4), between(1, 3), between(1, 4),
                               between(1, 5), between(1, 9), 1, between(1, 2)));
    default:
      return owned(ops::conv2d(between(1, 2), between(1, 4), between(2, 6), between(2, 7),
                               between(1, 9), between(1, 2), between(1, 2), between(0, 1)));
  }
}

}  // namespace

TEST_CASE("random schedules that make one axis of neighbours change no result") {
  pair_checker checker({isa::sse2, isa::avx2, isa::avx512});
  int built = 0, flattened = 0, prepared = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    random_engine shapes(seed, 11);
    const random_pair pair = make_pair(neighbours(shapes), seed);
    const verdict of = expect_no_change(checker, pair);
    built += of.built;
    bool any = false;
    for (const step& each : pair.schedule.steps.steps) any |= each.what == primitive::flatten;
    flattened += of.built && any;
    prepared += !flattening_steps(make_program(pair.source.view())).steps.empty();
  }
  CHECK(built > 100);
  CHECK(flattened > 60);
  CHECK(prepared > 100);
}
