#include <lathe/target/cuda/occupancy.hpp>

#include <doctest/doctest.h>

#if __has_include(<cuda_occupancy.h>)
#  include <cuda_occupancy.h>
#  include <random>
#endif

using namespace lathe;

TEST_CASE("occupancy: cases counted by hand") {
  const gpu::device h200 = gpu::known_device("H200").value();
  // 32 warps of 32 * 32 registers each are 32768: two blocks.
  auto out = gpu::occupancy_of(h200, {1024, 32, 0});
  CHECK(out.blocks == 2);
  CHECK(out.warps == 64);
  CHECK(out.limit == gpu::occupancy_limit::threads);
  // 127 registers are given as 128: 4096 per warp, 16 warps, 2 blocks of 8.
  out = gpu::occupancy_of(h200, {256, 127, 0});
  CHECK(out.blocks == 2);
  CHECK(out.limit == gpu::occupancy_limit::registers);
  // 100 KiB and the system's 1 KiB: two times 101 of 228.
  out = gpu::occupancy_of(h200, {128, 32, 100 << 10});
  CHECK(out.blocks == 2);
  CHECK(out.limit == gpu::occupancy_limit::shared);
  out = gpu::occupancy_of(h200, {32, 16, 0});
  CHECK(out.blocks == 32);
  CHECK(out.limit == gpu::occupancy_limit::blocks);
  CHECK(gpu::occupancy_of(h200, {1024, 65, 0}).blocks == 0);
  CHECK(gpu::occupancy_of(h200, {128, 32, 228 << 10}).blocks == 0);
  CHECK(gpu::occupancy_of(h200, {0, 32, 0}).blocks == 0);
  CHECK(gpu::waves_of(h200, gpu::occupancy_of(h200, {1024, 32, 0}), 264) == 1);
  CHECK(gpu::waves_of(h200, gpu::occupancy_of(h200, {1024, 32, 0}), 265) == 2);
}

TEST_CASE("occupancy: equals NVIDIA's own function") {
#if __has_include(<cuda_occupancy.h>)
  std::mt19937 random(1);
  for (const gpu::device& on : gpu::known_devices()) {
    cudaOccDeviceProp theirs{};
    theirs.computeMajor = on.compute_major;
    theirs.computeMinor = on.compute_minor;
    theirs.maxThreadsPerBlock = on.threads_per_block;
    theirs.maxThreadsPerMultiprocessor = on.threads_per_multiprocessor;
    theirs.regsPerBlock = on.registers_per_block;
    theirs.regsPerMultiprocessor = on.registers_per_multiprocessor;
    theirs.warpSize = on.warp;
    theirs.sharedMemPerBlock = static_cast<std::size_t>(on.shared_without_asking);
    theirs.sharedMemPerMultiprocessor = static_cast<std::size_t>(on.shared_per_multiprocessor);
    theirs.sharedMemPerBlockOptin = static_cast<std::size_t>(on.shared_per_block);
    theirs.reservedSharedMemPerBlock = static_cast<std::size_t>(on.shared_reserved);
    theirs.numSms = on.multiprocessors;
    for (int round = 0; round < 50000; ++round) {
      const int threads = 1 + static_cast<int>(random() % 1024);
      const int registers = 1 + static_cast<int>(random() % 255);
      const auto shared_bytes = static_cast<std::size_t>(random()) % theirs.sharedMemPerBlockOptin;
      cudaOccFuncAttributes kernel{};
      kernel.maxThreadsPerBlock = 1024;
      kernel.numRegs = registers;
      kernel.partitionedGCConfig = PARTITIONED_GC_OFF;
      kernel.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
      kernel.maxDynamicSharedSizeBytes = theirs.sharedMemPerBlockOptin;
      kernel.numBlockBarriers = 1;
      cudaOccDeviceState state{};
      state.carveoutConfig = 100;
      cudaOccResult wanted{};
      const auto failed = cudaOccMaxActiveBlocksPerMultiprocessor(&wanted, &theirs, &kernel, &state,
                                                                  threads, shared_bytes);
      REQUIRE(failed == CUDA_OCC_SUCCESS);
      const auto got =
          gpu::occupancy_of(on, {threads, registers, static_cast<std::int64_t>(shared_bytes)});
      if (got.blocks != wanted.activeBlocksPerMultiprocessor) {
        CAPTURE(on.name);
        CAPTURE(threads);
        CAPTURE(registers);
        CAPTURE(shared_bytes);
        REQUIRE(got.blocks == wanted.activeBlocksPerMultiprocessor);
      }
    }
  }
#else
  MESSAGE("[SKIP] cuda_occupancy.h of a CUDA toolkit is not on the include path");
#endif
}
