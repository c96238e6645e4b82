// expect-error: \[LATHE-E056\]
// What is read under select only has no shape of its own.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i"> i{8};
#ifdef EXPECT_ERROR
  tensor<"A", float, 1> A;
#else
  tensor<"A", float, 1> A{6};
#endif
  tensor<"C", float, 1> C;
  return op<"test">(A, C)(C(i) = select(i < 6, A(i), 0));
}

constexpr auto description_of_test = describe_static([] { return test(); });
