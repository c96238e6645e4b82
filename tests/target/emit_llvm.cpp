// Properties of the emitted LLVM text that random tests found to matter, and what is refused.
#include <lathe/analysis/describe.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/target/cpu/emit_llvm.hpp>

#include "host_jit.hpp"
#include <doctest/doctest.h>
#include <string>

using namespace lathe;

namespace {

std::string emitted(const desc_view& desc, const char* steps, isa set) {
  result<program> scheduled = apply(make_program(desc), parse_trace(steps).value());
  REQUIRE_MESSAGE(scheduled, scheduled.error().text());
  const result<ir::nest> nest = build(std::move(*scheduled));
  REQUIRE_MESSAGE(nest, nest.error().text());
  const result<std::string> text = native::emit_llvm(*nest, generic_cpu(set));
  REQUIRE_MESSAGE(text, text.error().text());
  return *text;
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

/// A row of X, as far as it reaches, in a longer row of Y.
constexpr auto cropped() {
  axis<"i"> i{5};
  axis<"j"> j{7};
  tensor<"X", std::int64_t, 2> X{4, 3};
  tensor<"Y", float, 2> Y;
  return op<"cropped">(X, Y)(Y(i, j) = select(i < 4 && j < 3, cast<float>(X(i, j)), 0.5f));
}

}  // namespace

TEST_CASE("the mask of a guarded load is hidden from LLVM where it would drop it") {
  const auto desc = describe(cropped());
  CHECK(contains(emitted(desc, "vectorize(Y.j)", isa::avx2), "%never = icmp slt i64 %end, 0"));
  CHECK_FALSE(contains(emitted(desc, "vectorize(Y.j)", isa::avx512), "%never"));
}

TEST_CASE("lanes not in use are not poison, which would spread into masks") {
  axis<"i"> i{5};
  axis<"j"> j{7};
  tensor<"X", int, 2> X;
  tensor<"Y", int, 2> Y;
  const auto desc = describe(op<"scaled">(X, Y)(Y(i, j) = X(i, j) * 3));
  const std::string text = emitted(desc, "vectorize(Y.i)", isa::avx512);  // stride 7, 5 of 8 lanes
  CHECK(contains(text, "insertelement <8 x i32> zeroinitializer"));
}

TEST_CASE("the start of a narrowed loop is hidden from loop strength reduction") {
  axis<"i"> i{9};
  axis<"r"> r{3};
  tensor<"X", float, 1> X{9};
  tensor<"B", float, 1> B{3};
  tensor<"Y", float, 1> Y;
  const auto desc = describe(op<"blurred">(
      X, B, Y)(Y(i) = sum(r)(select(i + r >= 1 && i + r < 10, X(i + r - 1), 0) * B(r))));
  CHECK(contains(emitted(desc, "narrow(Y.r: i)", isa::avx512), "= freeze ptr "));
  CHECK_FALSE(contains(emitted(desc, "", isa::avx512), "freeze"));
}

TEST_CASE(
    "a vector that no lane of a padding reads names the first element, a page that is there") {
  axis<"y"> y{6};
  axis<"x"> x{10};
  tensor<"X", float, 2> X{6, 8};
  tensor<"Y", float, 2> Y;
  const auto padded = [&](auto row) {
    const auto inside = row && x >= 1 && x < 9;
    return emitted(describe(op<"padded">(X, Y)(Y(y, x) = select(inside, X(y, x - 1), 0))),
                   "vectorize(Y.x)", isa::avx512);
  };
  CHECK(contains(padded(y >= 1 && y < 5), ", ptr %b0\n"));
  CHECK_FALSE(contains(padded(x < 9), ", ptr %b0\n"));  // depends on the lane alone
}

TEST_CASE("the lanes of a gather have offsets of 32 bits, if those fit") {
  constexpr int columns = 21;
  axis<"i"> i{4};
  axis<"c"> c{columns};
  tensor<"S", int, 1> S;
  tensor<"Y", float, 2> Y;
  const auto shifted = [&](const auto& X) {  // S is negative: quotients are rounded down
    return describe(op<"shifted">(X, S, Y)(Y(i, c) = X(i + S(c) / 3 + 3, S(c) % 3, c / 2 + 4)));
  };
  const char* const steps =
      "split(Y.c -> c0:_, c1:8); vectorize(Y.c1); reorder(Y: c0 i c1); "
      "unroll(Y.i)";
  tensor<"X", float, 3> X{7, 3, 15};
  CHECK(contains(emitted(shifted(X), steps, isa::avx512), "add <8 x i32>"));
  tensor<"X", float, 3> large{1 << 16, 1 << 12, 1 << 4};
  CHECK_FALSE(contains(emitted(shifted(large), steps, isa::avx512), "add <8 x i32>"));
  for (const isa set : test::executable_isas()) {
    const auto compiler = test::host_jit(set);
    if (!compiler) return;
    const auto object = test::load(*compiler, emitted(shifted(X), steps, set));
    float x[7 * 3 * 15];
    for (int at = 0; at < 7 * 3 * 15; ++at) x[at] = static_cast<float>(at);
    std::int32_t s[columns];
    for (int at = 0; at < columns; ++at) s[at] = at % 10 - 9;
    float y[4 * columns];
    void* buffers[] = {x, s, y};
    test::function<void(void* const*, void*, std::int64_t, std::int64_t)>(object, "phase0")(
        buffers, nullptr, 0, 1);
    for (int row = 0; row < 4; ++row)
      for (int at = 0; at < columns; ++at) {
        const int moved = s[at] + 9;
        CHECK(y[row * columns + at] == x[((row + moved / 3) * 3 + moved % 3) * 15 + at / 2 + 4]);
      }
  }
}

TEST_CASE("every instruction set compiles masks, guards and divisions in lanes") {
  axis<"i"> i{9};
  axis<"j"> j{7};
  tensor<"X", int, 1> X;
  tensor<"D", int, 1> D;
  tensor<"Y", int, 2> Y;
  const auto desc =
      describe(op<"guarded">(X, D, Y)(Y(i, j) = select(D(i) > 0 && j < 5, X(j) / D(i), 0)));
  for (const isa set : test::executable_isas()) {
    const auto compiler = test::host_jit(set);
    if (!compiler) return;
    const auto object = test::load(*compiler, emitted(desc, "vectorize(Y.j)", set));
    std::int32_t x[7] = {10, 20, 30, 40, 50, 60, 70};
    std::int32_t d[9] = {1, 0, 2, 0, 5, 0, -1, 10, 0};
    std::int32_t y[63];
    void* buffers[] = {x, d, y};
    test::function<void(void* const*, void*, std::int64_t, std::int64_t)>(object, "phase0")(
        buffers, nullptr, 0, 1);
    for (int row = 0; row < 9; ++row)
      for (int column = 0; column < 7; ++column)
        CHECK(y[row * 7 + column] == (d[row] > 0 && column < 5 ? x[column] / d[row] : 0));
  }
}

TEST_CASE("registers keep their values where a branch chooses between a full vector and its tail") {
  axis<"i"> i{3};
  axis<"j"> j{16};  // tiles of 2 x 5: the last one ends with 5 and 1
  axis<"k"> k{4};
  tensor<"A", std::int64_t, 2> A;
  tensor<"B", std::int64_t, 2> B;
  tensor<"Y", std::int64_t, 2> Y;
  const auto desc = describe(op<"product">(A, B, Y)(Y(i, j) = sum(k)(A(i, k) * B(k, j))));
  std::int64_t a[12], b[64];
  for (int at = 0; at < 12; ++at) a[at] = at - 5;
  for (int at = 0; at < 64; ++at) b[at] = at * at % 23;
  const char* steps =
      "split(Y.j -> jo:_, ju:2, jv:5); reorder(Y: jo i k ju jv); unroll(Y.ju); vectorize(Y.jv); "
      "cache_write(Y, register)";
  for (const isa set : test::executable_isas()) {
    const auto compiler = test::host_jit(set);
    if (!compiler) return;
    const auto object = test::load(*compiler, emitted(desc, steps, set));
    std::int64_t y[48] = {};
    void* buffers[] = {a, b, y};
    test::function<void(void* const*, void*, std::int64_t, std::int64_t)>(object, "phase0")(
        buffers, nullptr, 0, 1);
    for (int row = 0; row < 3; ++row)
      for (int column = 0; column < 16; ++column) {
        std::int64_t expected = 0;
        for (int at = 0; at < 4; ++at) expected += a[row * 4 + at] * b[at * 16 + column];
        CHECK(y[row * 16 + column] == expected);
      }
  }
}

TEST_CASE("code that LLVM would compile for minutes is refused, with the reason and a way out") {
  axis<"i"> i{200};
  axis<"j"> j{200};
  tensor<"X", float, 2> X;
  tensor<"Y", float, 2> Y;
  const auto desc = describe(op<"scaled">(X, Y)(Y(i, j) = X(i, j) * 3));
  result<program> scheduled =
      apply(make_program(desc), parse_trace("unroll(Y.i); unroll(Y.j)").value());
  REQUIRE(scheduled);
  const result<ir::nest> nest = build(std::move(*scheduled));
  REQUIRE(nest);
  const result<std::string> text = native::emit_llvm(*nest, generic_cpu(isa::avx2));
  REQUIRE_FALSE(text.has_value());
  CHECK(text.error().id() == "LATHE-E320");
  CHECK(contains(text.error().text(), "1 MiB"));
  CHECK(contains(text.error().text(), "unroll less"));
  CHECK(emitted(desc, "unroll(Y.j)", isa::avx2).size() > 10'000);  // a useful one is far below
}
