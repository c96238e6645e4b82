// expect-error: \[LATHE-E043\]
// The two k are different loops of one name.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  axis<"j", 8> j;
  axis<"k", 8> k;
  tensor<"A", float[8][8]> A;
  tensor<"C", float[8][8]> C;
  axis<"k", 4> half;
  tensor<"c", float[8]> c;
#ifdef EXPECT_ERROR
  return op<"test">(A, c)(c(i) = sum(k)(A(i, k)) + sum(half)(A(i, k)));
#else
  return op<"test">(A, c)(c(i) = sum(k)(A(i, k)) + sum(half)(A(i, half)));
#endif
}

constexpr auto description_of_test = describe(test());
