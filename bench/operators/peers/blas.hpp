/// @file
/// Cases as a library with matrix products computes them: directly, or as the composition that its
/// user would write. Shared by all libraries that have a gemm.
#pragma once

#include "peers.hpp"

namespace bench {

/// Row-major C[rows, columns] = op(A) op(B); the strides are those of the rows as stored.
template <class Element>
using gemm_function = std::function<void(bool transpose_a, bool transpose_b, int rows, int columns,
                                         int depth, const Element* a, int stride_a,
                                         const Element* b, int stride_b, Element* c, int stride_c)>;

/// y = A x for row-major A.
using gemv_function =
    std::function<void(int rows, int depth, const float* a, const float* x, float* y)>;

/// What a library offers; functions may be missing.
struct blas {
  std::string library;
  std::string prefix{};  ///< of the ways' names, if the library has several gemm functions
  gemm_function<float> sgemm{};
  gemm_function<double> dgemm{};
  gemv_function sgemv{};
};

/// Enters everything that the functions of `with` can compute.
void enter_blas(const blas& with, const problem& of, const operands& data, contestants& into);

}  // namespace bench
