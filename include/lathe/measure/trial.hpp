/// @file
/// One compiled kernel made ready to run on the arguments under test: linked, with workspaces of
/// its own. In: object bytes and plan. Out: a checked run, then times. Called by the worker, inside
/// its child process or, without isolation, in the host's.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/measure/arguments.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/target/cpu/jit.hpp>
#include <lathe/target/cpu/memory_block.hpp>
#include <lathe/target/cpu/parallel.hpp>
#include <lathe/target/plan.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace lathe {

/// A linked kernel and everything it runs on. The argument set must outlive it.
class kernel_trial {
 public:
  /// @param threads  most threads of a parallel phase
  /// @error LATHE-E3xx from linking; LATHE-E502 if the plan's parameters are not the argument set's
  LATHE_INLINE static result<kernel_trial> create(const native::jit& compiler, kernel_plan plan,
                                                  std::span<const std::byte> object,
                                                  const argument_set& arguments, int threads,
                                                  const parallel_for_hook& hook);

  /// Fills the workspaces like outputs, then runs all phases once, those of bind() first.
  LATHE_INLINE void run_afresh();
  /// Times the phases of a call, on one set of arguments after the other, see calls_in_a_row(),
  /// each with its own copy of what bind() packed. @pre run_afresh() was called
  LATHE_INLINE timing time(const timing_options& options);
  /// "wrote outside workspace Bp", or empty.
  LATHE_INLINE std::string damage() const;

  /// Address of every buffer of the plan.
  std::span<void* const> addresses() const { return tables_[0]; }

 private:
  kernel_trial() = default;
  LATHE_INLINE void make_tables();

  const argument_set* arguments_ = nullptr;
  kernel_plan plan_;
  native::loaded_object object_;
  sequence<phase_function> phases_;
  sequence<guarded_buffer> workspaces_;
  sequence<sequence<void*>> tables_;  ///< per set of arguments: the address of every buffer
  sequence<native::memory_block> bound_copies_;
  std::size_t next_set_ = 0;
  double afresh_seconds_ = 0;  ///< of the phases of a call in run_afresh()
  guarded_buffer scratch_;
  int threads_ = 1;
  parallel_for_hook hook_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/measure/trial.ipp>
#endif
