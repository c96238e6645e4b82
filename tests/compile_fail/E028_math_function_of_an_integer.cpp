// expect-error: \[LATHE-E028\]
// exp is defined on floating-point numbers.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", int[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = cast<float>(exp(A(i))));
#else
  return op<"test">(A, C)(C(i) = exp(cast<float>(A(i))));
#endif
}

constexpr auto description_of_test = describe(test());
