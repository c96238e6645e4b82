// One tuned kernel and its call.
#include <lathe/lathe.hpp>

#include <vector>

void product(int m, int n, int k, const std::vector<float>& a, const std::vector<float>& b,
             std::vector<float>& c) {
  const auto kernel = lathe::tune(lathe::ops::gemm(m, n, k), lathe::cpu());
  kernel(a, b, c);
}
