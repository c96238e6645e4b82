// expect-error: \[LATHE-E021\]
// External functions take up to three arguments.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = call<"f", float>(A(i), 1, 2, 3));
#else
  return op<"test">(A, C)(C(i) = call<"f", float>(A(i), 1, 2));
#endif
}

constexpr auto description_of_test = describe(test());
