// The text of nests and expressions: golden, and independent of the order expressions were made in.
#include <lathe/lower/print.hpp>

#include "nests.hpp"
#include <doctest/doctest.h>

using namespace lathe;

TEST_CASE("print: linear indices put the largest stride first and the constant last") {
  test::nest_maker to;
  const auto i = to.variable("i", 8), j = to.variable("j", 16);
  const auto a = to.input("A", dtype::f32, 1024);
  const std::string names[] = {"A"};
  const auto text = [&](ir::expr each) { return to_text(to.x(), each, names); };

  CHECK(text(to.load(a, to.add(j, to.scale(i, 64)))) == "A[i*64 + j]");
  CHECK(text(to.add(to.scale(i, -3), to.constant(100))) == "100 - i*3");
  CHECK(text(to.add(to.scale(i, -3), to.scale(j, 2))) == "j*2 - i*3");
  CHECK(text(to.add(j, to.constant(-1))) == "j - 1");
  CHECK(text(to.scale(i, -1)) == "-i");
  CHECK(text(to.constant(-7)) == "-7");
  CHECK(text(to.x().floor_div(to.add(i, to.scale(j, 3)), 5)) == "(j*3 + i)/5");
  CHECK(text(to.scale(to.x().floor_mod(j, 5), 2)) == "(j%5)*2");
  CHECK(text(to.add(to.x().floor_div(j, 5), i)) == "i + j/5");
}

TEST_CASE("print: parentheses only where they change the value") {
  test::nest_maker to;
  const auto a = to.input("A", dtype::f32, 8), s = to.input("S", dtype::i32, 8);
  const std::string names[] = {"A", "S"};
  const auto text = [&](ir::expr each) { return to_text(to.x(), each, names); };
  const auto p = to.load(a, to.constant(0)), q = to.load(a, to.constant(1));

  CHECK(text(to.binary(opcode::mul, to.binary(opcode::add, p, q), q)) == "(A[0] + A[1]) * A[1]");
  CHECK(text(to.binary(opcode::add, to.binary(opcode::mul, p, q), q)) == "A[0] * A[1] + A[1]");
  CHECK(text(to.binary(opcode::sub, p, to.binary(opcode::sub, q, p))) == "A[0] - (A[1] - A[0])");
  CHECK(text(to.binary(opcode::max, p, to.number(dtype::f32, 0))) == "max(A[0], 0.0f)");
  CHECK(text(to.unary(opcode::exp, to.unary(opcode::neg, p))) == "exp(-A[0])");
  const auto t = to.load(s, to.constant(2));
  CHECK(text(to.binary(opcode::div, t, to.number(dtype::i32, 3))) == "div(S[2], i32(3))");
  CHECK(text(to.x().cast(dtype::i64, t)) == "i64(S[2])");
  const auto less = to.binary(opcode::less, p, q);
  CHECK(text(to.x().select(to.unary(opcode::logical_not, less), p, q)) ==
        "select(!(A[0] < A[1]), A[0], A[1])");
  const ir::expr arguments[] = {p, q};
  CHECK(text(to.x().call("f", dtype::f32, arguments)) == "f(A[0], A[1])");
}

TEST_CASE("print: an expression's text does not depend on the order of making") {
  test::nest_maker one, two;
  const auto i = one.variable("i", 8), j = one.variable("j", 8);
  const auto v = two.variable("j", 8), u = two.variable("i", 8);
  CHECK(to_text(one.x(), one.add(i, j)) == to_text(two.x(), two.add(v, u)));
}

TEST_CASE("print: golden text of a packed gemm with a register tile and a tail") {
  CHECK(to_text(test::tiled_gemm(5, 8, 6)) == R"(nest gemm
  param A f32[30]
  param B f32[48]
  output C f32[40]
  workspace Bp f32[48]
  registers C_acc f32[12]
phase0
  for j0 < 2
    for k < 6
      vectorized j1 < 4
        Bp[j0*24 + k*4 + j1] = B[k*8 + j0*4 + j1]
phase1 parallel
  parallel i0 < 2
    for j0 < 2
      if 5 - i0*3 >= 3
        unrolled i1 < 3
          vectorized j1 < 4
            C_acc[i1*4 + j1] = 0.0f
        for k < 6
          unrolled i1 < 3
            vectorized j1 < 4
              C_acc[i1*4 + j1] = C_acc[i1*4 + j1] + A[i0*18 + i1*6 + k] * Bp[j0*24 + k*4 + j1]
        unrolled i1 < 3
          vectorized j1 < 4
            C[i0*24 + i1*8 + j0*4 + j1] = C_acc[i1*4 + j1]
      else
        unrolled i1 < 2
          vectorized j1 < 4
            C_acc[i1*4 + j1] = 0.0f
        for k < 6
          unrolled i1 < 2
            vectorized j1 < 4
              C_acc[i1*4 + j1] = C_acc[i1*4 + j1] + A[i0*18 + i1*6 + k] * Bp[j0*24 + k*4 + j1]
        unrolled i1 < 2
          vectorized j1 < 4
            C[i0*24 + i1*8 + j0*4 + j1] = C_acc[i1*4 + j1]
)");
}

TEST_CASE("print: loops inside each other get different names") {
  test::nest_maker to;
  to.nest.name = "rows";
  const auto c = to.output("C", dtype::f32, 6);
  const auto outer = to.variable("i", 2), inner = to.variable("i", 3);
  const auto most = to.add(to.scale(outer, 3), to.constant(1));
  const auto least = to.binary(opcode::min, to.constant(3), most);
  to.phase(to.loop(
      ir::loop_kind::serial, outer,
      {to.loop(ir::loop_kind::vectorized, inner, least,
               {to.store(c, to.add(to.scale(outer, 3), inner), to.number(dtype::f32, 1))})}));
  CHECK(to_text(to.nest) == R"(nest rows
  output C f32[6]
phase0
  for i < 2
    vectorized i_2 < min(3, i*3 + 1) lanes 3
      C[i*3 + i_2] = 1.0f
)");
}
