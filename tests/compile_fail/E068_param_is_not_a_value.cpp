// expect-error: \[LATHE-E068\]
// A fraction for a param of integers.
#include <lathe/api/evaluate.hpp>

#include <vector>

using namespace lathe;

inline void test() {
  axis<"i"> i{8};
  param<"s", int> s;
  tensor<"A", float, 1> A;
  tensor<"C", float, 1> C;
  std::vector<float> a(8), c(8);
  const auto twice = op<"twice">(s, A, C)(C(i) = cast<float>(s) * A(i));
#ifdef EXPECT_ERROR
  evaluate(twice, 2.5, a, c);
#else
  evaluate(twice, 2, a, c);
#endif
}
