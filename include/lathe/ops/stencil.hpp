/// @file
/// Stencils of numerical simulation: input and output have one shape, so that sweeps can swap them.
#pragma once

#include <lathe/analysis/describe.hpp>

namespace lathe::ops {

/// One 7-point sweep: V[z,y,x] = a U[z,y,x] + b (sum of the six neighbours) inside, V = U on the
/// boundary. Parameters a, b (scalars given with each call), U[depth, height, width],
/// V[depth, height, width]. a = 0, b = 1/6 is a Jacobi sweep for Laplace's equation; a = 1 - 6 r,
/// b = r an explicit Euler step of the heat equation.
template <class Element = double>
constexpr auto jacobi3d(int depth, int height, int width) {
  axis<"z"> z{depth};
  axis<"y"> y{height};
  axis<"x"> x{width};
  param<"a", Element> a;
  param<"b", Element> b;
  tensor<"U", Element, 3> U{depth, height, width};
  tensor<"V", Element, 3> V;
  return op<"jacobi3d">(a, b, U, V)(
      V(z, y, x) =
          select(z > 0 && z < depth - 1 && y > 0 && y < height - 1 && x > 0 && x < width - 1,
                 a * U(z, y, x) + b * (U(z - 1, y, x) + U(z + 1, y, x) + U(z, y - 1, x) +
                                       U(z, y + 1, x) + U(z, y, x - 1) + U(z, y, x + 1)),
                 U(z, y, x)));
}

}  // namespace lathe::ops
