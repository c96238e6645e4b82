// expect-error: \[LATHE-E030\]
// A comparison has no arithmetic.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = (A(i) > 0) * A(i));
#else
  return op<"test">(A, C)(C(i) = select(A(i) > 0, A(i), 0));
#endif
}

constexpr auto description_of_test = describe(test());
