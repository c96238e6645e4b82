/// @file
/// Runs one launch of a compiled kernel on the host: a fiber per CUDA thread, block after block.
/// In: the kernel's function and the launch. Out: nothing, or what it did that a device would not
/// survive or would do differently every time. Called by simulate.cpp and the fake driver.
///
/// A warp runs until all its threads wait at a barrier, before the next warp begins: so a missing
/// barrier shows as values that are not there yet or no longer. Threads that exchange values within
/// a warp wait for their own warp alone.
#pragma once

#include "cuda/simulator/device_interface.hpp"
#include "cuda/simulator/guarded_memory.hpp"
#include "cuda/simulator/host_library.hpp"
#include <cstdint>
#include <span>
#include <string>

namespace cuda_simulator {

/// In which order blocks, the warps of a block and the threads of a warp run.
enum class thread_order { forward, reverse, stride };
inline const char* name_of(thread_order order) {
  constexpr const char* names[] = {"forward", "reverse", "stride"};
  return names[static_cast<int>(order)];
}

/// When an asynchronous copy happens.
enum class copy_time {
  at_start,  ///< at once: overwrites what others may still read
  at_wait    ///< in the wait for its group; until then the place holds 0xff
};

/// How to run launches.
struct run_mode {
  thread_order order = thread_order::forward;
  copy_time copies = copy_time::at_wait;
  double seconds = 20;  ///< CPU time of a launch
};

/// A launch. @pre sizes are those that devices allow
struct kernel_launch {
  std::string name;
  device_interface** interface_of_library = nullptr;  ///< `cuda_simulator_device` of its library
  host_kernel kernel;
  void** arguments = nullptr;
  std::int64_t blocks = 1, threads = 1, shared_bytes = 0;
};

/// Memory that kernels may use, for messages.
struct named_memory {
  std::string name;
  const guarded_memory* memory = nullptr;
};

/// What went wrong.
enum class fault {
  none,
  address,  ///< outside of a buffer, misaligned, or to an input: CUDA_ERROR_ILLEGAL_ADDRESS
  barrier,  ///< threads of a block wait at different barriers, or some have returned
  warp,     ///< lanes that should exchange values do not meet
  local,    ///< more local memory than a thread can have
  time      ///< it takes longer than allowed
};

/// What went wrong and where; fault::none and "" if nothing did.
struct run_result {
  fault kind = fault::none;
  std::string problem;
  bool changed = false;  ///< a condition that mutation.hpp altered had another value
};

/// Runs a launch. One at a time in a process, since the handlers of signals are the process's.
run_result run_launch(const kernel_launch& launch, std::span<const named_memory> memory,
                      const run_mode& mode);

}  // namespace cuda_simulator
