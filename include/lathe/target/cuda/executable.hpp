/// @file
/// A kernel that is ready to run on a GPU: launches, resident code and the memory its calls need.
/// In: a cuda_source and code (fresh from NVRTC, or from the store). Out: api/ wraps it in a typed
/// call. The counterpart of target/cpu/executable.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/cuda/context.hpp>
#include <lathe/target/cuda/cuda_source.hpp>

#include <cstddef>
#include <cstdint>

namespace lathe::gpu {

/// Immutable and safe to call from several threads at once. Copies share the code. Calls are
/// enqueued: they return before the device is done, and errors of a kernel show up in later calls
/// or when the stream is waited for.
///
/// Parameters are one address each, in the order of the source's parameters: on the device for
/// tensors (16-byte aligned), on the host for scalars, whose values are read before the call
/// returns.
class executable {
 public:
  /// Loads the code into `where`.
  /// @param code  a cubin, or PTX that ends with a zero
  /// @error LATHE-E338 the driver refuses the code, or it lacks a kernel; E339, E340
  LATHE_INLINE static result<executable> make(cuda_source source, sequence<std::byte> code,
                                              const context& where);

  /// Enqueues every launch of a call. Calls in the same stream share a workspace, which their
  /// order makes safe; every other stream gets one of its own at its first call.
  /// @error LATHE-E338 a launch was refused; E339 an earlier one failed; E340
  LATHE_INLINE result<bool> operator()(void* const* params, driver::stream* stream = nullptr) const;

  /// The same with the caller's workspace: nothing is allocated or locked.
  /// @param workspace  256-byte aligned block of workspace_bytes() on the device
  LATHE_INLINE result<bool> operator()(void* const* params, driver::address workspace,
                                       driver::stream* stream) const;

  /// Runs a call on tensors in host memory and waits for it: copies inputs to the device and
  /// outputs back, into and from memory that is allocated for this call. For comfort and tests; a
  /// copy often takes longer than the kernel.
  LATHE_INLINE result<bool> on_host(void* const* params, driver::stream* stream = nullptr) const;

  /// Packs the bound inputs once and returns a kernel that owns the packed copies. Waits for it.
  /// @param params  as for a call; those of outputs are not used
  LATHE_INLINE result<executable> bind(void* const* params, driver::stream* stream = nullptr) const;

  /// True if there are inputs that bind() must pack before a call is possible.
  LATHE_INLINE bool needs_bind() const;
  /// Memory on the device that one stream's calls need [bytes].
  LATHE_INLINE std::int64_t workspace_bytes() const;

  LATHE_INLINE const cuda_source& source() const;
  LATHE_INLINE const sequence<std::byte>& code() const;
  LATHE_INLINE const context& where() const;

 private:
  struct state;
  shared<const state> state_;
};

}  // namespace lathe::gpu

#if LATHE_HEADER_ONLY
#  include <lathe/target/cuda/executable.ipp>
#endif
