#include <lathe/api/evaluate.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <doctest/doctest.h>
#include <limits>
#include <span>
#include <vector>

using namespace lathe;

TEST_CASE("evaluate: several stages, two outputs, intermediates of its own") {
  axis<"i"> i{3};
  axis<"k"> k{4};
  tensor<"A", float, 2> A;
  tensor<"t", float, 1> t;
  tensor<"y", float, 1> y;
  tensor<"z", float, 1> z;
  const std::vector<float> a{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  std::array<float, 3> first{}, second{};
  evaluate(op<"two">(A, y, z)(t(i) = sum(k)(A(i, k)), y(i) = 2 * t(i), z(i) = y(i) + t(i) + 1), a,
           first, second);
  CHECK(first == std::array<float, 3>{20, 52, 84});
  CHECK(second == std::array<float, 3>{31, 79, 127});
}

TEST_CASE("evaluate: reducers") {
  axis<"k"> k{3};
  tensor<"A", float, 1> A;
  tensor<"y", float, 0> y;
  const std::vector<float> a{-3, 2, -1};
  const auto reduced = [&](auto value) {
    float result = 99;
    evaluate(op<"r">(A, y)(y() = value), a, result);
    return result;
  };
  const reducer largest(0.0, [](auto left, auto right) { return max(left, abs(right)); });
  CHECK(reduced(sum(k)(A(k))) == -2);
  CHECK(reduced(prod(k)(A(k))) == 6);
  CHECK(reduced(max(k)(A(k))) == 2);
  CHECK(reduced(min(k)(A(k))) == -3);
  CHECK(reduced(largest(k)(A(k))) == 3);
  CHECK(reduced(sum(k)(2) + 0 * max(k)(A(k))) == 6);
}

TEST_CASE("evaluate: a maximum of infinities is infinite") {
  axis<"k"> k{2};
  tensor<"A", float, 1> A;
  tensor<"y", float, 0> y;
  const float infinity = std::numeric_limits<float>::infinity();
  float result = 0;
  evaluate(op<"m">(A, y)(y() = max(k)(A(k))), std::vector<float>{-infinity, -infinity}, result);
  CHECK(result == -infinity);
}

TEST_CASE("evaluate: a reduction inside a reduction inside an expression") {
  axis<"i"> i{2};
  axis<"k"> k{3};
  axis<"l"> l{2};
  tensor<"A", int, 2> A;
  tensor<"y", int, 1> y;
  const std::vector<int> a{1, 2, 3, 4, 5, 6};
  std::vector<int> result(2);
  evaluate(op<"nested">(A, y)(y(i) = 1 + max(k)(A(i, k) * sum(l)(A(l, k)))), a, result);
  CHECK(result == std::vector<int>{28, 55});  // column sums 5, 7, 9
}

TEST_CASE("evaluate: the branch of a select that is not taken is not evaluated") {
  axis<"i"> i{4};
  tensor<"X", float, 1> X{2};
  tensor<"y", float, 1> y;
  const std::vector<float> x{7, 8};
  std::vector<float> result(4);
  evaluate(op<"pad">(X, y)(y(i) = select(i >= 1 && !(i > 2), X(i - 1), -1)), x, result);
  CHECK(result == std::vector<float>{-1, 7, 8, -1});
}

TEST_CASE("evaluate: index division and remainder round down, element ones towards zero") {
  axis<"i"> i{5};
  tensor<"A", int, 1> A;
  tensor<"y", std::int64_t, 1> y;
  tensor<"z", std::int64_t, 1> z;
  tensor<"q", int, 1> q;
  const std::vector<int> a{-2, -1, 0, 1, 2};
  std::vector<std::int64_t> quotient(5), rest(5);
  std::vector<int> truncated(5);
  evaluate(op<"divide">(A, y, z, q)(y(i) = cast<std::int64_t>((i - 2) / 3),
                                    z(i) = cast<std::int64_t>((i - 2) % 3),
                                    q(i) = A(i) / 2 * 10 + A(i) % 2),
           a, quotient, rest, truncated);
  CHECK(quotient == std::vector<std::int64_t>{-1, -1, 0, 0, 0});
  CHECK(rest == std::vector<std::int64_t>{1, 2, 0, 1, 2});
  CHECK(truncated == std::vector<int>{-10, -1, 0, 1, 10});
}

TEST_CASE("evaluate: gathers") {
  axis<"i"> i{3};
  tensor<"X", float, 1> X{6};
  tensor<"S", int, 1> S;
  tensor<"y", float, 1> y;
  const std::vector<float> x{0, 10, 20, 30, 40, 50};
  std::vector<float> result(3);
  evaluate(op<"gather">(X, S, y)(y(i) = X(S(i) / 2 + i)), x, std::vector<int>{0, 5, 7}, result);
  CHECK(result == std::vector<float>{0, 30, 50});
}

TEST_CASE("evaluate: params, casts and math functions") {
  axis<"i"> i{4};
  param<"alpha", float> alpha;
  param<"n", int> n;
  tensor<"A", double, 1> A;
  tensor<"y", double, 1> y;
  const std::vector<double> a{0.5, 1, 1.5, 2};
  std::vector<double> result(4);
  evaluate(op<"math">(alpha, n, A, y)(
               y(i) = cast<double>(alpha) * exp(A(i)) + sqrt(A(i)) - log(A(i)) + tanh(A(i)) +
                      erf(A(i)) + sin(A(i)) * cos(A(i)) + pow(A(i), 2) + floor(A(i)) -
                      cast<double>(i + 1) * cast<double>(n) + min(A(i), 1.25)),
           2, 3, a, result);
  for (std::size_t j = 0; j < 4; ++j) {
    const double v = a[j];
    CHECK(result[j] ==
          doctest::Approx(2 * std::exp(v) + std::sqrt(v) - std::log(v) + std::tanh(v) +
                          std::erf(v) + std::sin(v) * std::cos(v) + v * v + std::floor(v) -
                          static_cast<double>(j + 1) * 3 + std::min(v, 1.25)));
  }
}

TEST_CASE("evaluate: integers wrap around, small ones in their own width") {
  axis<"i"> i{2};
  tensor<"A", std::int8_t, 1> A;
  tensor<"B", int, 1> B;
  tensor<"a", std::int8_t, 1> a;
  tensor<"b", int, 1> b;
  std::vector<std::int8_t> small(2);
  std::vector<int> large(2);
  evaluate(op<"wrap">(A, B, a, b)(a(i) = A(i) * 2, b(i) = B(i) + 1 - abs(-B(i)) * 0),
           std::vector<std::int8_t>{100, -3}, std::vector<int>{std::numeric_limits<int>::max(), 5},
           small, large);
  CHECK(small == std::vector<std::int8_t>{-56, -6});
  CHECK(large == std::vector<int>{std::numeric_limits<int>::min(), 6});
}

TEST_CASE("evaluate: bytes accumulate in int") {
  axis<"k"> k{3};
  tensor<"A", std::uint8_t, 1> A;
  tensor<"y", int, 0> y;
  int result = 0;
  evaluate(op<"bytes">(A, y)(y() = sum(k)(cast<int>(A(k)) * cast<int>(A(k)))),
           std::vector<std::uint8_t>{255, 255, 2}, result);
  CHECK(result == 2 * 255 * 255 + 4);
}

TEST_CASE("evaluate: external functions are found by name") {
  axis<"i"> i{2};
  tensor<"A", double, 1> A;
  tensor<"y", double, 1> y;
  std::vector<double> result(2);
  evaluate(op<"call">(A, y)(y(i) = call<"hypot", double>(A(i), 4)), std::vector<double>{3, 0},
           result);
  CHECK(result == std::vector<double>{5, 4});
  CHECK_THROWS_WITH_AS(evaluate(op<"call">(A, y)(y(i) = call<"no_such_function", double>(A(i))),
                                std::vector<double>{3, 0}, result),
                       doctest::Contains("no_such_function"), error);
}

TEST_CASE("evaluate: extents in types, shapes in types") {
  axis<"i", 2> i;
  axis<"j", 3> j;
  tensor<"A", float[2][3]> A;
  tensor<"B", float[3][2]> B;
  const float a[2][3] = {{1, 2, 3}, {4, 5, 6}};
  float b[3][2] = {};
  evaluate(op<"transpose">(A, B)(B(j, i) = A(i, j)), a, b);
  CHECK(b[2][0] == 3);
  CHECK(b[0][1] == 4);
}

TEST_CASE("evaluate: broken rules about numbers are errors with their compile-time ids") {
  axis<"i"> i{4};
  tensor<"X", float, 1> X{3};
  tensor<"y", float, 1> y;
  const std::vector<float> x(3);
  std::vector<float> result(4);
  const auto problem = try_evaluate(op<"leaves">(X, y)(y(i) = X(i)), x, result);
  REQUIRE(problem);
  CHECK(problem->id() == "LATHE-E052");
  CHECK(problem->text().find("X") != std::string::npos);
  CHECK(problem->text().find("3 against 3") != std::string::npos);
}
