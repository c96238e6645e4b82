// The run-time half of describe(): the same code as in tests/static, on numbers the compiler does
// not know, must give the same description.
#include <lathe/analysis/describe.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/softmax.hpp>
#include <lathe/ops/transposed_convolution.hpp>

#include <cstddef>
#include <doctest/doctest.h>
#include <string>

namespace {

// Hides a number from the compiler.
int hidden(int value) {
  volatile int copy = value;
  return copy;
}

TEST_CASE("run-time extents give the description that the compiler computed") {
  constexpr auto expected = lathe::describe(lathe::ops::conv2d(1, 8, 12, 14, 16, 3, 2, 1));
  const auto found = lathe::describe(
      lathe::ops::conv2d(1, hidden(8), hidden(12), hidden(14), hidden(16), 3, hidden(2), 1));
  CHECK(found.valid());
  CHECK(found.fingerprint() == expected.fingerprint());
  CHECK(found.flops() == expected.flops());
  CHECK(found.bytes() == expected.bytes());
  CHECK(found.in_bounds());
  CHECK(found.extent(1, "y") == 6);
  CHECK(sizeof(found) == sizeof(expected));
}

TEST_CASE("a view borrows the arrays of the description") {
  const auto desc = lathe::describe(lathe::ops::softmax(hidden(3), hidden(5)));
  const lathe::desc_view view = desc;
  CHECK(view.stage_count == 4);
  CHECK(view.stages == desc.stage_table);
  CHECK(view.param_count == 2);
  CHECK(lathe::consumers_of(view, desc.stage("E")) == 2);
}

TEST_CASE("children come before their parents, and stages own contiguous axes") {
  const auto desc = lathe::describe(lathe::ops::conv_transpose2d(1, 4, 5, 6, 2, 4, 2, 1));
  for (int e = 0; e < desc.expr_count; ++e) {
    const lathe::desc_expr& node = desc.expr_table[e];
    CHECK(node.a < e);
    CHECK(node.b < e);
    CHECK(node.c < e);
    if (node.op != lathe::opcode::load) continue;
    const lathe::desc_access& access = desc.access_table[node.imm];
    for (int d = 0; d < desc.tensor_table[access.tensor].rank; ++d) CHECK(access.index[d] < e);
  }
  int next_axis = 0;
  for (int s = 0; s < desc.stage_count; ++s) {
    const lathe::desc_stage& stage = desc.stage_table[s];
    CHECK(stage.first_axis == next_axis);
    for (int n = 0; n < stage.spatial + stage.reduce; ++n) {
      CHECK(desc.axis_table[next_axis].stage == s);
      CHECK(desc.axis_table[next_axis++].reduce == (n >= stage.spatial));
    }
  }
  CHECK(next_axis == desc.axis_count);
}

TEST_CASE("extreme numbers are reported, not overflowed") {
  const int million = hidden(1 << 20);
  const auto huge = lathe::describe(lathe::ops::gemm(million, million, million));
  CHECK(huge.valid());
  CHECK(huge.flops() == 2.0 * (1 << 20) * (1 << 20) * (1 << 20));
  const auto beyond = lathe::describe(lathe::ops::gemm(hidden(2147483647), hidden(2147483647), 1));
  CHECK(beyond.problem.code == lathe::diagnostic::too_many_elements);
  CHECK(std::string(beyond.problem.subject) == "C");

  lathe::axis<"i"> i{INT64_MAX};
  lathe::tensor<"X", float, 1> X;
  lathe::tensor<"Y", float, 1> Y;
  const auto endless = lathe::describe(lathe::op<"endless">(X, Y)(Y(i) = X(i * 4 + 3)));
  CHECK(endless.problem.code == lathe::diagnostic::illegal_extent);

  lathe::axis<"i"> j{hidden(1000)};
  lathe::tensor<"X", float, 1> Z{8};
  const auto steep = lathe::describe(lathe::op<"steep">(Z, Y)(Y(j) = Z(j * INT64_MAX)));
  CHECK(steep.access_bounds() == lathe::bounds::unknown);
}

}  // namespace
