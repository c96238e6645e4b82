/// @file
/// Bodies of trial_host.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/measure/trial_host.hpp>

#include <csignal>
#include <cstdio>
#include <utility>

namespace lathe {

namespace detail {

inline std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g s", seconds);
  return text;
}

}  // namespace detail

LATHE_INLINE trial_host::trial_host(desk on, isolation isolate, const process_behaviour& child)
    : desk_(std::move(on)), isolate_(isolate), process_(child) {}

LATHE_INLINE measurement trial_host::measure_on_desk(std::span<const expectation> wanted,
                                                     const measure_options& options) {
  measurement result = attempt(wanted, options);
  if (result.failed == failure::crash && kernels_on_child_ > 1) result = attempt(wanted, options);
  return result;
}

LATHE_INLINE measurement trial_host::attempt(std::span<const expectation> wanted,
                                             const measure_options& options) {
  if (isolate_ == isolation::process && !process_.running()) {
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
  reset_outputs();
  std::optional<measurement> failed = perform(desk_job::check, options);
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

  failed = perform(desk_job::time, options);
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

LATHE_INLINE std::optional<measurement> trial_host::perform(desk_job job,
                                                            const measure_options& options) {
  const bool is_cut_off = options.slow_limit < options.time_limit;
  const double seconds = (is_cut_off ? options.slow_limit : options.time_limit) +
                         (job == desk_job::time ? options.timing.max_seconds : 0);
  desk_page& page = desk_.page();
  page.job = job;
  page.alarm_seconds = 2 * seconds + 2;
  page.crash_signal = 0;
  page.failed = failure::none;
  request_end end = request_end::replied;
  if (isolate_ == isolation::process) {
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
    return measurement::failure_of(failure::crash, crash_text());
  }
  if (page.failed != failure::none) {
    page.reason.back() = '\0';
    return measurement::failure_of(page.failed, page.reason.data());
  }
  return std::nullopt;
}

}  // namespace lathe
