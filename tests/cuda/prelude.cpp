// The prelude: only what a text needs, and NVRTC compiles it with every text written by hand.
#include <lathe/target/cuda/cuda_prelude.hpp>

#include "cuda/host_nvrtc.hpp"
#include "cuda/texts.hpp"
#include <doctest/doctest.h>

using namespace test;

TEST_CASE("prelude: what a text names, and what that needs") {
  CHECK(lathe::cuda_prelude("no function of it").empty());
  const std::string copies = lathe::cuda_prelude("lathe_copy_async16(s, g);");
  CHECK(copies.find("cp.async.wait_group") != std::string::npos);
  CHECK(copies.find("mma") == std::string::npos);
  const std::string halves = lathe::cuda_prelude("lathe_f32_to_bf16(x)");
  CHECK(halves.find("typedef unsigned short lathe_bf16;") != std::string::npos);
  CHECK(halves.find("lathe_bf16_to_f32(") == std::string::npos);
  CHECK(halves.starts_with("#ifdef __CUDACC__\n"));
}

TEST_CASE("prelude: NVRTC compiles it") {
  const auto compiler = host_nvrtc();
  if (!compiler) return;
  const std::string conversions = R"(
extern "C" __global__ void __launch_bounds__(32) convert(const float* A, lathe_f16* H, lathe_bf16* B, float* C) {
  H[threadIdx.x] = lathe_f32_to_f16(A[threadIdx.x] + lathe_f16_to_f32(H[0]));
  B[threadIdx.x] = lathe_f32_to_bf16(A[threadIdx.x] + lathe_bf16_to_f32(B[0]));
}
)";
  compiled_by(*compiler, lathe::cuda_prelude(conversions) + conversions, "sm_75");
  for (const char* architecture : {"sm_80", "sm_90", "sm_90a"})
    for (const auto& [name, text] : all_texts()) {
      CAPTURE(architecture);
      CAPTURE(name);
      compiled_by(*compiler, text.source.prelude + text.source.text, architecture);
    }
}
