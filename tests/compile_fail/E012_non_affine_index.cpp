// expect-error: \[LATHE-E012\]
// The product of two axes is not affine.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  axis<"k", 8> k;
  tensor<"A", float[64]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = sum(k)(A(i * k)));
#else
  return op<"test">(A, C)(C(i) = sum(k)(A(i * 8 + k)));
#endif
}

constexpr auto description_of_test = describe(test());
