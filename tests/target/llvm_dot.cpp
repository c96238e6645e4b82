// Dot product instructions against plain loops: all pairs of element types, extreme values, masked
// tails, every instruction set; and what is not of their form.
#include <lathe/analysis/describe.hpp>
#include <lathe/lower/apply.hpp>
#include <lathe/lower/build.hpp>
#include <lathe/target/cpu/emit_llvm.hpp>

#include "half_numbers.hpp"
#include "host_jit.hpp"
#include <array>
#include <doctest/doctest.h>
#include <limits>
#include <string>

using namespace lathe;

namespace {

constexpr int rows = 3, columns = 37, groups = 5;

/// Operands as packed layouts have them: the terms of a group together.
template <class Left, class Right, class Sum, int Terms>
constexpr auto grouped_product() {
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  axis<"r"> r{groups};
  axis<"s"> s{Terms};
  tensor<"A", Left, 3> A;
  tensor<"B", Right, 3> B;
  tensor<"Y", Sum, 2> Y;
  return op<"grouped_product">(
      A, B, Y)(Y(i, j) = sum(r, s)(cast<Sum>(A(i, r, s)) * cast<Sum>(B(r, j, s))));
}

std::string emitted(const desc_view& desc, const std::string& steps, const cpu_target& target) {
  result<program> scheduled = apply(make_program(desc), parse_trace(steps).value());
  REQUIRE_MESSAGE(scheduled, scheduled.error().text());
  const result<ir::nest> nest = build(std::move(*scheduled));
  REQUIRE_MESSAGE(nest, nest.error().text());
  const result<std::string> text = native::emit_llvm(*nest, target);
  REQUIRE_MESSAGE(text, text.error().text());
  return *text;
}

std::string dot_steps(int lanes) {
  return "split(Y.j -> j0:_, j1:" + std::to_string(lanes) +
         "); reorder(Y: i j0 r j1 s); vectorize(Y.j1); dot(Y.s); cache_write(Y, register)";
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

/// Numbers that include the smallest and the largest, which must not saturate.
template <class Element>
Element extreme(int at) {
  using limits = std::numeric_limits<Element>;
  if (at % 3 == 0) return limits::max();
  if (at % 3 == 1) return limits::min();
  return static_cast<Element>(at * 37);
}

/// Elements of the kernel's result that are not the sums of plain loops.
template <class Sum, int Terms, class Left, class Right>
int wrong_sums(const native::jit& compiler, const std::string& text,
               const std::array<Left, rows * groups * Terms>& a,
               const std::array<Right, groups * columns * Terms>& b) {
  const auto object = test::load(compiler, text);
  std::array<Sum, rows * columns> y;
  void* buffers[] = {const_cast<Left*>(a.data()), const_cast<Right*>(b.data()), y.data()};
  test::function<void(void* const*, void*, std::int64_t, std::int64_t)>(object, "phase0")(
      buffers, nullptr, 0, 1);
  int wrong = 0;
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t j = 0; j < columns; ++j) {
      Sum sum = 0;
      for (std::size_t r = 0; r < groups; ++r)
        for (std::size_t s = 0; s < Terms; ++s)
          sum += static_cast<Sum>(a[(i * groups + r) * Terms + s]) *
                 static_cast<Sum>(b[(r * columns + j) * Terms + s]);
      wrong += y[i * columns + j] != sum;
    }
  return wrong;
}

template <class Left, class Right>
void check(bool has_instruction) {
  const auto desc = describe(grouped_product<Left, Right, int, 4>());
  for (const isa set : test::executable_isas()) {
    for (const bool allowed : {true, false}) {
      cpu_target target = native::host_target(set).value();
      target.dot_u8i8 = target.dot_u8i8 && allowed;
      const std::string text = emitted(desc, dot_steps(target.lanes(4)), target);
      INFO(std::string(name_of(set)));
      CHECK(contains(text, "vpdpbusd") == (has_instruction && target.dot_u8i8));
      CHECK(contains(text, "pmadd") == !(has_instruction && target.dot_u8i8));
      const auto compiler = test::host_jit(set);
      if (!compiler) return;
      std::array<Left, rows * groups * 4> a;
      std::array<Right, groups * columns * 4> b;
      for (std::size_t at = 0; at < a.size(); ++at) a[at] = extreme<Left>(static_cast<int>(at));
      for (std::size_t at = 0; at < b.size(); ++at)
        b[at] = extreme<Right>(static_cast<int>(at) / 2);
      CHECK(wrong_sums<int, 4>(*compiler, text, a, b) == 0);
    }
  }
}

}  // namespace

TEST_CASE("dot: bytes of any signs give the sums of plain loops") {
  check<std::uint8_t, std::int8_t>(true);
  check<std::int8_t, std::uint8_t>(true);
  check<std::int8_t, std::int8_t>(true);
  check<std::uint8_t, std::uint8_t>(false);
}

