// expect-error: \[LATHE-E054\]
// Elements 8 and 9 of C would never be written.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
#ifdef EXPECT_ERROR
  tensor<"C", float[10]> C;
#else
  tensor<"C", float[8]> C;
#endif
  return op<"test">(A, C)(C(i) = A(i));
}

constexpr auto description_of_test = describe(test());
