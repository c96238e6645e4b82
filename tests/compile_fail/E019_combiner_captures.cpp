// expect-error: \[LATHE-E019\]
// The combiner becomes part of the type: it has no room for captured values.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  axis<"j", 8> j;
  axis<"k", 8> k;
  tensor<"A", float[8][8]> A;
  tensor<"C", float[8][8]> C;
  float scale = 2;
#ifdef EXPECT_ERROR
  reducer largest(0.0, [scale](auto a, auto b) { return max(a, scale * b); });
#else
  reducer largest(0.0, [](auto a, auto b) { return max(a, 2.f * b); });
#endif
  tensor<"c", float[8]> c;
#ifdef EXPECT_ERROR
  return op<"test">(A, c)(c(i) = largest(k)(A(i, k)));
#else
  return op<"test">(A, c)(c(i) = scale * largest(k)(A(i, k)));
#endif
}

constexpr auto description_of_test = describe(test());
