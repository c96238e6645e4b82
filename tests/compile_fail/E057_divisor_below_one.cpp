// expect-error: \[LATHE-E057\]
// Indices are divided by positive constants.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test(int block) {
  axis<"i"> i{8};
  tensor<"A", float, 1> A;
  tensor<"C", float, 1> C;
  return op<"test">(A, C)(C(i) = A(i / block));
}

#ifdef EXPECT_ERROR
constexpr auto description_of_test = describe_static([] { return test(0); });
#else
constexpr auto description_of_test = describe_static([] { return test(2); });
#endif
