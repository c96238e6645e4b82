// expect-error: \[LATHE-E052\]
// The constant extent 8 is larger than the constant shape 6.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
#ifdef EXPECT_ERROR
  tensor<"A", float[6]> A;
#else
  tensor<"A", float[8]> A;
#endif
  tensor<"C", float[8]> C;
  return op<"test">(A, C)(C(i) = A(i));
}

constexpr auto description_of_test = describe(test());
