// The oracle: right values in wide precision, magnitudes, and every kind of mistake it must report.
#include <lathe/lower/interpret.hpp>

#include "nests.hpp"
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <doctest/doctest.h>

using namespace lathe;
using enum ir::loop_kind;

namespace {

template <class Element>
std::span<const std::byte> bytes(const std::vector<Element>& of) {
  return std::as_bytes(std::span(of));
}

using inputs = std::vector<std::span<const std::byte>>;

/// C[0] = value, for rules of single expressions.
interpretation value_of(test::nest_maker& to, ir::expr value, const inputs& given = {}) {
  const auto c = to.output("C", to.x()[value].type, 1);
  to.phase(to.store(c, to.constant(0), value));
  return interpret(to.nest, given);
}

/// for i < 4: body(i), writing all of C[4].
template <class Body>
std::string error_of(Body&& body) {
  test::nest_maker to;
  const auto c = to.output("C", dtype::f32, 4);
  const auto i = to.variable("i", 4);
  body(to, c, i);
  return interpret(to.nest, {}).error;
}

}  // namespace

TEST_CASE("interpret: packed gemm with register tile, tail and parallel rows") {
  for (const auto& [m, n, k] : {std::array{5, 8, 6}, std::array{6, 4, 3}, std::array{7, 12, 1}}) {
    std::vector<float> a(static_cast<std::size_t>(m * k)), b(static_cast<std::size_t>(k * n));
    for (std::size_t at = 0; at < a.size(); ++at) a[at] = static_cast<float>(at % 5) - 2;
    for (std::size_t at = 0; at < b.size(); ++at) b[at] = static_cast<float>(at % 7) - 3;
    const interpretation got = interpret(test::tiled_gemm(m, n, k), inputs{bytes(a), bytes(b), {}});
    REQUIRE(got.error == "");
    REQUIRE(got.outputs.size() == 1);
    for (int i = 0; i < m; ++i)
      for (int j = 0; j < n; ++j) {
        double sum = 0, size = 0;
        for (int kk = 0; kk < k; ++kk) {
          const double term =
              a[static_cast<std::size_t>(i * k + kk)] * b[static_cast<std::size_t>(kk * n + j)];
          sum += term;
          size += std::abs(term);
        }
        CHECK(got.outputs[0].value[static_cast<std::size_t>(i * n + j)] == sum);
        CHECK(got.outputs[0].magnitude[static_cast<std::size_t>(i * n + j)] == size);
      }
  }
}

TEST_CASE("interpret: f32 intermediates are kept in double") {
  test::nest_maker to;
  const auto c = to.output("C", dtype::f32, 1);
  const auto w = to.buffer("W", dtype::f32, 1, ir::scope::workspace);
  const auto zero = to.constant(0);
  // (2^24 + 1) - 2^24 through a workspace: 0 in f32, 1 in double.
  to.phase(to.store(
      w, zero, to.binary(opcode::add, to.number(dtype::f32, 16777216), to.number(dtype::f32, 1))));
  to.phase(
      to.store(c, zero, to.binary(opcode::sub, to.load(w, zero), to.number(dtype::f32, 16777216))));
  const interpretation got = interpret(to.nest, {});
  CHECK(got.error == "");
  CHECK(got.outputs[0].value[0] == 1);
  CHECK(got.outputs[0].magnitude[0] == 2.0 * 16777216 + 1);
}

TEST_CASE("interpret: literals have the precision of their type") {
  test::nest_maker one, two;
  CHECK(value_of(one, one.number(dtype::f32, 0.1)).outputs[0].value[0] ==
        static_cast<double>(0.1f));
  CHECK(value_of(two, two.number(dtype::f64, 0.1)).outputs[0].value[0] == 0.1);
}

TEST_CASE("interpret: a magnitude is the same however a factor is placed") {
  const auto magnitude = [](bool inside) {
    test::nest_maker to;
    const auto f = [&](double value) { return to.number(dtype::f64, value); };
    const auto mul = [&](ir::expr left, ir::expr right) {
      return to.binary(opcode::mul, left, right);
    };
    const ir::expr value = inside ? to.binary(opcode::add, mul(f(3), f(5)), mul(f(3), f(-4)))
                                  : mul(f(3), to.binary(opcode::add, f(5), f(-4)));
    const interpretation got = value_of(to, value);
    CHECK(got.outputs[0].value[0] == 3);
    return got.outputs[0].magnitude[0];
  };
  CHECK(magnitude(true) == 27);
  CHECK(magnitude(false) == 27);
}

