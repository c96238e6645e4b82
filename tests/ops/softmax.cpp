#include <lathe/api/evaluate.hpp>
#include <lathe/ops/softmax.hpp>

#include "data.hpp"
#include <cmath>
#include <doctest/doctest.h>

using namespace lathe;

TEST_CASE("softmax: against the definition in double precision") {
  const int M = 3, N = 7;
  const auto X = test::integers(M * N, 1);
  std::vector<float> Y(M * N);
  evaluate(ops::softmax(M, N), X, Y);
  for (std::size_t i = 0; i < M; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < N; ++j) sum += std::exp(static_cast<double>(X[i * N + j]));
    for (std::size_t j = 0; j < N; ++j) {
      const double expected = std::exp(static_cast<double>(X[i * N + j])) / sum;
      CHECK(Y[i * N + j] == doctest::Approx(expected).epsilon(1e-6));
    }
  }
}

TEST_CASE("softmax: large inputs do not overflow") {
  const std::vector<float> X{1000, 1000, -1000};
  std::vector<float> Y(3);
  evaluate(ops::softmax(1, 3), X, Y);
  CHECK(Y == std::vector<float>{0.5f, 0.5f, 0.0f});
}
