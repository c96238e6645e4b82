// expect-error: \[LATHE-E070\]
// The packed copies of the first bind() would be lost.
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
  (void)kernel.bind("W"_a = w).bind("X"_a = x);
#else
  (void)kernel.bind("W"_a = w, "X"_a = x);
#endif
}
