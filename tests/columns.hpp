/// @file
/// An operator whose stages have neighbouring axes, of which one has a window: nothing in lathe/ops
/// is like it.
#pragma once

#include <lathe/dsl/op.hpp>
#include <lathe/dsl/operators.hpp>

namespace test {

/// A value per pixel, of which sums of three rows are taken (`taps` 3), or one of each (1).
constexpr auto columns(int height, int width, int taps = 3) {
  using namespace lathe;
  axis<"y"> y{height};
  axis<"x"> x{width};
  axis<"v"> v{height - taps + 1};
  axis<"u"> u{width};
  axis<"r"> r{taps};
  tensor<"A", float, 2> A{height, width};
  tensor<"T", float, 2> T;
  tensor<"S", float, 2> S;
  return op<"columns">(A, S)(T(y, x) = A(y, x) * A(y, x), S(v, u) = sum(r)(T(v + r, u)));
}

}  // namespace test
