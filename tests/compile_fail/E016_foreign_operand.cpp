// expect-error: \[LATHE-E016\]
// A string is not an operand.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = A(i) + "one");
#else
  return op<"test">(A, C)(C(i) = A(i) + 1);
#endif
}

constexpr auto description_of_test = describe(test());
