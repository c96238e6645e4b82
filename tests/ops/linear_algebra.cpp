#include <lathe/api/evaluate.hpp>
#include <lathe/ops/linear_algebra.hpp>

#include "data.hpp"
#include <doctest/doctest.h>

using namespace lathe;
using test::at;
using test::integers;

TEST_CASE("gemv: y = A x") {
  const int M = 7, K = 5;
  const auto A = integers(M * K, 1), x = integers(K, 2);
  std::vector<float> y(M), expected(M);
  for (int i = 0; i < M; ++i) {
    for (int k = 0; k < K; ++k) expected[at({i}, {M})] += A[at({i, k}, {M, K})] * x[at({k}, {K})];
  }
  evaluate(ops::gemv(M, K), A, x, y);
  CHECK(y == expected);
}

TEST_CASE_TEMPLATE("gemm: C = A B", Element, float, double, int) {
  const int M = 5, N = 7, K = 3;
  const auto A = integers<Element>(M * K, 1), B = integers<Element>(K * N, 2);
  std::vector<Element> C(M * N, Element{99}), expected(M * N);
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) {
      for (int k = 0; k < K; ++k) {
        expected[at({i, j}, {M, N})] += A[at({i, k}, {M, K})] * B[at({k, j}, {K, N})];
      }
    }
  }
  evaluate(ops::gemm<Element>(M, N, K), A, B, C);
  CHECK(C == expected);
}

TEST_CASE("bilinear: Y = A W B per feature") {
  const int M = 3, N = 2, K = 5, L = 7;
  const auto A = integers(M * K, 1), B = integers(M * L, 2), W = integers(N * K * L, 3);
  std::vector<float> Y(M * N), expected(M * N);
  for (int i = 0; i < M; ++i) {
    for (int j = 0; j < N; ++j) {
      for (int k = 0; k < K; ++k) {
        for (int l = 0; l < L; ++l) {
          expected[at({i, j}, {M, N})] +=
              A[at({i, k}, {M, K})] * W[at({j, k, l}, {N, K, L})] * B[at({i, l}, {M, L})];
        }
      }
    }
  }
  evaluate(ops::bilinear(M, N, K, L), A, B, W, Y);
  CHECK(Y == expected);
}

TEST_CASE("mttkrp: mode-1 product with two factor matrices") {
  const int I = 3, K = 5, L = 2, J = 7;
  const auto A = integers(I * K * L, 1), B = integers(K * J, 2), C = integers(L * J, 3);
  std::vector<float> D(I * J), expected(I * J);
  for (int i = 0; i < I; ++i) {
    for (int k = 0; k < K; ++k) {
      for (int l = 0; l < L; ++l) {
        for (int j = 0; j < J; ++j) {
          expected[at({i, j}, {I, J})] +=
              A[at({i, k, l}, {I, K, L})] * B[at({k, j}, {K, J})] * C[at({l, j}, {L, J})];
        }
      }
    }
  }
  evaluate(ops::mttkrp(I, K, L, J), A, B, C, D);
  CHECK(D == expected);
}

TEST_CASE("linear algebra: extents of one") {
  const std::vector<float> two{2}, three{3};
  std::vector<float> out(1);
  evaluate(ops::gemm(1, 1, 1), two, three, out);
  CHECK(out[0] == 6);
  evaluate(ops::gemv(1, 1), two, three, out);
  CHECK(out[0] == 6);
}
