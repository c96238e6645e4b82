// expect-error: \[LATHE-E033\]
// f16 and bf16 are converted before they are computed with.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  axis<"k", 8> k;
  tensor<"A", bf16[8][8]> A;
  tensor<"B", f16[8]> B;
  tensor<"C", f16[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, B, C)(C(i) = B(i) + cast<f16>(sum(k)(cast<float>(A(i, k)))));
#else
  return op<"test">(A, B, C)(C(i) = cast<f16>(cast<float>(B(i)) + sum(k)(cast<float>(A(i, k)))));
#endif
}

constexpr auto description_of_test = describe(test());
