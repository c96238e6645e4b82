// expect-error: \[LATHE-E026\]
// Every dimension of the result needs its axis.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C = A(i));
#else
  return op<"test">(A, C)(C(i) = A(i));
#endif
}

constexpr auto description_of_test = describe(test());
