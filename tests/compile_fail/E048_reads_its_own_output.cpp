// expect-error: \[LATHE-E048\]
// In-place updates need the old values as an input.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
  tensor<"old", float[8]> old;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = C(i) + A(i));
#else
  return op<"test">(A, old, C)(C(i) = old(i) + A(i));
#endif
}

constexpr auto description_of_test = describe(test());
