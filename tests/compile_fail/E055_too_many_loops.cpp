// expect-error: \[LATHE-E055\]
// 17 loops in one statement.
#include <lathe/analysis/describe.hpp>

using namespace lathe;

constexpr auto test() {
  axis<"i", 8> i;
  tensor<"A", float[8]> A;
  tensor<"C", float[8]> C;
  axis<"r1", 2> r1;
  axis<"r2", 2> r2;
  axis<"r3", 2> r3;
  axis<"r4", 2> r4;
  axis<"r5", 2> r5;
  axis<"r6", 2> r6;
  axis<"r7", 2> r7;
  axis<"r8", 2> r8;
  axis<"r9", 2> r9;
  axis<"r10", 2> r10;
  axis<"r11", 2> r11;
  axis<"r12", 2> r12;
  axis<"r13", 2> r13;
  axis<"r14", 2> r14;
  axis<"r15", 2> r15;
  axis<"r16", 2> r16;
#ifdef EXPECT_ERROR
  return op<"test">(A, C)(
      C(i) = sum(r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15, r16)(A(i)));
#else
  return op<"test">(
      A, C)(C(i) = sum(r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, r12, r13, r14, r15)(A(i)));
#endif
}

constexpr auto description_of_test = describe(test());
