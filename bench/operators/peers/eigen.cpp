#include "absent.hpp"
#include "blas.hpp"

#if LATHE_BENCH_EIGEN
#  include <Eigen/Dense>

namespace bench {
namespace {

template <class Element>
using matrix = Eigen::Matrix<Element, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class Element>
using strided = Eigen::Map<const matrix<Element>, Eigen::Unaligned, Eigen::OuterStride<>>;

template <class Element>
gemm_function<Element> product() {
  return [](bool ta, bool tb, int m, int n, int k, const Element* a, int sa, const Element* b,
            int sb, Element* c, int sc) {
    const strided<Element> x(a, ta ? k : m, ta ? m : k, Eigen::OuterStride<>(sa));
    const strided<Element> y(b, tb ? n : k, tb ? k : n, Eigen::OuterStride<>(sb));
    Eigen::Map<matrix<Element>, Eigen::Unaligned, Eigen::OuterStride<>> z(c, m, n,
                                                                          Eigen::OuterStride<>(sc));
    if (ta && tb)
      z.noalias() = x.transpose() * y.transpose();
    else if (ta)
      z.noalias() = x.transpose() * y;
    else if (tb)
      z.noalias() = x * y.transpose();
    else
      z.noalias() = x * y;
  };
}

void enter(const problem& of, const operands& data, contestants& into) {
  static const blas functions{"Eigen",
                              {},
                              product<float>(),
                              product<double>(),
                              [](int m, int k, const float* a, const float* x, float* y) {
                                Eigen::Map<Eigen::VectorXf>(y, m).noalias() =
                                    Eigen::Map<const matrix<float>>(a, m, k) *
                                    Eigen::Map<const Eigen::VectorXf>(x, k);
                              }};
  enter_blas(functions, of, data, into);
}

}  // namespace

peer find_eigen() {
  return {"Eigen",
          std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
              std::to_string(EIGEN_MINOR_VERSION) + ", " + Eigen::SimdInstructionSetsInUse(),
          true, [](int threads) { Eigen::setNbThreads(threads); }, enter};
}

}  // namespace bench
#else
namespace bench {
peer find_eigen() { return absent("Eigen", "libeigen3-dev"); }
}  // namespace bench
#endif
