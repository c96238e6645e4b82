// expect-error: \[LATHE-E033\]
// bf16 is converted before it is computed with.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  axis<"k", 8> k;
  tensor<"A", bf16[8][8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = sum(k)(A(i, k)));
#else
  return op<"test">(A, C)(C(i) = sum(k)(cast<float>(A(i, k))));
#endif
}

constexpr auto description_of_test = describe(test());
