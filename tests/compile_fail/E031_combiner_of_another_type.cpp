// expect-error: \[LATHE-E031\]
// The combiner must stay in the reduced type.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  axis<"k", 8> k;
  tensor<"A", float[8][8]> A;
  tensor<"c", float[8]> c;
#ifdef EXPECT_ERROR
  reducer any(0.0, [](auto a, auto b) { return a > b; });
#else
  reducer any(0.0, [](auto a, auto b) { return select(a > b, a, b); });
#endif
  return op<"test">(A, c)(c(i) = any(k)(A(i, k)));
}

constexpr auto description_of_test = describe(test());
