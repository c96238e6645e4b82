#include <lathe/api/evaluate.hpp>
#include <lathe/ops/stencil.hpp>

#include "data.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using test::at;

TEST_CASE("jacobi3d: seven points inside, a copy on the boundary") {
  const int D = 4, H = 5, W = 7;
  const double a = 2, b = 0.5;
  const auto U = test::integers<double>(D * H * W, 1);
  std::vector<double> V(D * H * W, 99.0), expected = U;
  const auto u = [&](int z, int y, int x) { return U[at({z, y, x}, {D, H, W})]; };
  for (int z = 1; z < D - 1; ++z) {
    for (int y = 1; y < H - 1; ++y) {
      for (int x = 1; x < W - 1; ++x) {
        expected[at({z, y, x}, {D, H, W})] =
            a * u(z, y, x) + b * (u(z - 1, y, x) + u(z + 1, y, x) + u(z, y - 1, x) +
                                  u(z, y + 1, x) + u(z, y, x - 1) + u(z, y, x + 1));
      }
    }
  }
  evaluate(ops::jacobi3d(D, H, W), a, b, U, V);
  CHECK(V == expected);
}

TEST_CASE("jacobi3d: a constant field is a fixed point of the Jacobi sweep") {
  const std::vector<double> U(27, 6.0);
  std::vector<double> V(27);
  evaluate(ops::jacobi3d(3, 3, 3), 0.0, 1.0 / 6.0, U, V);
  CHECK(V[13] == doctest::Approx(6.0));
  CHECK(V[0] == 6.0);
}
