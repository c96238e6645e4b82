// expect-error: \[LATHE-E025\]
// An expression computes nothing until it is assigned.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(A(i) * 2);
#else
  return op<"test">(A, C)(C(i) = A(i) * 2);
#endif
}

constexpr auto description_of_test = describe(test());
