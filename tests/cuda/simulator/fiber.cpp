#include "cuda/simulator/fiber.hpp"

#include <cstdint>

#if defined(__x86_64__)

// The registers that a function must preserve in the System V ABI; what control words hold stays.
extern "C" void cuda_simulator_switch(void** save_stack_pointer, void* stack_pointer);
asm(R"(
.text
.globl cuda_simulator_switch
.hidden cuda_simulator_switch
.type cuda_simulator_switch, @function
cuda_simulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size cuda_simulator_switch, .-cuda_simulator_switch
)");

namespace cuda_simulator {

void make_fiber(fiber_context& made, std::byte* stack, std::size_t stack_bytes, void (*entry)()) {
  constexpr std::uintptr_t alignment = 16;
  const auto end = reinterpret_cast<std::uintptr_t>(stack + stack_bytes) / alignment * alignment;
  auto* top = reinterpret_cast<void**>(end);
  *--top = nullptr;  // where entry() would return to
  *--top = reinterpret_cast<void*>(entry);
  for (int preserved = 0; preserved < 6; ++preserved) *--top = nullptr;
  made.stack_pointer = top;
}

void switch_fiber(fiber_context& from, const fiber_context& to) {
  cuda_simulator_switch(&from.stack_pointer, to.stack_pointer);
}

}  // namespace cuda_simulator

#else

namespace cuda_simulator {

void make_fiber(fiber_context& made, std::byte* stack, std::size_t stack_bytes, void (*entry)()) {
  getcontext(&made.context);
  made.context.uc_stack.ss_sp = stack;
  made.context.uc_stack.ss_size = stack_bytes;
  made.context.uc_link = nullptr;
  makecontext(&made.context, entry, 0);
}

void switch_fiber(fiber_context& from, const fiber_context& to) {
  swapcontext(&from.context, &to.context);
}

}  // namespace cuda_simulator

#endif
