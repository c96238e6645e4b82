/// @file
/// Faults and time-outs of the code that runs meanwhile. Called by machine.cpp.
#pragma once

#include <signal.h>
#include <time.h>

namespace cuda_simulator {

enum class signal_kind {
  access,    ///< an address that cannot be read or written
  trap,      ///< a check that the compiler put into the code
  division,  ///< of an integer by zero
  time       ///< the thread's CPU time is used up
};

struct signal_event {
  signal_kind kind = signal_kind::access;
  const void* address = nullptr;
  bool writes = false;
};

/// While it lives, `react` is told of the signals of this thread. If it returns from a fault, the
/// process ends as it would have without.
class signal_guard {
 public:
  using reaction = void (*)(const signal_event&);
  /// @param seconds  of CPU time of this thread, again and again
  signal_guard(double seconds, reaction react);
  ~signal_guard();
  signal_guard(const signal_guard&) = delete;
  signal_guard& operator=(const signal_guard&) = delete;

 private:
  static void handle(int number, siginfo_t* info, void* context);

  static constexpr int numbers_[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGVTALRM};
  static inline reaction react_ = nullptr;
  static inline struct sigaction before_[6];
  stack_t stack_before_;
  timer_t timer_;
};

}  // namespace cuda_simulator
