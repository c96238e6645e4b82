// expect-error: \[LATHE-E058\]
// A tensor has at most 2^40 elements, so that no size overflows.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test(std::int64_t rows) {
  axis<"i"> i{rows};
  axis<"j"> j{1 << 20};
  tensor<"A", float, 1> A;
  tensor<"C", float, 2> C;
  return op<"test">(A, C)(C(i, j) = A(i));
}

#ifdef EXPECT_ERROR
constexpr auto description_of_test = describe_static([] { return test((1 << 20) + 1); });
#else
constexpr auto description_of_test = describe_static([] { return test(1 << 20); });
#endif
