// expect-error: \[LATHE-E045\]
// B is not in the parameter list.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
  tensor<"B", float[8]> B;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = A(i) * B(i));
#else
  return op<"test">(A, B, C)(C(i) = A(i) * B(i));
#endif
}

constexpr auto description_of_test = describe(test());
