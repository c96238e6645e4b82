/// @file
/// Block-circulant matrices: every block x block tile is a circulant matrix, given by one row.
#pragma once

#include <lathe/analysis/describe.hpp>

namespace lathe::ops {

/// Projects a matrix onto block-circulant form: Z averages each wrapped diagonal of every tile, O
/// writes the averages back; rows and columns outside whole tiles become zero. Parameters
/// X[rows, columns], O[rows, columns]; block <= rows, columns.
/// BCM of FlexTensor (ASPLOS 2020), section 6.5.
template <class Element = float>
constexpr auto block_circulant_project(int rows, int columns, int block) {
  const int whole_rows = rows / block * block;
  const int whole_columns = columns / block * block;
  axis<"t"> t{rows / block};
  axis<"u"> u{whole_columns};
  axis<"k"> k{block};
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  tensor<"X", Element, 2> X{rows, columns};
  tensor<"Z", Element, 2> Z;
  tensor<"O", Element, 2> O;
  return op<"block_circulant_project">(X, O)(
      Z(t, u) = sum(k)(X(t * block + k, u / block * block + (u % block + k) % block)) / block,
      O(i, j) =
          select(i < whole_rows && j < whole_columns,
                 Z(i / block, j / block * block + (j % block + (block - i % block)) % block), 0));
}

/// Matrix times block-circulant matrix: C[i,j] = sum_k A[i,k] w[k / block, j / block,
/// (j - k) mod block]. Parameters A[rows, depth], w[depth / block, columns / block, block],
/// C[rows, columns]; block divides depth and columns.
/// Ding et al., CirCNN, MICRO 2017, section 3.
template <class Element = float>
constexpr auto block_circulant_matmul(int rows, int columns, int depth, int block) {
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  axis<"k"> k{depth};
  tensor<"A", Element, 2> A;
  tensor<"w", Element, 3> w;
  tensor<"C", Element, 2> C;
  return op<"block_circulant_matmul">(A, w, C)(
      C(i, j) =
          sum(k)(A(i, k) * w(k / block, j / block, (j % block + (block - k % block)) % block)));
}

}  // namespace lathe::ops
