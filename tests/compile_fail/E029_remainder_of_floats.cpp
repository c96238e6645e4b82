// expect-error: \[LATHE-E029\]
// % is for integers.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = A(i) % 2.5f);
#else
  return op<"test">(A, C)(C(i) = A(i) - 2.5f * floor(A(i) / 2.5f));
#endif
}

constexpr auto description_of_test = describe(test());
