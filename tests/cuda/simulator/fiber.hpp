/// @file
/// Switching between call stacks. Called by machine.cpp, which has one per CUDA thread.
#pragma once

#include <cstddef>

#if !defined(__x86_64__)
#  include <ucontext.h>
#endif

namespace cuda_simulator {

/// A stopped call stack. On x86-64 a switch takes about 5 ns; elsewhere <ucontext.h> does it, at
/// two system calls each.
struct fiber_context {
#if defined(__x86_64__)
  void* stack_pointer = nullptr;
#else
  ucontext_t context;
#endif
};

/// A context that begins with entry(), which must never return.
void make_fiber(fiber_context& made, std::byte* stack, std::size_t stack_bytes, void (*entry)());

/// Stops `from`, which is running, and continues `to`.
void switch_fiber(fiber_context& from, const fiber_context& to);

}  // namespace cuda_simulator
