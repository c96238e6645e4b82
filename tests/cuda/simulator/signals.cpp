#include "cuda/simulator/signals.hpp"

#include <cstddef>
#include <cstring>
#include <iterator>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

// glibc before 2.38 has no name for it.
#if !defined(sigev_notify_thread_id)
#  define sigev_notify_thread_id _sigev_un._tid
#endif

namespace cuda_simulator {
namespace {

/// Handlers need a stack of their own: a fault may be that of a stack.
alignas(16) std::byte handler_stack[std::size_t{64} << 10];

bool was_write(const void* context) {
#if defined(__x86_64__)
  constexpr greg_t write_bit = 2;  // of the page fault's error code
  return (static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_ERR] & write_bit) != 0;
#else
  static_cast<void>(context);
  return false;
#endif
}

}  // namespace

signal_guard::signal_guard(double seconds, reaction react) {
  react_ = react;
  stack_t stack{};
  stack.ss_sp = handler_stack;
  stack.ss_size = sizeof handler_stack;
  sigaltstack(&stack, &stack_before_);
  for (std::size_t at = 0; at < std::size(numbers_); ++at) {
    struct sigaction action {};
    action.sa_sigaction = handle;
    // A handler that switches to another fiber never returns: its signal must not stay blocked.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    sigaction(numbers_[at], &action, &before_[at]);
  }
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGVTALRM;
  event.sigev_notify_thread_id = static_cast<pid_t>(syscall(SYS_gettid));
  timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_);
  itimerspec times{};
  times.it_value.tv_sec = static_cast<time_t>(seconds);
  times.it_value.tv_nsec =
      static_cast<long>((seconds - static_cast<double>(times.it_value.tv_sec)) * 1e9);
  times.it_interval.tv_nsec = 10'000'000;  // until it comes while the kernel runs
  timer_settime(timer_, 0, &times, nullptr);
}

signal_guard::~signal_guard() {
  timer_delete(timer_);
  for (std::size_t at = 0; at < std::size(numbers_); ++at)
    sigaction(numbers_[at], &before_[at], nullptr);
  if ((stack_before_.ss_flags & SS_DISABLE) == 0) sigaltstack(&stack_before_, nullptr);
}

void signal_guard::handle(int number, siginfo_t* info, void* context) {
  signal_event event;
  if (number == SIGVTALRM)
    event.kind = signal_kind::time;
  else if (number == SIGILL || number == SIGTRAP)
    event.kind = signal_kind::trap;
  else if (number == SIGFPE)
    event.kind = signal_kind::division;
  event.address = info->si_addr;
  event.writes = was_write(context);
  react_(event);
  if (number == SIGVTALRM) return;
  for (std::size_t at = 0; at < std::size(numbers_); ++at)
    if (numbers_[at] == number) sigaction(number, &before_[at], nullptr);
}

}  // namespace cuda_simulator
