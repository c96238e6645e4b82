/// @file
/// Bodies of worker.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/atomic.hpp>
#include <lathe/core/math.hpp>
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

inline std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", seconds);
  return text;
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
    : compiler_(compiler),
      arguments_(arguments),
      options_(options),
      // The host's OpenMP runtime may hang in a forked child, so the child has a pool of its own.
      hook_(options.isolate == isolation::process ? native::pool_parallel_for()
                                                  : native::default_parallel_for()),
      process_({[](void* self) { static_cast<worker*>(self)->serve_start(); },
                [](void* self) { static_cast<worker*>(self)->serve_job(); }, this,
                options.memory_bytes}) {}

LATHE_INLINE measurement worker::measure(const kernel_plan& plan, std::span<const std::byte> object,
                                         std::span<const expectation> wanted,
                                         const measure_options& options) {
  if (!desk_.put(plan, object)) {
    return measurement::failure_of(failure::limit,
                                   "object file of " + std::to_string(object.size()) + " bytes");
  }
  measurement result = attempt(plan, wanted, options);
  if (result.failed == failure::crash && kernels_on_child_ > 1) {
    result = attempt(plan, wanted, options);
  }
  return result;
}

LATHE_INLINE measurement worker::attempt(const kernel_plan& plan,
                                         std::span<const expectation> wanted,
                                         const measure_options& options) {
  if (options_.isolate == isolation::process && !process_.running()) {
    kernels_on_child_ = 0;
    if (!process_.start()) {
      return measurement::failure_of(failure::crash, "the child process could not be restarted");
    }
  }
  ++kernels_on_child_;
  desk_.page().timing = options.timing;
  desk_page& reply = desk_.page();
  measurement result;

  const double begin = monotonic_seconds();
  arguments_.reset_outputs();
  std::optional<measurement> failed = perform(desk_job::check, options, plan);
  if (failed) return *failed;
  result.compile_seconds = reply.link_seconds;
  const std::string fault = fault_in_outputs(wanted);
  const double checked = monotonic_seconds();
  result.check_seconds = checked - begin - reply.link_seconds;
  if (!fault.empty()) return measurement::failure_of(failure::wrong_answer, fault);

  // A cold run says little about short kernels, but enough about those far behind.
  constexpr double cold_run_penalty = 4;
  const double cold_seconds = reply.seconds;
  if (cold_seconds >
      cold_run_penalty * options.timing.hopeless_factor * options.timing.best_seconds) {
    result.samples = {cold_seconds};
    result.stopped_early = true;
    return result;
  }

  failed = perform(desk_job::time, options, plan);
  if (failed) return *failed;
  const int samples = clamped(reply.sample_count, 1, static_cast<int>(reply.samples.size()));
  result.samples.assign(reply.samples.begin(), reply.samples.begin() + samples);
  result.stopped_early = reply.hopeless;
  const std::string late_fault = fault_in_outputs(wanted);
  result.run_seconds = monotonic_seconds() - checked;
  if (!late_fault.empty()) {
    return measurement::failure_of(failure::wrong_answer,
                                   "right at first, not when repeated: " + late_fault);
  }
  if (minimum(result.samples) < options.floor_seconds) {
    return measurement::failure_of(
        failure::wrong_answer,
        "faster than the machine can be: " + detail::seconds_text(minimum(result.samples)) +
            " per call, at least " + detail::seconds_text(options.floor_seconds) + " expected");
  }
  return result;
}

LATHE_INLINE std::optional<measurement> worker::perform(desk_job job,
                                                        const measure_options& options,
                                                        const kernel_plan& plan) {
  const bool is_cut_off = options.slow_limit < options.time_limit;
  const double seconds = (is_cut_off ? options.slow_limit : options.time_limit) +
                         (job == desk_job::time ? options.timing.max_seconds : 0);
  desk_page& page = desk_.page();
  page.job = job;
  page.alarm_seconds = 2 * seconds + 2;
  page.crash_signal = 0;
  request_end end = request_end::replied;
  if (options_.isolate == isolation::process) {
    end = process_.request(seconds);
  } else {
    serve_job();
  }
  if (end == request_end::timed_out || (end == request_end::died && process_.signal() == SIGALRM)) {
    std::string text = "not done after " + detail::seconds_text(seconds);
    const double best = options.timing.best_seconds;
    if (!is_cut_off) return measurement::failure_of(failure::timeout, std::move(text));
    if (math::isfinite(best)) text += ", the best so far takes " + detail::seconds_text(best);
    return measurement::failure_of(failure::slow, std::move(text));
  }
  if (end == request_end::died) {
    return measurement::failure_of(failure::crash, crash_text(plan));
  }
  if (page.failed != failure::none) {
    page.reason.back() = '\0';
    return measurement::failure_of(page.failed, page.reason.data());
  }
  return std::nullopt;
}

LATHE_INLINE std::string worker::fault_in_outputs(std::span<const expectation> wanted) const {
  std::string damage = arguments_.damage(options_.isolate == isolation::none);
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

LATHE_INLINE std::string worker::crash_text(const kernel_plan& plan) const {
  const desk_page& page = desk_.page();
  std::string text = process_.end_text();
  if (page.crash_signal == 0) {
    // The note could not be left: its thread had no stack to leave it from.
    return process_.signal() == SIGSEGV ? text + ": stack overflow" : text;
  }

  const std::uintptr_t place = page.crash_address;
  const auto reach = static_cast<std::uintptr_t>(detail::page_bytes()) + 64;
  const std::size_t known = smaller(plan.buffers.size(), page.addresses.size());
  for (std::size_t n = 0; n < known; ++n) {
    const plan_buffer& buffer = plan.buffers[n];
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
  const bool isolated = options_.isolate == isolation::process;
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
