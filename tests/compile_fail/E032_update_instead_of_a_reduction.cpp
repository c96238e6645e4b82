// expect-error: \[LATHE-E032\]
// A sum is written as a reduction, not as an update.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  axis<"j", 8> j;
  axis<"k", 8> k;
  tensor<"A", float[8][8]> A;
  tensor<"C", float[8][8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i, j) += A(i, k) * A(k, j));
#else
  return op<"test">(A, C)(C(i, j) = sum(k)(A(i, k) * A(k, j)));
#endif
}

constexpr auto description_of_test = describe(test());
