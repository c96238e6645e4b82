#include <lathe/core/algorithm.hpp>
#include <lathe/target/cuda/cubin.hpp>

#include "host_nvrtc.hpp"
#include <cstddef>
#include <doctest/doctest.h>
#include <random>
#include <span>
#include <string>
#include <vector>

using namespace lathe;

namespace {

/// A kernel whose instructions can be counted by hand: 64 multiply-adds, two barriers, one load of
/// 16 bytes from global into shared memory, and so on.
const std::string known_kernel = R"(
extern "C" __global__ void __launch_bounds__(128) counted(float4* out, const float4* in, float* one) {
  extern __shared__ __align__(16) float4 tile[];
  float4 a = in[threadIdx.x];
  tile[threadIdx.x] = a;
  __syncthreads();
  float4 b = tile[threadIdx.x ^ 1];
  float s = one[threadIdx.x];
  __syncthreads();
  float v[4] = {b.x, b.y, b.z, b.w};
#pragma unroll
  for (int i = 0; i < 16; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j) v[j] = v[j] * s + a.x;
  float4 r = {v[0], v[1], v[2], v[3]};
  out[threadIdx.x] = r;
}
extern "C" __global__ void copied(float* out, const float* in) { out[threadIdx.x] = in[threadIdx.x]; }
)";

/// An array that is indexed at run time lives in local memory.
const std::string spilling_kernel = R"(
extern "C" __global__ void spilled(float* out, const int* at) {
  float values[40];
  for (int i = 0; i < 40; ++i) values[at[i]] = i;
  out[threadIdx.x] = values[at[threadIdx.x]];
}
)";

const gpu::cubin_kernel& kernel_named(const sequence<gpu::cubin_kernel>& all, const char* symbol) {
  for (const gpu::cubin_kernel& each : all)
    if (each.symbol == symbol) return each;
  FAIL("no kernel ", symbol);
  return all[0];
}

}  // namespace

TEST_CASE("cubin: instructions of known kernels are counted, on every architecture") {
  const auto compiler = test::host_nvrtc();
  if (!compiler) return;
  for (const int capability : compiler->architectures()) {
    if (capability < 75) continue;
    CAPTURE(capability);
    const auto code =
        test::compiled_by(*compiler, known_kernel, "sm_" + std::to_string(capability));
    const auto kernels = gpu::read_cubin(code.bytes);
    REQUIRE(kernels.has_value());
    REQUIRE(kernels->size() == 2);
    const gpu::cubin_kernel& counted = kernel_named(*kernels, "counted");
    CHECK(counted.mix.f32_multiply_add == 64);
    CHECK(counted.mix.barriers == 2);
    CHECK(counted.mix.global_loads == 2);
    CHECK(counted.mix.wide_global_loads == 1);
    CHECK(counted.mix.global_stores == 1);
    CHECK(counted.mix.wide_global_stores == 1);
    CHECK(counted.mix.shared_loads == 1);
    CHECK(counted.mix.wide_shared_loads == 1);
    CHECK(counted.mix.shared_stores == 1);
    CHECK(counted.mix.wide_shared_stores == 1);
    CHECK(counted.mix.local_loads == 0);
    CHECK(counted.threads == 128);
    CHECK(counted.parameter_bytes == 24);
    CHECK(counted.registers >= 8);
    CHECK(counted.registers <= 64);
    CHECK(counted.local_bytes == 0);
    const gpu::cubin_kernel& copied = kernel_named(*kernels, "copied");
    CHECK(copied.mix.f32_multiply_add == 0);
    CHECK(copied.mix.global_loads == 1);
    CHECK(copied.mix.wide_global_loads == 0);
    CHECK(copied.parameter_bytes == 16);
    CHECK(copied.threads == 0);
  }
}

TEST_CASE("cubin: local memory is seen as a frame and as instructions") {
  const auto compiler = test::host_nvrtc();
  if (!compiler) return;
  const auto kernels = gpu::read_cubin(test::compiled_by(*compiler, spilling_kernel).bytes);
  REQUIRE(kernels.has_value());
  CHECK(kernels->front().local_bytes == 160);
  CHECK(kernels->front().mix.local_loads > 0);
  CHECK(kernels->front().mix.local_stores > 0);
}

TEST_CASE("cubin: what is none is LATHE-E337") {
  const std::vector<std::byte> nothing, zeros(4096);
  for (const auto& bytes : {nothing, zeros}) {
    const auto kernels = gpu::read_cubin(bytes);
    REQUIRE_FALSE(kernels.has_value());
    CHECK(kernels.error().id() == "LATHE-E337");
  }
}

TEST_CASE("cubin: damaged ones never harm the reader") {
  const auto compiler = test::host_nvrtc();
  if (!compiler) return;
  const auto code = test::compiled_by(*compiler, known_kernel);
  const auto whole = gpu::read_cubin(code.bytes);
  REQUIRE(whole.has_value());
  // Copies of exactly the size, so that a sanitizer sees every byte read behind the end.
  for (std::size_t size = 0; size < code.bytes.size(); size += size < 256 ? 1 : 37) {
    const std::vector<std::byte> cut(code.bytes.begin(), code.bytes.begin() + size);
    const auto kernels = gpu::read_cubin(cut);
    // The table of sections is at the end: without it there is nothing to read.
    if (kernels) CHECK(kernels->size() <= whole->size());
  }
  std::mt19937 random(1);
  int changed = 0;
  for (int round = 0; round < 4000; ++round) {
    std::vector<std::byte> damaged(code.bytes.begin(), code.bytes.end());
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
      // Half of them in the header and in the table of sections.
      const std::size_t tail = damaged.size() - smaller<std::size_t>(damaged.size(), 2048);
      const std::size_t at = random() % 2 == 0   ? random() % damaged.size()
                             : random() % 2 == 0 ? random() % 64
                                                 : tail + random() % (damaged.size() - tail);
      damaged[at] ^= static_cast<std::byte>(1U << random() % 8);
    }
    const auto kernels = gpu::read_cubin(damaged);
    if (!kernels || kernels->size() != whole->size() ||
        (*kernels)[0].mix.f32_multiply_add != (*whole)[0].mix.f32_multiply_add)
      ++changed;
  }
  CHECK(changed > 0);  // the flips do reach what is read
}
