// expect-error: \[LATHE-E023\]
// An element type needs a rank beside it.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
#ifdef EXPECT_ERROR
  tensor<"A", float> A;
#else
  tensor<"A", float, 1> A;
#endif
  tensor<"C", float[8]> C;
  return op<"test">(A, C)(C(i) = A(i));
}

constexpr auto description_of_test = describe(test());
