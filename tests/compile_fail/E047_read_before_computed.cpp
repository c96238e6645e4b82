// expect-error: \[LATHE-E047\]
// Statements run in the order written.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
  tensor<"B", float[8]> B;
#ifdef EXPECT_ERROR
  return op<"test">(A, B, C)(C(i) = B(i) + 1, B(i) = A(i));
#else
  return op<"test">(A, B, C)(B(i) = A(i), C(i) = B(i) + 1);
#endif
}

constexpr auto description_of_test = describe(test());
