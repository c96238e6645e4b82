#include "absent.hpp"
#include "blas.hpp"

#if LATHE_BENCH_LIBXSMM
#  include <algorithm>
#  include <libxsmm.h>

namespace bench {
namespace {

/// Kernels that libxsmm generates, in a loop over blocks: how it is used for matrices beyond its
/// own size. libxsmm is column-major: the row-major C = A B is C^T = B^T A^T.
class blocked_product {
 public:
  explicit blocked_product(const matrix_product& s) : s_(s) {}

  void operator()(const float* a, const float* b, float* c) const {
    constexpr int height = 48, width = 64, depth = 256;
#  pragma omp parallel for collapse(2) num_threads(threads()) if (threads() > 1)
    for (int i = 0; i < s_.rows; i += height) {
      for (int j = 0; j < s_.columns; j += width) {
        const int rows = std::min(height, s_.rows - i), columns = std::min(width, s_.columns - j);
        for (int k = 0; k < s_.depth; k += depth) {
          const auto multiply = kernel(columns, rows, std::min(depth, s_.depth - k), k > 0);
          multiply(b + std::size_t(k) * s_.columns + j, a + std::size_t(i) * s_.depth + k,
                   c + std::size_t(i) * s_.columns + j);
        }
      }
    }
  }

 private:
  /// Generated at the first call, then looked up.
  libxsmm_smmfunction kernel(int m, int n, int k, bool adds) const {
    const float one = 1, beta = adds ? 1.f : 0.f;
    const int flags = LIBXSMM_GEMM_FLAG_NONE;
    return libxsmm_smmdispatch(m, n, k, &s_.columns, &s_.depth, &s_.columns, &one, &beta, &flags,
                               nullptr);
  }

  matrix_product s_;
};

void enter(const problem& of, const operands& data, contestants& into) {
  const auto* const s = std::get_if<matrix_product>(&of.extents);
  if (s == nullptr || of.element != lathe::dtype::f32) return;
  const float *a = data.get<float>("A"), *b = data.get<float>("B");
  float* const c = data.get<float>("C");
  into.push_back({"libxsmm", "blocks", contract::plain,
                  [=, multiply = blocked_product(*s)] { multiply(a, b, c); }});
}

}  // namespace

peer find_libxsmm() {
  libxsmm_init();
  return {"libxsmm", std::string(LIBXSMM_VERSION) + ", target " + libxsmm_get_target_arch(), true,
          nullptr, enter};
}

}  // namespace bench
#else
namespace bench {
peer find_libxsmm() { return absent("libxsmm", "libxsmm-dev"); }
}  // namespace bench
#endif
