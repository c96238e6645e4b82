// expect-error: \[LATHE-E069\]
// Positions mean nothing where most operands are left out.
#include <lathe/api/tune.hpp>

#include <vector>

using namespace lathe;

inline void test() {
  axis<"i"> i{8};
  tensor<"X", float, 1> X;
  tensor<"W", float, 1> W;
  tensor<"C", float, 1> C;
  std::vector<float> x(8), w(8);
  const auto kernel = compile(op<"scaled">(X, W, C)(C(i) = X(i) * W(i)), "");
#ifdef EXPECT_ERROR
  (void)kernel.bind(w);
#else
  (void)kernel.bind("W"_a = w);
#endif
}
