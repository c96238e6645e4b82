// expect-error: \[LATHE-E011\]
// A floating-point tensor cannot be an index.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = A(A(i)));
#else
  return op<"test">(A, C)(C(i) = A(cast<int>(A(i))));
#endif
}

constexpr auto description_of_test = describe(test());
