#include <lathe/measure/buffer.hpp>
#include <lathe/measure/compare.hpp>

#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <limits>
#include <numeric>
#include <vector>

using namespace lathe;

namespace {

template <class Element>
expectation exactly(const std::vector<Element>& expected, std::vector<std::int64_t> extents) {
  expectation wanted;
  wanted.name = "C";
  wanted.type = dtype_of<Element>;
  wanted.extents = std::move(extents);
  wanted.expected = std::as_bytes(std::span(expected));
  return wanted;
}

}  // namespace

TEST_CASE("compare: the first mismatch is named by its index") {
  std::vector<float> expected(64 * 64, 12.0F);
  std::vector<float> got = expected;
  const expectation wanted = exactly(expected, {64, 64});
  CHECK(compare(got.data(), wanted).ok());
  got[3 * 64 + 17] = 10;
  CHECK(compare(got.data(), wanted).text == "C[3,17]: expected 12, got 10, 1 of 4096 wrong");
  got[63 * 64 + 63] = std::nextafterf(12.0F, 13.0F);  // one bit
  CHECK(compare(got.data(), wanted).wrong == 2);
}

TEST_CASE("compare: zeros of either sign are equal, NaN is not a number") {
  const std::vector<double> expected = {0.0, 1.0};
  CHECK(compare(std::vector<double>{-0.0, 1.0}.data(), exactly(expected, {2})).ok());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(compare(std::vector<double>{0.0, nan}.data(), exactly(expected, {2})).ok());
}

TEST_CASE("compare: scalars and integers") {
  const std::vector<std::int8_t> expected = {-3};
  const std::vector<std::int8_t> got = {5};
  CHECK(compare(got.data(), exactly(expected, {})).text == "C: expected -3, got 5, 1 of 1 wrong");
}

TEST_CASE("compare: elements that were never written are not right, even if expected so") {
  std::vector<float> expected(100);
  fill_untouched(expected.data(), dtype::f32, 100);
  std::fill(expected.begin() + 6, expected.end(), 1.0F);
  const std::vector<float> got = expected;
  const comparison verdict = compare(got.data(), exactly(expected, {100}));
  CHECK(verdict.wrong == 0);
  CHECK(verdict.untouched == 6);
  CHECK(verdict.text == "C: 6 of 100 elements were never written");
}

TEST_CASE("compare: the bound accepts other summation orders and sees a missing term") {
  constexpr int terms = 1024;
  constexpr int sums = 200;
  random_engine engine(9);
  std::vector<double> reference(sums), magnitude(sums);
  std::vector<float> forward(sums), backward(sums), short_of_one(sums);
  for (std::size_t row = 0; row < sums; ++row) {
    std::vector<float> products(terms);
    for (float& value : products) {
      value = static_cast<float>(engine.uniform()) * static_cast<float>(engine.uniform());
      reference[row] += static_cast<double>(value);
      magnitude[row] += std::abs(static_cast<double>(value));
    }
    forward[row] = std::accumulate(products.begin(), products.end(), 0.0F);
    backward[row] = std::accumulate(products.rbegin(), products.rend(), 0.0F);
    short_of_one[row] = std::accumulate(products.begin(), products.end() - 1, 0.0F);
  }
  expectation wanted;
  wanted.name = "C";
  wanted.type = dtype::f32;
  wanted.extents = {sums};
  wanted.reference = reference;
  wanted.magnitude = magnitude;
  wanted.terms = terms;
  CHECK(compare(forward.data(), wanted).text == "");
  CHECK(compare(backward.data(), wanted).text == "");
  CHECK(compare(short_of_one.data(), wanted).wrong > sums * 9 / 10);
}

TEST_CASE("compare: overflow and NaN follow the reference") {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> reference = {1e300, -1e300, std::nan(""), 1};
  expectation wanted;
  wanted.name = "Y";
  wanted.type = dtype::f32;
  wanted.extents = {4};
  wanted.reference = reference;
  const auto inf = static_cast<float>(infinity);
  const float nan = std::nanf("");
  CHECK(compare(std::vector<float>{inf, -inf, nan, 1}.data(), wanted).ok());
  CHECK(compare(std::vector<float>{-inf, -inf, nan, 1}.data(), wanted).wrong == 1);
  CHECK(compare(std::vector<float>{inf, -inf, 0, inf}.data(), wanted).wrong == 2);
}

TEST_CASE("compare: a bounded expectation of integers is exact") {
  const std::vector<double> reference = {3, 4};
  expectation wanted;
  wanted.name = "N";
  wanted.type = dtype::i32;
  wanted.extents = {2};
  wanted.reference = reference;
  CHECK(compare(std::vector<std::int32_t>{3, 4}.data(), wanted).ok());
  CHECK(compare(std::vector<std::int32_t>{3, 5}.data(), wanted).wrong == 1);
}
