/// @file
/// The host's side of trying a kernel, the same for every target: asks for a checked run, compares
/// the outputs, asks for times, compares again. In: a kernel on the desk. Out: a measurement, never
/// an exception. Base of worker.hpp and cuda_worker.hpp.
///
///     host: fill outputs ─ ask ─────────────────── compare ─ ask ─────── compare again
///     child:                 link ─ run once ─ reply           time ─ reply
#pragma once

#include <lathe/config.hpp>
#include <lathe/measure/compare.hpp>
#include <lathe/measure/desk.hpp>
#include <lathe/measure/process.hpp>
#include <lathe/measure/record.hpp>
#include <lathe/measure/timer.hpp>

#include <limits>
#include <optional>
#include <span>
#include <string>

namespace lathe {

/// Where kernels under test run.
enum class isolation : unsigned char {
  process,  ///< in a child process: crashes and endless loops become records
  none      ///< in this process: only for kernels that are known to be good
};

/// How one kernel is measured.
struct measure_options {
  timing_options timing;
  double time_limit = 5;  ///< [s] for linking and the first run; timing may take as long again
  /// [s] the same for kernels that only matter if they are fast: later ones are `slow`, not
  /// `timeout`
  double slow_limit = std::numeric_limits<double>::infinity();
  double floor_seconds = 0;  ///< no correct kernel is faster: operations over peak, 5 % off
};

/// Measures the kernel on the desk. Belongs to one thread at a time, see worker_process.
class trial_host {
 public:
  trial_host(const trial_host&) = delete;
  trial_host& operator=(const trial_host&) = delete;
  virtual ~trial_host() = default;

  /// Child processes started so far; 0 without isolation.
  int starts() const { return process_.starts(); }

 protected:
  LATHE_INLINE trial_host(desk on, isolation isolate, const process_behaviour& child);

  /// Runs the kernel once on pre-filled outputs and compares them, times it, compares again. A
  /// child that served other kernels before gets no say in a crash: it is repeated in a fresh one.
  LATHE_INLINE measurement measure_on_desk(std::span<const expectation> wanted,
                                           const measure_options& options);

  /// Removes the traces of the last kernel.
  virtual void reset_outputs() = 0;
  /// What is wrong with the outputs, or with what the kernel must not touch; empty if nothing.
  virtual std::string fault_in_outputs(std::span<const expectation> wanted) = 0;
  /// Of what the child died.
  virtual std::string crash_text() = 0;
  /// Does the job on the desk: in the child, or here without isolation.
  virtual void serve_job() = 0;

  desk desk_;
  isolation isolate_;
  worker_process process_;

 private:
  LATHE_INLINE measurement attempt(std::span<const expectation> wanted,
                                   const measure_options& options);
  LATHE_INLINE std::optional<measurement> perform(desk_job job, const measure_options& options);

  int kernels_on_child_ = 0;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/trial_host.ipp>
#endif
