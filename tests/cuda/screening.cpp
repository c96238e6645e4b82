#include <lathe/target/cuda/screening.hpp>

#include <doctest/doctest.h>
#include <string>

using namespace lathe;

namespace {

/// One launch that nothing speaks against.
cuda_source fine_source() {
  cuda_source source;
  source.launches.emplace_back();
  cuda_launch& launch = source.launches.back();
  launch.symbol = "k";
  launch.blocks = 256;
  launch.threads = 256;
  launch.shared_bytes = 32 << 10;
  launch.unrolled = 512;
  launch.registers_at_least = 80;
  return source;
}

gpu::cubin_kernel fine_kernel() {
  gpu::cubin_kernel kernel;
  kernel.symbol = "k";
  kernel.registers = 127;
  kernel.static_shared_bytes = 1024;
  kernel.threads = 256;
  return kernel;
}

const gpu::device h200 = gpu::known_device("H200").value();

std::string refusal_before(void (*change)(cuda_launch&)) {
  cuda_source source = fine_source();
  change(source.launches[0]);
  return gpu::refusal_of(source, h200);
}

std::string refusal_after(void (*change)(gpu::cubin_kernel&),
                          const gpu::screening_limits& limits = {}) {
  gpu::cubin_kernel kernel = fine_kernel();
  change(kernel);
  return gpu::refusal_of(fine_source(), {&kernel, 1}, h200, limits);
}

bool says(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("screening: before compiling, every limit has its reason") {
  CHECK(refusal_before([](cuda_launch&) {}) == "");
  CHECK(refusal_before([](cuda_launch& l) { l.threads = 1025; }) ==
        "k: 1025 threads per block, at most 1024");
  CHECK(says(refusal_before([](cuda_launch& l) { l.threads = 0; }), "0 threads per block"));
  CHECK(says(refusal_before([](cuda_launch& l) { l.blocks = std::int64_t{1} << 31; }), "blocks"));
  CHECK(says(refusal_before([](cuda_launch& l) { l.shared_bytes = 232449; }),
             "232449 bytes of shared memory per block, at most 232448"));
  CHECK(refusal_before([](cuda_launch& l) { l.shared_bytes = 232448; }) == "");
  CHECK(says(refusal_before([](cuda_launch& l) { l.unrolled = 5000; }), "5000 statements"));
  CHECK(says(refusal_before([](cuda_launch& l) { l.registers_at_least = 244; }),
             "256 registers per thread or more, at most 255"));
  CHECK(says(refusal_before([](cuda_launch& l) {
               l.threads = 1024;
               l.registers_at_least = 64;
             }),
             "76 registers per thread or more, at most 64"));
}

TEST_CASE("screening: after compiling, the cubin speaks") {
  CHECK(refusal_after([](gpu::cubin_kernel&) {}) == "");
  CHECK(says(refusal_after([](gpu::cubin_kernel& k) { k.symbol = "other"; }), "no kernel"));
  CHECK(says(refusal_after([](gpu::cubin_kernel& k) { k.threads = 128; }), "launch bounds"));
  CHECK(says(refusal_after([](gpu::cubin_kernel& k) { k.local_bytes = 16; }),
             "16 bytes of registers spilled"));
  CHECK(says(refusal_after([](gpu::cubin_kernel& k) { k.registers = 256; }), "registers"));
  CHECK(says(refusal_after([](gpu::cubin_kernel& k) { k.static_shared_bytes = 220 << 10; }),
             "shared memory"));
  gpu::screening_limits limits;
  limits.warps = 17;  // 127 registers: 16 warps
  CHECK(says(refusal_after([](gpu::cubin_kernel&) {}, limits), "16 warps on a multiprocessor"));
  limits.warps = 16;
  CHECK(refusal_after([](gpu::cubin_kernel&) {}, limits) == "");
}

TEST_CASE("device: the known ones have the peaks of their data sheets") {
  CHECK(h200.architecture() == "sm_90");
  CHECK(h200.peak_f32() * 1e-12 == doctest::Approx(66.9).epsilon(0.01));
  CHECK(gpu::known_device("A100")->peak_f32() * 1e-12 == doctest::Approx(19.5).epsilon(0.01));
  CHECK(gpu::known_device("L40S")->peak_f32() * 1e-12 == doctest::Approx(91.6).epsilon(0.01));
  CHECK(gpu::text_of(h200) ==
        "H200 (sm_90): 132 multiprocessors, 141 GB at 4.8 TB/s, 66.9 TFLOP/s f32");
  const auto unknown = gpu::known_device("H2000");
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().id() == "LATHE-E343");
}
