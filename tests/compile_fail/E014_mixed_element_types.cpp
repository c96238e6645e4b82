// expect-error: \[LATHE-E014\]
// float and double do not mix silently.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", double[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = 2.0 * C(i) + A(i));
#else
  return op<"test">(A, C)(C(i) = 2.0 * cast<double>(A(i)));
#endif
}

constexpr auto description_of_test = describe(test());
