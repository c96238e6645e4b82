// expect-error: \[LATHE-E027\]
// A loop without iterations is a mistake.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
#ifdef EXPECT_ERROR
  axis<"i", 0> i;
#else
  axis<"i", 8> i;
#endif
  tensor<"A", float, 1> A;
  tensor<"C", float, 1> C;
  return op<"test">(A, C)(C(i) = A(i));
}

constexpr auto description_of_test = describe(test());
