// expect-error: \[LATHE-E046\]
// One name, two computations.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
  tensor<"D", float[8]> D;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = A(i), C(i) = 2 * A(i));
#else
  return op<"test">(A, C, D)(C(i) = A(i), D(i) = 2 * A(i));
#endif
}

constexpr auto description_of_test = describe(test());
