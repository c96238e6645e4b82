// expect-error: \[LATHE-E013\]
// An axis is a loop; its value needs a cast.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = A(i) * i);
#else
  return op<"test">(A, C)(C(i) = A(i) * cast<float>(i));
#endif
}

constexpr auto description_of_test = describe(test());
