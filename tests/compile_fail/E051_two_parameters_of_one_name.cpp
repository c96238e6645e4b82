// expect-error: \[LATHE-E051\]
// Calls by name could not tell them apart.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  tensor<"A", float[8]> B;
#else
  tensor<"B", float[8]> B;
#endif
  return op<"test">(A, B, C)(C(i) = A(i) * B(i));
}

constexpr auto description_of_test = describe(test());
