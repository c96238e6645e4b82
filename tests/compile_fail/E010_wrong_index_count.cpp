// expect-error: \[LATHE-E010\]
// A is a matrix: it takes two indices.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  axis<"j", 8> j;
  axis<"k", 8> k;
  tensor<"A", float[8][8]> A;
  tensor<"C", float[8][8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i, j) = A(i, k, j));
#else
  return op<"test">(A, C)(C(i, j) = A(i, j));
#endif
}

constexpr auto description_of_test = describe(test());
