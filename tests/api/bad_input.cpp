// Extents, numbers and memory that nobody wants to get: errors with an id, or what C++ computes.
#include <lathe/api/evaluate.hpp>
#include <lathe/api/tune.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/softmax.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <thread>
#include <vector>

using namespace lathe;

namespace {

constexpr std::int64_t most = std::int64_t{1} << 40;

auto outer(std::int64_t rows, std::int64_t columns) {
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  tensor<"A", float, 1> A;
  tensor<"B", float, 1> B;
  tensor<"C", float, 2> C;
  return op<"outer">(A, B, C)(C(i, j) = A(i) * B(j));
}

tune_options quick() {
  tune_options options;
  options.cache = cache_mode::off;
  options.progress = progress_mode::silent;
  options.threads = 1;
  options.effort = effort_level::estimate;
  return options;
}

std::string id_of(std::int64_t rows, std::int64_t columns) {
  const auto made = try_tune(outer(rows, columns), cpu(), quick());
  return made ? "" : made.error().id();
}

/// Equal bits, or both NaN: the payload of a NaN is the hardware's business.
bool same(float left, float right) {
  return (std::isnan(left) && std::isnan(right)) ||
         std::bit_cast<std::uint32_t>(left) == std::bit_cast<std::uint32_t>(right);
}

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float denormal = std::numeric_limits<float>::denorm_min();

/// Numbers of every kind, as many as asked for.
std::vector<float> odd_numbers(std::size_t count) {
  const float kinds[] = {1, not_a_number, -0.0F,     denormal, infinity, -3,
                         0, 1e-39F,       -infinity, 1e38F,    0.5F};
  std::vector<float> out;
  for (std::size_t at = 0; at < count; ++at) out.push_back(kinds[at * 7 % std::size(kinds)]);
  return out;
}

}  // namespace

TEST_CASE("bad input: extents and sizes that cannot be are errors with their ids") {
  for (const std::int64_t extent :
       {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min() + 1, most + 1,
        std::numeric_limits<std::int64_t>::max()}) {
    CAPTURE(extent);
    CHECK(id_of(extent, 4) == "LATHE-E027");
    CHECK(id_of(4, extent) == "LATHE-E027");
  }
  CHECK(id_of(1 << 20, (1 << 20) + 1) == "LATHE-E058");
  CHECK(id_of(most, most) == "LATHE-E058");
  CHECK(try_compile(outer(most, 2), "", cpu(), quick()).error().id() == "LATHE-E058");
  std::vector<float> few(4);
  CHECK(try_evaluate(outer(most, most), few, few, few)->id() == "LATHE-E058");
}

TEST_CASE("bad input: sizes that are legal but that no machine has are errors, not crashes") {
  tune_options options = quick();
  options.effort = effort_level::measure;
  options.trials = 1;
  const auto made = try_tune(outer(1 << 20, 1 << 20), cpu(), options);
  REQUIRE_FALSE(made);
  CHECK(made.error().id() == "LATHE-E501");
  // A schedule needs no memory; a call with too little of it is refused before anything is read.
  const auto kernel = compile(outer(1 << 20, 1 << 20), "", cpu(), quick());
  std::vector<float> few(4);
  CHECK(kernel.try_call(few, few, few)->id() == "LATHE-E102");
}

TEST_CASE("bad input: NaN, infinities and denormal numbers are computed as C++ does") {
  const auto source = outer(37, 45);
  const std::vector<float> a = odd_numbers(37), b = odd_numbers(45);
  std::vector<float> expected(37 * 45), got(37 * 45);
  evaluate(source, a, b, expected);
  for (const char* steps : {"", "vectorize(C.j)", "split(C.j -> j0:_, j1:16); vectorize(C.j1)",
                            "parallel(C.i); vectorize(C.j)"}) {
    compile(source, steps, cpu(), quick())(a, b, got);
    int wrong = 0;
    for (std::size_t at = 0; at < got.size(); ++at) wrong += same(got[at], expected[at]) ? 0 : 1;
    CHECK_MESSAGE(wrong == 0, steps);
  }
}

TEST_CASE("bad input: one NaN of a sum makes that sum NaN, and no other") {
  const auto source = ops::gemm(19, 35, 23);
  std::vector<float> a(19 * 23, 1), b(23 * 35, 1), c(19 * 35);
  a[7 * 23 + 5] = not_a_number;
  b[11 * 35 + 9] = infinity;
  a[3 * 23 + 11] = 0;  // times infinity
  const auto kernel = tune(source, cpu(), quick());
  kernel(a, b, c);
  for (std::size_t i = 0; i < 19; ++i) {
    for (std::size_t j = 0; j < 35; ++j) {
      const float value = c[i * 35 + j];
      const bool is_nan = i == 7 || (i == 3 && j == 9);
      if (is_nan)
        CHECK(std::isnan(value));
      else
        CHECK(value == (j == 9 ? infinity : i == 3 ? 22.0F : 23.0F));
    }
  }
}

TEST_CASE("bad input: sums of denormal numbers are exact") {
  const auto source = ops::gemm(5, 33, 8);
  const std::vector<float> a(5 * 8, 1), b(8 * 33, denormal);
  std::vector<float> c(5 * 33);
  tune(source, cpu(), quick())(a, b, c);
  for (const float value : c) CHECK(value == 8 * denormal);
}

TEST_CASE("bad input: softmax of infinities and NaN follows the formula") {
  const auto source = ops::softmax(3, 21);
  std::vector<float> x(3 * 21, 0.5F), expected(3 * 21), got(3 * 21);
  x[4] = not_a_number;
  x[21 + 6] = -infinity;
  x[42 + 7] = infinity;
  evaluate(source, x, expected);
  tune(source, cpu(), quick())(x, got);
  for (std::size_t at = 0; at < got.size(); ++at) {
    CHECK(std::isnan(got[at]) == std::isnan(expected[at]));
    if (!std::isnan(expected[at])) CHECK(got[at] == doctest::Approx(expected[at]));
  }
}

TEST_CASE("bad input: memory that is aligned for an element and no more") {
  const auto source = ops::gemm(19, 35, 23);
  const auto kernel = tune(source, cpu(), quick());
  std::vector<float> memory(19 * 23 + 23 * 35 + 19 * 35 + 64);
  for (std::size_t shift = 1; shift < 16; shift += 3) {
    float* const a = memory.data() + shift;
    float* const b = a + 19 * 23 + 1;
    float* const c = b + 23 * 35 + 1;
    for (std::size_t at = 0; at < 19 * 23; ++at) a[at] = 1;
    for (std::size_t at = 0; at < 23 * 35; ++at) b[at] = 2;
    c[-1] = c[19 * 35] = 77;
    kernel(a, b, c);
    int wrong = 0;
    for (std::size_t at = 0; at < 19 * 35; ++at) wrong += c[at] == 46 ? 0 : 1;
    CHECK(wrong == 0);
    CHECK(c[-1] == 77);
    CHECK(c[19 * 35] == 77);
  }
  CHECK(kernel.try_call(memory.data(), memory.data() + 500, memory.data() + 100)->id() ==
        "LATHE-E107");
  auto* const bytes = reinterpret_cast<unsigned char*>(memory.data());
  auto* const halfway = reinterpret_cast<float*>(bytes + 2);
  CHECK(kernel.try_call(halfway, memory.data() + 500, memory.data() + 1400)->id() == "LATHE-E106");
}
