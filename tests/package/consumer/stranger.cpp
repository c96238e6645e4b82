// The smallest program of a user: an own operator, described at compile time and computed.
#include <lathe/lathe.hpp>

#include <cstdio>
#include <vector>

constexpr auto outer_product(int rows, int columns) {
  lathe::axis<"i"> i{rows};
  lathe::axis<"j"> j{columns};
  lathe::tensor<"x", float, 1> x;
  lathe::tensor<"y", float, 1> y;
  lathe::tensor<"A", float, 2> A;
  return lathe::op<"outer_product">(x, y, A)(A(i, j) = x(i) * y(j));
}
static_assert(lathe::describe(outer_product(2, 3)).spatial_loops() == 2);

int main() {
  const std::vector<float> x = {2, 3};
  const std::vector<float> y = {1, 10, 100};
  std::vector<float> a(6);
  lathe::evaluate(outer_product(2, 3), x, y, a);
  if (a != std::vector<float>{2, 20, 200, 3, 30, 300}) return 1;
  std::puts("stranger: ok");
  return 0;
}
