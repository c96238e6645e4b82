// expect-error: \[LATHE-E018\]
// A reduction runs over axes, not over index expressions.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  axis<"j", 8> j;
  axis<"k", 8> k;
  tensor<"A", float[8][8]> A;
  tensor<"C", float[8][8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i, j) = sum(k + 1)(A(i, k)));
#else
  return op<"test">(A, C)(C(i, j) = sum(k)(A(i, k) * A(k, j)));
#endif
}

constexpr auto description_of_test = describe(test());
