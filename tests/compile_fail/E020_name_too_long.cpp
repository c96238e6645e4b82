// expect-error: \[LATHE-E020\]
// A name has at most 31 characters.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
#ifdef EXPECT_ERROR
  tensor<"the_activations_of_the_previous_layer", float[8]> A;
#else
  tensor<"the_previous_activations", float[8]> A;
#endif
  tensor<"C", float[8]> C;
  return op<"test">(A, C)(C(i) = A(i));
}

constexpr auto description_of_test = describe(test());
