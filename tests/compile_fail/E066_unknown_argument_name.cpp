// expect-error: \[LATHE-E066\]
// There is no parameter B.
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
  evaluate(twice, "s"_a = 2, "B"_a = a, "C"_a = c);
#else
  evaluate(twice, "s"_a = 2, "A"_a = a, "C"_a = c);
#endif
}
