// expect-error: \[LATHE-E022\]
// short is not in the list of element types.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(C(i) = cast<float>(cast<short>(A(i))));
#else
  return op<"test">(A, C)(C(i) = cast<float>(cast<int>(A(i))));
#endif
}

constexpr auto description_of_test = describe(test());
