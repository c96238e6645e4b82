// expect-error: \[LATHE-E050\]
// B is computed for nobody.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
  tensor<"B", float[8]> B;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(B(i) = 2 * A(i), C(i) = A(i));
#else
  return op<"test">(A, C)(B(i) = 2 * A(i), C(i) = B(i));
#endif
}

constexpr auto description_of_test = describe(test());
