/// @file
/// A kernel that is ready to run on this CPU: plan, resident code and the memory its calls need.
/// In: a plan and object bytes (fresh from the jit, or from the store). Out: api/kernel.hpp wraps
/// it in a typed call.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/cpu/jit.hpp>
#include <lathe/target/cpu/parallel.hpp>
#include <lathe/target/plan.hpp>

#include <cstddef>
#include <cstdint>

namespace lathe::native {

/// Immutable and safe to call from several threads at once. Intermediates live in workspaces taken
/// from a free list: one per concurrent call, allocated on first use and kept.
class executable {
 public:
  /// @param threads  most threads of a call; parallel phases run on the given hook
  /// @error E308, E309 if the object does not fit the plan
  static result<executable> make(kernel_plan plan, sequence<std::byte> object, const jit& linker,
                                 int threads, parallel_for_hook hook);

  /// Runs every phase of a call.
  /// @param params  one address per parameter, in the plan's order; those of bound inputs are
  /// unused
  void operator()(void* const* params) const;

  /// The same in the caller's memory: nothing is allocated or locked.
  /// @param workspace  64-byte aligned block of workspace_bytes()
  void operator()(void* const* params, void* workspace) const;

  /// Memory that one running call needs [bytes].
  std::int64_t workspace_bytes() const;

  /// Packs the bound inputs once and returns a kernel that owns the packed copies.
  executable bind(void* const* params) const;

  /// True if the plan has inputs that bind() must pack before a call is possible.
  bool needs_bind() const;

  const kernel_plan& plan() const;
  const sequence<std::byte>& object() const;
  int threads() const;

 private:
  struct state;
  shared<const state> state_;
};

}  // namespace lathe::native

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/executable.ipp>
#endif
