// expect-error: \[LATHE-E053\]
// One tensor, declared twice with two shapes.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  tensor<"A", float[9]> again;
#else
  tensor<"A", float[8]> again;
#endif
  return op<"test">(A, C)(C(i) = A(i) + again(i));
}

constexpr auto description_of_test = describe(test());
