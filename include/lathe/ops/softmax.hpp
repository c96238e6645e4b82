/// @file
/// Softmax: four stages, two of them reductions.
#pragma once

#include <lathe/analysis/describe.hpp>

namespace lathe::ops {

/// Y[i,j] = exp(X[i,j] - m[i]) / s[i] with m[i] = max_k X[i,k] and s[i] = sum_k exp(X[i,k] - m[i]).
/// Parameters X[rows, columns], Y[rows, columns]. Subtracting the maximum avoids overflow.
template <class Element = float>
constexpr auto softmax(int rows, int columns) {
  axis<"i"> i{rows};
  axis<"j"> j{columns};
  axis<"k"> k{columns};
  tensor<"X", Element, 2> X;
  tensor<"m", Element, 1> m;
  tensor<"E", Element, 2> E;
  tensor<"s", Element, 1> s;
  tensor<"Y", Element, 2> Y;
  return op<"softmax">(X, Y)(m(i) = max(k)(X(i, k)),         //
                             E(i, j) = exp(X(i, j) - m(i)),  //
                             s(i) = sum(k)(E(i, k)),         //
                             Y(i, j) = E(i, j) / s(i));
}

}  // namespace lathe::ops
