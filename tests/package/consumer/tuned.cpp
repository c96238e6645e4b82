// A kernel from a program of one header. Without libLLVM there is none, which is no mistake of it.
#include <lathe/lathe.hpp>

#include <cstdio>
#include <vector>

int main() {
  const std::vector<float> a = {1, 2, 3, 4, 5, 6}, b = {1, 0, 2, 0, 1, 3};
  std::vector<float> c(4);
  lathe::tune_options options;
  options.effort = lathe::effort_level::estimate;
  options.cache = lathe::cache_mode::off;
  const auto kernel = lathe::try_tune(lathe::ops::gemm<float>(2, 2, 3), lathe::cpu(), options);
  if (kernel)
    (*kernel)(a, b, c);
  else if (kernel.error().id() == "LATHE-E301")
    lathe::evaluate(lathe::ops::gemm<float>(2, 2, 3), a, b, c);
  if (c != std::vector<float>{8, 9, 20, 18}) return 1;
  std::puts("tuned: ok");
}
