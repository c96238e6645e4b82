// Targets that are not on this machine: the program links and runs, and tuning says what is
// missing.
#include <lathe/cuda.hpp>
#include <lathe/lathe.hpp>

#include <cstdio>

int main() {
  const auto on_cpu = lathe::try_tune(lathe::ops::gemm<float>(8, 8, 8));
  std::printf("cpu: %s\n", on_cpu ? "there" : on_cpu.error().id().c_str());
  const auto on_gpu = lathe::try_tune(lathe::ops::gemm<float>(8, 8, 8), lathe::cuda());
  std::printf("cuda: %s\n", on_gpu ? "there" : on_gpu.error().id().c_str());
}
