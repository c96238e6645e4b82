// Broken rules about numbers at run time: the same ids and texts as at compile time, with the names
// and numbers involved.
#include <lathe/analysis/checked.hpp>
#include <lathe/ops/linear_algebra.hpp>

#include <doctest/doctest.h>
#include <string>

namespace {

template <class Operation>
std::string message_of(const Operation& operation) {
  try {
    (void)lathe::checked_describe(operation);
  } catch (const lathe::error& failure) {
    return failure.what();
  }
  return "";
}

auto shifted(int size, int shape, int offset) {
  lathe::axis<"i"> i{size};
  lathe::tensor<"X", float, 1> X{shape};
  lathe::tensor<"Y", float, 1> Y;
  return lathe::op<"shifted">(X, Y)(Y(i) = X(i + offset));
}

TEST_CASE("a valid operator is described") {
  CHECK(lathe::checked_describe(lathe::ops::gemm(2, 3, 4)).trip_count(0) == 24);
}

TEST_CASE("an illegal extent names axis, statement and number") {
  CHECK(message_of(lathe::ops::gemm(2, 0, 4)) ==
        "[LATHE-E027] an axis or a dimension has no extent of 1 to 2^40: give it one ('j' in the "
        "statement of "
        "'C': 0 against 1)");
}

TEST_CASE("an index out of bounds names the tensor, the index and the extent") {
  CHECK(message_of(shifted(8, 8, 1)) ==
        "[LATHE-E052] an index leaves the tensor's shape: guard it with select(...) ('X' in the "
        "statement of 'Y': 8 against 8)");
  CHECK(message_of(shifted(8, 9, 1)).empty());
  CHECK(message_of(shifted(8, 9, -1)).find("-1 against 9") != std::string::npos);
}

TEST_CASE("two extents of one axis") {
  lathe::axis<"i"> i{8};
  lathe::axis<"k"> k{4};
  lathe::axis<"k"> other{5};
  lathe::tensor<"X", float, 2> X;
  lathe::tensor<"Y", float, 1> Y;
  const auto operation = lathe::op<"two">(X, Y)(Y(i) = lathe::sum(k)(X(i, other)));
  CHECK(message_of(operation).find("[LATHE-E043]") == 0);
  CHECK(message_of(operation).find("'k' in the statement of 'Y': 5 against 4") !=
        std::string::npos);
}

TEST_CASE("a declared output larger than its axes, a bad divisor, an unknown shape") {
  lathe::axis<"i"> i{8};
  lathe::tensor<"X", float, 1> X;
  lathe::tensor<"Y", float, 1> Y{10};
  CHECK(message_of(lathe::op<"copy">(X, Y)(Y(i) = X(i))).find("[LATHE-E054]") == 0);

  lathe::tensor<"Y", float, 1> Z;
  CHECK(message_of(lathe::op<"copy">(X, Z)(Z(i) = X(i % 0))).find("[LATHE-E057]") == 0);
  CHECK(message_of(lathe::op<"copy">(X, Z)(Z(i) = lathe::select(i > 2, X(i - 2), 0)))
            .find("[LATHE-E056]") == 0);
}

TEST_CASE("ids and texts of all rules about numbers") {
  using lathe::diagnostic;
  for (diagnostic code : {diagnostic::illegal_extent, diagnostic::unbound_axis,
                          diagnostic::out_of_bounds, diagnostic::divisor_below_one}) {
    const std::string text = lathe::text_of(code);
    const int number = static_cast<int>(code);
    CHECK(text.substr(0, 13) == "[LATHE-E0" + std::to_string(number) + "] ");
  }
}

}  // namespace
