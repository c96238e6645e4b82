/// @file
/// Bodies of worker.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/atomic.hpp>
#include <lathe/measure/worker.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace lathe {

namespace detail {

/// The desk of this child process, for its signal handler.
inline desk_page*& page_of_this_child() {
  static desk_page* page = nullptr;
  return page;
}

/// Leaves a note where the host finds it, then lets the fault happen again with its default effect.
/// Threads of a kernel often fault at the same moment: the first one writes, and the default effect
/// comes back only after that (SA_RESETHAND would let the second fault end the process before).
inline void note_crash(int number, siginfo_t* info, void*) {
  static atomic<bool> is_noted;
  while (is_noted.exchange(true)) pause();  // until the other thread's fault ends the process
  desk_page* const page = page_of_this_child();
  page->crash_signal = number;
  page->crash_address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  std::signal(number, SIG_DFL);
}

/// Handlers on a stack of their own, so that a stack overflow is noted, too.
inline void watch_crashes(desk_page& page) {
  constexpr std::size_t stack_bytes = 64 << 10;
  page_of_this_child() = &page;
  void* const memory =
      mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (memory == MAP_FAILED) return;  // a crash is still seen, without its address
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = stack_bytes;
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = note_crash;
  action.sa_flags = static_cast<int>(SA_SIGINFO | SA_ONSTACK);
  // A fault inside the handler finds both signals blocked, which ends the process.
  for (const int number : {SIGSEGV, SIGBUS}) sigaddset(&action.sa_mask, number);
  for (const int number : {SIGSEGV, SIGBUS}) sigaction(number, &action, nullptr);
}

}  // namespace detail

LATHE_INLINE result<owner<worker>> worker::create(const native::jit& compiler,
                                                  argument_set& arguments,
                                                  const worker_options& options) {
  owner<worker> made(new worker(compiler, arguments, options));
  if (options.isolate == isolation::process && !made->process_.start()) {
    return error("LATHE-E503",
                 "the system does not let a child process start, in which kernels could be tried "
                 "safely: allow it, or set isolate to none");
  }
  return made;
}

LATHE_INLINE worker::worker(const native::jit& compiler, argument_set& arguments,
                            const worker_options& options)
    : trial_host(desk(), options.isolate,
                 {[](void* self) { static_cast<worker*>(self)->serve_start(); },
                  [](void* self) { static_cast<worker*>(self)->serve_job(); }, this,
                  options.memory_bytes}),
      compiler_(compiler),
      arguments_(arguments),
      options_(options),
      // The host's OpenMP runtime may hang in a forked child, so the child has a pool of its own.
      hook_(options.isolate == isolation::process ? native::pool_parallel_for()
                                                  : native::default_parallel_for()) {}

LATHE_INLINE measurement worker::measure(const kernel_plan& plan, std::span<const std::byte> object,
                                         std::span<const expectation> wanted,
                                         const measure_options& options) {
  if (!desk_.put(plan, object)) {
    return measurement::failure_of(failure::limit,
                                   "object file of " + std::to_string(object.size()) + " bytes");
  }
  buffers_ = plan.buffers;
  return measure_on_desk(wanted, options);
}

LATHE_INLINE std::string worker::fault_in_outputs(std::span<const expectation> wanted) {
  std::string damage = arguments_.damage(isolate_ == isolation::none);
  if (!damage.empty()) return damage;
  for (const expectation& output : wanted) {
    for (std::size_t n = 0; n < arguments_.size(); ++n) {
      if (arguments_[n].what.name != output.name) continue;
      comparison verdict = compare(arguments_[n].memory.data(), output);
      if (!verdict.ok()) return std::move(verdict.text);
    }
  }
  return {};
}

LATHE_INLINE std::string worker::crash_text() {
  const desk_page& page = desk_.page();
  std::string text = process_.end_text();
  if (page.crash_signal == 0) {
    // The note could not be left: its thread had no stack to leave it from.
    return process_.signal() == SIGSEGV ? text + ": stack overflow" : text;
  }

  const std::uintptr_t place = page.crash_address;
  const auto reach = static_cast<std::uintptr_t>(detail::page_bytes()) + 64;
  const std::size_t known = smaller(buffers_.size(), page.addresses.size());
  for (std::size_t n = 0; n < known; ++n) {
    const plan_buffer& buffer = buffers_[n];
    const std::uintptr_t begin = page.addresses[n];
    const std::uintptr_t end = begin + static_cast<std::uintptr_t>(buffer.bytes());
    if (place >= begin && place < end) return text + ": wrote to its input " + buffer.name;
    if (place >= end && place - end < reach) {
      return text + ": accessed " + buffer.name + " " + std::to_string(place - end) +
             " bytes behind its end";
    }
    if (place < begin && begin - place < reach) {
      return text + ": accessed " + buffer.name + " " + std::to_string(begin - place) +
             " bytes before its start";
    }
  }
  rlimit stack{};
  getrlimit(RLIMIT_STACK, &stack);
  const auto most = smaller<std::uintptr_t>(stack.rlim_cur, std::uintptr_t{1} << 30);
  if (place < page.stack_top && page.stack_top - place < most + reach) {
    return text + ": stack overflow";
  }
  char address[32];
  std::snprintf(address, sizeof address, "%#zx", place);
  return text + ": accessed address " + address;
}

LATHE_INLINE void worker::serve_start() {
  arguments_.forbid_writing_inputs();
  detail::watch_crashes(desk_.page());
}

LATHE_INLINE void worker::serve_job() {
  desk_page& page = desk_.page();
  const bool isolated = isolate_ == isolation::process;
  // Should the host be killed while the kernel loops for ever.
  if (isolated) alarm(static_cast<unsigned>(page.alarm_seconds) + 1);
  page.failed = failure::none;
  page.stack_top = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));

  if (page.job == desk_job::time) {
    desk_.reply_times(trial_->time(page.timing));
  } else {
    trial_.reset();
    const double begin = monotonic_seconds();
    result<kernel_trial> made = kernel_trial::create(compiler_, desk_.plan(), desk_.object(),
                                                     arguments_, options_.threads, hook_);
    const double linked = monotonic_seconds();
    page.link_seconds = linked - begin;
    if (!made) {
      desk_.reply_failure(failure::compile, made.error().what());
    } else {
      trial_.emplace(std::move(*made));
      const std::span<void* const> addresses = trial_->addresses();
      for (std::size_t n = 0; n < smaller(addresses.size(), page.addresses.size()); ++n) {
        page.addresses[n] = reinterpret_cast<std::uintptr_t>(addresses[n]);
      }
      trial_->run_afresh();
      page.seconds = monotonic_seconds() - linked;
    }
  }
  if (trial_) {
    const std::string damage = trial_->damage();
    if (!damage.empty()) desk_.reply_failure(failure::wrong_answer, damage);
  }
  if (isolated) alarm(0);
}

}  // namespace lathe
