// Every rule of nests is broken once, alone, in a nest that is otherwise sound.
#include <lathe/lower/verify.hpp>

#include "nests.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using enum ir::loop_kind;

namespace {

/// A nest with input A f32[4], output C f32[4], variable i < 4; `body` adds to it.
template <class Body>
std::string verdict(Body&& body) {
  test::nest_maker to;
  const auto a = to.input("A", dtype::f32, 4);
  const auto c = to.output("C", dtype::f32, 4);
  body(to, a, c, to.variable("i", 4));
  return verify(to.nest);
}

}  // namespace

TEST_CASE("verify: sound nests pass") {
  CHECK(verify(test::tiled_gemm(5, 8, 6)) == "");
  CHECK(verify(test::tiled_gemm(6, 4, 1, dtype::i32)) == "");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          to.phase(to.loop(serial, i, {to.store(c, i, to.load(a, i))}));
        }) == "");
}

TEST_CASE("verify: variables") {
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          to.phase(to.store(c, i, to.load(a, i)));
        }) == "variable 'i' is used outside its loop in C[i] = A[i]");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          const auto inner = to.loop(serial, i, {to.store(c, i, to.load(a, i))});
          to.phase(to.loop(serial, i, {inner}));
        }) == "variable 'i' is bound twice in for i < 4");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          to.phase(to.loop(serial, i, to.constant(5),
                           {to.store(c, to.constant(0), to.load(a, to.constant(0)))}));
        }) == "the trip count is above the variable's extent 4 in for i < 5");
}

TEST_CASE("verify: indices that are sure to leave their buffer") {
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          to.phase(to.loop(serial, i, {to.store(c, i, to.load(a, to.add(i, to.constant(1))))}));
        }) == "index i + 1 of 'A' reaches 4, outside [0, 4) in C[i] = A[i + 1]");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          to.phase(to.loop(serial, i, {to.store(c, to.add(i, to.constant(-1)), to.load(a, i))}));
        }) == "index i - 1 of 'C' reaches -1, outside [0, 4) in C[i - 1] = A[i]");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          (void)i;
          to.phase(to.store(c, to.constant(0), to.load(a, to.constant(7))));
        }) == "index 7 of 'A' reaches 7, outside [0, 4) in C[0] = A[7]");
}

TEST_CASE("verify: guarded indices, gathers, short loops and prefetches are not judged") {
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          const auto left = to.add(i, to.constant(-1));
          const auto inside = to.binary(opcode::greater_equal, left, to.constant(0));
          const auto value = to.x().select(inside, to.load(a, left), to.number(dtype::f32, 0));
          to.phase(to.loop(serial, i,
                           {to.prefetch(a, to.add(i, to.constant(8))), to.store(c, i, value)}));
        }) == "");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          const auto next = to.add(i, to.constant(1));
          const auto inside = to.binary(opcode::less, next, to.constant(4));
          to.phase(to.loop(serial, i, {to.branch(inside, {to.store(c, next, to.load(a, i))})}));
        }) == "");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          const auto j = to.variable("j", 4);
          const auto left = to.add(to.constant(4), to.scale(i, -1));
          to.phase(to.loop(serial, i,
                           {to.loop(serial, j, left, {to.store(c, to.add(i, j), to.load(a, j))})}));
        }) == "");
}

TEST_CASE("verify: registers are indexed statically") {
  const auto with = [](ir::loop_kind how) {
    return verdict([how](auto& to, auto a, auto c, auto i) {
      const auto t = to.buffer("T", dtype::f32, 4, ir::scope::registers);
      to.phase(to.loop(how, i, {to.store(t, i, to.load(a, i)), to.store(c, i, to.load(t, i))}));
    });
  };
  CHECK(with(unrolled) == "");
  CHECK(with(vectorized) == "");
  CHECK(with(serial) ==
        "registers 'T' are indexed by i, which is not constant after unrolling and vectorizing");
}

TEST_CASE("verify: parallel and vectorized loops") {
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          const auto inner = to.loop(parallel, i, {to.store(c, i, to.load(a, i))});
          to.phase(to.loop(serial, to.variable("j", 2), {inner}));
        }) == "a parallel loop is not a phase's outermost statement in for i < 4");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          to.phase(to.loop(parallel, i, {to.store(c, i, to.load(a, i))}));
          to.nest.phases[0].tasks = 3;
        }) == "phase 'phase0' has not as many tasks as its outermost loop has iterations");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          const auto inner = to.loop(vectorized, i, {to.store(c, i, to.load(a, i))});
          to.phase(to.loop(vectorized, to.variable("j", 2), {inner}));
        }) == "a vectorized loop is inside another in for i < 4");
}

TEST_CASE("verify: types, handles and buffers") {
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          (void)a;
          to.phase(to.loop(serial, i, {to.store(c, i, to.number(dtype::f64, 1))}));
        }) == "a value of type f64 is stored to 'C' of type f32 in C[i] = 1.0");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          const auto sum =
              to.x().binary(opcode::add, dtype::f32, to.load(a, i), to.number(dtype::f64, 1));
          to.phase(to.loop(serial, i, {to.store(c, i, sum)}));
        }).ends_with("operands differ in type"));
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          to.phase(to.loop(serial, i, {to.store(a, i, to.load(c, i))}));
        }) == "store to the input 'A'");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          const auto twice = to.store(c, i, to.load(a, i));
          to.phase(to.loop(serial, i, {twice, twice}));
        }) == "statement 0 has two parents");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          to.phase(to.loop(serial, i, {to.store(9, i, to.load(a, i))}));
          (void)c;
        }) == "statement 0: no buffer or no i64 index");
  CHECK(verdict([](auto& to, auto a, auto c, auto i) {
          to.buffer("T", dtype::f32, 4, ir::scope::scratch);
          to.buffer("W", dtype::f32, 4, ir::scope::workspace);
          to.phase(to.loop(serial, i, {to.store(c, i, to.load(a, i))}));
        }) == "buffer 'W' is listed after buffers of a narrower scope");
}