TEST_CASE("interpret: functions and what they do to the error") {
  test::nest_maker to;
  const auto x = to.binary(opcode::sub, to.number(dtype::f64, 101), to.number(dtype::f64, 100));
  const interpretation got = value_of(to, to.unary(opcode::exp, x));
  CHECK(got.outputs[0].value[0] == doctest::Approx(std::exp(1.0)));
  CHECK(got.outputs[0].magnitude[0] == doctest::Approx(std::exp(1.0) * 202));
}

TEST_CASE("interpret: integers are exact and wrap in their type") {
  const auto run = [](opcode fn, dtype type, std::int64_t left, std::int64_t right) {
    test::nest_maker to;
    const auto value =
        to.x().binary(fn, type, to.x().literal(type, left, 0), to.x().literal(type, right, 0));
    return value_of(to, value).outputs[0].integers[0];
  };
  CHECK(run(opcode::add, dtype::i8, 100, 100) == -56);
  CHECK(run(opcode::mul, dtype::u8, 16, 17) == 16);
  CHECK(run(opcode::add, dtype::i32, INT32_MAX, 1) == INT32_MIN);
  CHECK(run(opcode::div, dtype::i32, -7, 2) == -3);
  CHECK(run(opcode::mod, dtype::i32, -7, 2) == -1);
  CHECK(run(opcode::div, dtype::i32, INT32_MIN, -1) == INT32_MIN);

  test::nest_maker to;
  const auto a = to.input("A", dtype::i64, 1);
  const std::vector<std::int64_t> data{INT64_MIN};
  const auto tripled = to.scale(to.load(a, to.constant(0)), 3);
  CHECK(value_of(to, tripled, inputs{bytes(data)}).outputs[0].integers[0] == INT64_MIN);
}

TEST_CASE("interpret: i8 dot product accumulates in i32, floor division rounds down") {
  test::nest_maker to;
  const auto a = to.input("A", dtype::i8, 6);
  const auto c = to.output("C", dtype::i32, 6);
  const auto i = to.variable("i", 6);
  const auto wide = to.x().cast(dtype::i32, to.load(a, i));
  const auto bucket = to.x().floor_div(to.add(i, to.constant(-3)), 2);  // -2 -1 -1 0 0 1
  const auto product = to.binary(opcode::mul, wide, wide);
  to.phase(
      to.loop(serial, i,
              {to.store(c, i, to.binary(opcode::add, product, to.x().cast(dtype::i32, bucket)))}));
  const std::vector<std::int8_t> data{-128, 100, 3, 127, -5, 0};
  const interpretation got = interpret(to.nest, inputs{bytes(data)});
  CHECK(got.error == "");
  CHECK(got.outputs[0].integers == std::vector<std::int64_t>{16382, 9999, 8, 16129, 25, 1});
}

TEST_CASE("interpret: select is lazy, gathers read what the index tensor says") {
  test::nest_maker to;
  const auto x = to.input("X", dtype::f32, 4), s = to.input("S", dtype::i32, 4);
  const auto c = to.output("C", dtype::f32, 6);
  const auto i = to.variable("i", 6);
  const auto at = to.add(i, to.constant(-1));  // -1 .. 4: outside at both ends
  const auto inside =
      to.binary(opcode::logical_and, to.binary(opcode::greater_equal, at, to.constant(0)),
                to.binary(opcode::less, at, to.constant(4)));
  const auto gathered = to.load(x, to.x().cast(dtype::i64, to.load(s, at)));
  to.phase(to.loop(vectorized, i,
                   {to.store(c, i, to.x().select(inside, gathered, to.number(dtype::f32, 9)))}));
  const std::vector<float> data{10, 20, 30, 40};
  const std::vector<std::int32_t> order{3, 1, 0, 2};
  const interpretation got = interpret(to.nest, inputs{bytes(data), bytes(order), {}});
  CHECK(got.error == "");
  CHECK(got.outputs[0].value == std::vector<double>{9, 40, 20, 10, 30, 9});

  const std::vector<std::int32_t> wrong{3, 1, 4, 2};
  CHECK(interpret(to.nest, inputs{bytes(data), bytes(wrong), {}})
            .error.starts_with("X[4] is out of range: 'X' has 4 elements, in C[i] = select("));
}

TEST_CASE("interpret: external functions by name") {
  test::nest_maker to;
  const ir::expr arguments[] = {to.number(dtype::f64, 3), to.number(dtype::f64, 4)};
  const auto value = to.x().call("hypotenuse", dtype::f64, arguments);
  const auto c = to.output("C", dtype::f64, 1);
  to.phase(to.store(c, to.constant(0), value));
  const external_function known[] = {
      {"hypotenuse", [](const external_value* x, external_value* result) {
         result->real = std::hypot(x[0].real, x[1].real);
       }}};
  CHECK(interpret(to.nest, {}, known).outputs[0].value[0] == 5);
  CHECK(interpret(to.nest, {})
            .error.starts_with("the external function 'hypotenuse' is not registered"));
}

