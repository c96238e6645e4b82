#include <lathe/api/evaluate.hpp>
#include <lathe/ops/circulant.hpp>

#include "data.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using test::at;

TEST_CASE("block_circulant_project: each wrapped diagonal becomes its mean") {
  const int M = 10, N = 13, b = 4;  // two columns, two rows outside whole tiles
  const auto X = test::integers(M * N, 1);
  std::vector<float> O(M * N, 99.0f), expected(M * N);
  for (int bi = 0; bi < M / b; ++bi) {
    for (int bj = 0; bj < N / b; ++bj) {
      for (int diagonal = 0; diagonal < b; ++diagonal) {
        float mean = 0;
        for (int k = 0; k < b; ++k) {
          mean += X[at({bi * b + k, bj * b + (diagonal + k) % b}, {M, N})];
        }
        mean /= b;
        for (int k = 0; k < b; ++k) {
          expected[at({bi * b + k, bj * b + (diagonal + k) % b}, {M, N})] = mean;
        }
      }
    }
  }
  evaluate(ops::block_circulant_project(M, N, b), X, O);
  CHECK(O == expected);
}

TEST_CASE("block_circulant_project: a projection changes nothing the second time") {
  const auto X = test::integers(64, 2);
  std::vector<float> once(64), twice(64);
  const auto project = ops::block_circulant_project(8, 8, 4);
  evaluate(project, X, once);
  evaluate(project, once, twice);
  CHECK(once == twice);
}

TEST_CASE("block_circulant_matmul: equals the product with the dense matrix") {
  const int M = 3, N = 10, K = 15, b = 5;
  const auto A = test::integers(M * K, 1);
  const auto w = test::integers(K / b * (N / b) * b, 2);
  std::vector<float> dense(K * N), C(M * N), expected(M * N);
  for (int bk = 0; bk < K / b; ++bk) {  // row r of a tile is row 0 moved r places to the right
    for (int bj = 0; bj < N / b; ++bj) {
      for (int row = 0; row < b; ++row) {
        for (int n = 0; n < b; ++n) {
          dense[at({bk * b + row, bj * b + (row + n) % b}, {K, N})] =
              w[at({bk, bj, n}, {K / b, N / b, b})];
        }
      }
    }
  }
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) {
      for (int k = 0; k < K; ++k) {
        expected[at({i, j}, {M, N})] += A[at({i, k}, {M, K})] * dense[at({k, j}, {K, N})];
      }
    }
  }
  evaluate(ops::block_circulant_matmul(M, N, K, b), A, w, C);
  CHECK(C == expected);
}