TEST_CASE("dot: products of bf16, where the sums are exact") {
  const auto desc = describe(grouped_product<bf16, bf16, float, 2>());
  for (const isa set : test::executable_isas()) {
    for (const bool allowed : {true, false}) {
      cpu_target target = native::host_target(set).value();
      target.dot_bf16 = target.dot_bf16 && allowed;
      const std::string text = emitted(desc, dot_steps(target.lanes(4)), target);
      CHECK(contains(text, "dpbf16ps") == target.dot_bf16);
      const auto compiler = test::host_jit(set);
      if (!compiler) return;
      std::array<bf16, rows * groups * 2> a;
      std::array<bf16, groups * columns * 2> b;
      for (std::size_t at = 0; at < a.size(); ++at) a[at] = bf16(static_cast<int>(at % 9) - 4);
      for (std::size_t at = 0; at < b.size(); ++at) b[at] = bf16(0.5f * static_cast<float>(at % 7));
      CHECK(wrong_sums<float, 2>(*compiler, text, a, b) == 0);
    }
  }
}

namespace {

template <class Half>
void check_conversions() {
  const auto desc = describe(test_numbers::half_numbers<Half>::conversions());
  for (const isa set : test::executable_isas()) {
    for (const char* steps : {"",
                              "split(Y.i -> i0:_, i1:16); vectorize(Y.i1); "
                              "split(Z.i -> i0:_, i1:16); vectorize(Z.i1)",
                              "split(Y.i -> i0:_, i1:6); vectorize(Y.i1); "
                              "split(Z.i -> i0:_, i1:64); vectorize(Z.i1)"}) {
      const cpu_target target = native::host_target(set).value();
      const auto compiler = test::host_jit(set);
      if (!compiler) return;
      const auto object = test::load(*compiler, emitted(desc, steps, target));
      test_numbers::half_numbers<Half> numbers;
      auto buffers = numbers.arguments();
      for (const char* phase : {"phase0", "phase1"})
        test::function<void(void* const*, void*, std::int64_t, std::int64_t)>(object, phase)(
            buffers.data(), nullptr, 0, 1);
      INFO(std::string(name_of(set)));
      INFO(steps);
      CHECK(numbers.wrong() == 0);
    }
  }
}

}  // namespace

TEST_CASE("bf16: conversions have the bits of the type's own, denormals and NaN included") {
  check_conversions<bf16>();
}
TEST_CASE("f16: conversions have the bits of the type's own, denormals and NaN included") {
  check_conversions<f16>();
}

TEST_CASE("f16: no function of the compiler's run time is needed, not even without F16C") {
  axis<"i"> i{64};
  tensor<"X", f16, 1> X;
  tensor<"Z", f16, 1> Z;
  const auto desc = describe(op<"twice">(X, Z)(Z(i) = cast<f16>(2 * cast<float>(X(i)))));
  CHECK_FALSE(contains(emitted(desc, "vectorize(Z.i)", generic_cpu(isa::sse2)), "half"));
  CHECK(contains(emitted(desc, "vectorize(Z.i)", generic_cpu(isa::avx2)), "fptrunc <64 x float>"));
}

TEST_CASE("dot: f16 has no such instruction") {
  CHECK_FALSE(contains(emitted(describe(grouped_product<f16, f16, float, 2>()), dot_steps(16),
                               native::host_target().value()),
                       "dpbf16ps"));
  CHECK_FALSE(contains(emitted(describe(grouped_product<f16, f16, int, 2>()), dot_steps(16),
                               generic_cpu(isa::avx512)),
                       "pmadd"));
}

TEST_CASE("dot: what is not of the form is straight code with the same result") {
  axis<"i"> i{4};
  axis<"j"> j{16};
  axis<"k"> k{4};
  tensor<"A", std::uint8_t, 2> A;
  tensor<"B", std::int8_t, 2> B;
  tensor<"Y", int, 2> Y;
  cpu_target target = generic_cpu(isa::avx512);
  target.dot_u8i8 = true;
  const auto has_dot = [&](const auto& operation, const char* steps) {
    return contains(emitted(describe(operation), steps, target), "vpdpbusd");
  };
  const char* steps = "reorder(Y: i j k); vectorize(Y.j); dot(Y.k); cache_write(Y, register)";
  const auto product = [&](const auto& left, const auto& right) {
    return op<"product">(A, B, Y)(Y(i, j) = sum(k)(cast<int>(left) * cast<int>(right)));
  };
  CHECK(has_dot(product(A(i, k), B(j, k)), steps));
  CHECK_FALSE(has_dot(product(A(i, k), B(k, j)), steps));  // terms lie apart
  CHECK_FALSE(has_dot(product(A(i, k), B(j, k)),           // no vectors around it
                      "reorder(Y: i j k); dot(Y.k); cache_write(Y, register)"));
  CHECK_FALSE(has_dot(
      op<"largest">(A, B, Y)(Y(i, j) = lathe::max(k)(cast<int>(A(i, k)) * cast<int>(B(j, k)))),
      steps));
}

TEST_CASE("dot: takes a reduce loop of 2 or 4") {
  const auto refusal = [](const char* steps) {
    const auto made =
        apply(make_program(describe(grouped_product<std::uint8_t, std::int8_t, int, 4>())),
              parse_trace(steps).value());
    return made ? std::string() : made.error().text();
  };
  CHECK(contains(refusal("dot(Y.r)"), "'r' has 5 iterations; dot takes a reduce loop of 2 or 4"));
  CHECK(contains(refusal("split(Y.i -> i0:_, i1:2); dot(Y.i1)"), "2 spatial iterations"));
  CHECK(refusal("dot(Y.s)").empty());
}