TEST_CASE("interpret: shared subexpressions cost their size as a graph") {
  test::nest_maker to;
  ir::expr value = to.number(dtype::f64, 1);
  for (int level = 0; level < 60; ++level) value = to.binary(opcode::add, value, value);
  CHECK(value_of(to, value).outputs[0].value[0] == std::ldexp(1.0, 60));
}

TEST_CASE("interpret: mistakes are named") {
  const auto one = [](test::nest_maker& to) { return to.number(dtype::f32, 1); };
  CHECK(error_of([&](auto& to, auto c, auto i) {
          to.phase(to.loop(serial, i, {to.store(c, to.add(i, to.constant(1)), one(to))}));
        }) == "C[4] is out of range: 'C' has 4 elements, in C[i + 1] = 1.0f");
  CHECK(error_of([&](auto& to, auto c, auto i) {
          to.phase(to.loop(serial, i, {to.store(c, to.x().floor_div(i, 2), one(to))}));
        }) == "output C[2] is never written");
  CHECK(error_of([&](auto& to, auto c, auto i) {
          const auto w = to.buffer("W", dtype::f32, 4, ir::scope::workspace);
          to.phase(to.loop(serial, i, {to.store(c, i, to.load(w, i))}));
        }) == "W[0] is read before it is written, in C[i] = W[i]");
  CHECK(error_of([&](auto& to, auto c, auto i) {
          to.phase(to.loop(parallel, i, {to.store(c, to.x().floor_div(i, 2), one(to))}));
        }) == "tasks 0 and 1 both write C[0], in C[i/2] = 1.0f");
  CHECK(error_of([&](auto& to, auto c, auto i) {
          const auto t = to.buffer("T", dtype::f32, 1, ir::scope::scratch);
          const auto first = to.binary(opcode::equal, i, to.constant(0));
          to.phase(to.loop(parallel, i,
                           {to.branch(first, {to.store(t, to.constant(0), one(to))}),
                            to.store(c, i, to.load(t, to.constant(0)))}));
        }) == "T[0] is read before it is written, in C[i] = T[0]");
  CHECK(error_of([&](auto& to, auto c, auto i) {
          to.phase(to.loop(serial, i, to.constant(5), {to.store(c, i, one(to))}));
        }) == "trip count 5 is outside [0, 4], in for i < 5");
  CHECK(error_of([&](auto& to, auto c, auto i) {
          to.phase(to.store(c, i, one(to)));
        }).starts_with("loop variable 'i' is used outside its loop"));
  CHECK(error_of([&](auto& to, auto c, auto i) {
          const auto big = to.x().cast(dtype::i32, to.number(dtype::f32, 3e9));
          to.phase(to.loop(serial, i, {to.store(c, i, to.x().cast(dtype::f32, big))}));
        }).starts_with("3000000000.000000 does not fit into i32"));
  CHECK(error_of([&](auto& to, auto c, auto i) {
          const auto zero = to.binary(opcode::sub, i, i);
          const auto quotient = to.x().binary(opcode::div, dtype::i32, to.number(dtype::i32, 3),
                                              to.x().cast(dtype::i32, zero));
          to.phase(to.loop(serial, i, {to.store(c, i, to.x().cast(dtype::f32, quotient))}));
        }).starts_with("division of integers by zero"));
}

TEST_CASE("interpret: inputs are checked, stores to them refused") {
  test::nest_maker to;
  const auto a = to.input("A", dtype::f32, 2);
  to.phase(to.store(a, to.constant(0), to.number(dtype::f32, 1)));
  CHECK(interpret(to.nest, {}).error == "parameter 'A' has 0 bytes, expected 8");
  const std::vector<float> data(2);
  CHECK(interpret(to.nest, inputs{bytes(data)}).error.starts_with("store to the input 'A'"));
}

TEST_CASE("interpret: elements of outputs are rounded to their type") {
  const wide_buffer numbers{"C", dtype::f32, {0.1, -1}, {0.1, 1}, {}};
  const std::vector<float> wanted{0.1f, -1};
  CHECK(std::ranges::equal(to_elements(numbers), std::as_bytes(std::span(wanted))));
  const wide_buffer integers{"C", dtype::i8, {}, {}, {-3, 7}};
  CHECK(to_elements(integers) == std::vector<std::byte>{std::byte{0xfd}, std::byte{7}});
}
