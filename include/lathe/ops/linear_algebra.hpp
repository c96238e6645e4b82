/// @file
/// Products of matrices, vectors and small tensors. Sizes in, an operator out; each is written in
/// the language of dsl/ and nothing else.
#pragma once

#include <lathe/analysis/describe.hpp>

namespace lathe::ops {

/// Matrix times vector: y[i] = sum_k A[i,k] x[k]. Parameters A[rows, depth], x[depth], y[rows].
/// BLAS level 2; GMV of FlexTensor (ASPLOS 2020), Table 3.
template <class Element = float>
constexpr auto gemv(int rows, int depth) {
  axis<"i"> i{rows};
  axis<"k"> k{depth};
  tensor<"A", Element, 2> A;
  tensor<"x", Element, 1> x;
  tensor<"y", Element, 1> y;
  return op<"gemv">(A, x, y)(y(i) = sum(k)(A(i, k) * x(k)));
}

/// Matrix product: C[i,j] = sum_k A[i,k] B[k,j]. Parameters A[rows, depth], B[depth, columns],
/// C[rows, columns]. BLAS level 3; GMM of FlexTensor, Table 3. The elements of A and B are
/// converted to those of C before they are multiplied: gemm<std::uint8_t, std::int8_t, int>(m, n,
/// k).
template <class Left = float, class Right = Left, class Result = Left>
constexpr auto gemm(int rows, int columns, int depth) {
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  axis<"k"> k{depth};
  tensor<"A", Left, 2> A;
  tensor<"B", Right, 2> B;
  tensor<"C", Result, 2> C;
  return op<"gemm">(A, B, C)(C(i, j) = sum(k)(cast<Result>(A(i, k)) * cast<Result>(B(k, j))));
}

/// Bilinear form per output feature: Y[i,j] = sum_{k,l} A[i,k] W[j,k,l] B[i,l]. Parameters
/// A[batch, left], B[batch, right], W[features, left, right], Y[batch, features].
/// BIL of FlexTensor, Table 3.
template <class Element = float>
constexpr auto bilinear(int batch, int features, int left, int right) {
  axis<"i"> i{batch};
  axis<"j"> j{features};
  axis<"k"> k{left};
  axis<"l"> l{right};
  tensor<"A", Element, 2> A;
  tensor<"B", Element, 2> B;
  tensor<"W", Element, 3> W;
  tensor<"Y", Element, 2> Y;
  return op<"bilinear">(A, B, W, Y)(Y(i, j) = sum(k, l)(A(i, k) * W(j, k, l) * B(i, l)));
}

/// Matricised tensor times Khatri-Rao product: D[i,j] = sum_{k,l} A[i,k,l] B[k,j] C[l,j].
/// Parameters A[rows, depth, height], B[depth, rank], C[height, rank], D[rows, rank].
/// The kernel of CP decomposition (Bader and Kolda, SIAM J. Sci. Comput. 30(1), 2007).
template <class Element = float>
constexpr auto mttkrp(int rows, int depth, int height, int rank) {
  axis<"i"> i{rows};
  axis<"j"> j{rank};
  axis<"k"> k{depth};
  axis<"l"> l{height};
  tensor<"A", Element, 3> A;
  tensor<"B", Element, 2> B;
  tensor<"C", Element, 2> C;
  tensor<"D", Element, 2> D;
  return op<"mttkrp">(A, B, C, D)(D(i, j) = sum(k, l)(A(i, k, l) * B(k, j) * C(l, j)));
}

}  // namespace lathe::ops
