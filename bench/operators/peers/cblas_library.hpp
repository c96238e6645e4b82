/// @file
/// A library with the C interface of BLAS, opened at run time: OpenBLAS and BLIS export the same
/// names, so neither may be linked.
#pragma once

#include "../shared_object.hpp"
#include "blas.hpp"

namespace bench {

/// cblas_sgemm, cblas_dgemm and cblas_sgemv of a library.
inline blas cblas_functions(const std::string& library, const shared_object& from) {
  constexpr int row_major = 101, plain = 111, transposed = 112;
  using sgemm = void(int, int, int, int, int, int, float, const float*, int, const float*, int,
                     float, float*, int);
  using dgemm = void(int, int, int, int, int, int, double, const double*, int, const double*, int,
                     double, double*, int);
  using sgemv =
      void(int, int, int, int, float, const float*, int, const float*, int, float, float*, int);
  const auto wrapped = [](auto* f, auto element) {
    using number = decltype(element);
    return [f](bool ta, bool tb, int m, int n, int k, const number* a, int sa, const number* b,
               int sb, number* c, int sc) {
      f(row_major, ta ? transposed : plain, tb ? transposed : plain, m, n, k, 1, a, sa, b, sb, 0, c,
        sc);
    };
  };
  blas out{library};
  if (auto* f = from.function<sgemm>("cblas_sgemm")) out.sgemm = wrapped(f, float{});
  if (auto* f = from.function<dgemm>("cblas_dgemm")) out.dgemm = wrapped(f, double{});
  if (auto* f = from.function<sgemv>("cblas_sgemv")) {
    out.sgemv = [f](int m, int k, const float* a, const float* x, float* y) {
      f(row_major, plain, m, k, 1, a, k, x, 1, 0, y, 1);
    };
  }
  return out;
}

}  // namespace bench
