/// @file
/// tune() and compile() for GPUs, and the typed kernel that they return. In: an operator. Out:
/// calls that check their arguments. Not part of lathe.hpp: include <lathe/cuda.hpp>.
#pragma once

#include <lathe/analysis/checked.hpp>
#include <lathe/analysis/owned_desc.hpp>
#include <lathe/api/arguments.hpp>
#include <lathe/api/cuda_session.hpp>
#include <lathe/api/options.hpp>
#include <lathe/core/owner.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lathe {

/// A kernel for a GPU without the operator's types. Immutable; safe to call from several threads.
class cuda_core {
 public:
  cuda_core(owned_desc desc, cuda_tuned made) : desc_(std::move(desc)), made_(std::move(made)) {}

  /// Checks the arguments and enqueues a call, or runs it on host memory.
  LATHE_INLINE std::optional<error> call(const call_argument* arguments, void* stream,
                                         bool on_host) const;
  /// Description, schedule, loop nest and CUDA text.
  LATHE_INLINE std::string explain() const;

  const cuda_tuned& how() const { return made_; }

 private:
  owned_desc desc_;
  cuda_tuned made_;
};

namespace detail {

/// tune() without the operator's type. @param steps  null: search; else compile this trace
LATHE_INLINE result<shared<const cuda_core>> make_cuda_kernel(const desc_view& desc,
                                                              const cuda& target,
                                                              const tune_options& options,
                                                              const std::string_view* steps);

}  // namespace detail

/// An operator tuned for a GPU. Cheap to copy; calls are const and may run concurrently.
///
///     kernel(a, b, c);                     // memory of the device, in the default stream
///     kernel.enqueue(stream, a, b, c);     // in a stream of the caller's
///     kernel.on_host(x, y, z);             // memory of the host: copied there and back
///
/// Tensors are given as typed pointers to memory of the device, or as spans or other contiguous
/// ranges over it, whose sizes are then checked; their addresses are multiples of 16 bytes. Numbers
/// are values. Calls in memory of the device return before they are done, like any launch: wait for
/// the stream.
template <class Operation>
class cuda_kernel {
 public:
  /// Wraps tuned code; called by tune() and compile().
  explicit cuda_kernel(shared<const cuda_core> core) : core_(std::move(core)) {}

  /// Enqueues a call in the default stream.
  /// @error E060 to E068 at compile time; LATHE-E101 to E107 naming the tensor; E338, E339, E340
  template <class... Arguments>
  void operator()(Arguments&&... arguments) const {
    enqueue(nullptr, std::forward<Arguments>(arguments)...);
  }

  /// The same in a stream. @param stream  a cudaStream_t or CUstream of the kernel's context
  template <class... Arguments>
  void enqueue(void* stream, Arguments&&... arguments) const {
    raise(try_enqueue(stream, std::forward<Arguments>(arguments)...));
  }
  /// The same, with the error as a value: nothing if all went well so far.
  template <class... Arguments>
  [[nodiscard]] std::optional<error> try_enqueue(void* stream, Arguments&&... arguments) const {
    const call_arguments<Operation> given(arguments...);
    return core_->call(given.data(), stream, false);
  }

  /// Runs a call on memory of the host, copied to the device and back; done on return.
  template <class... Arguments>
  void on_host(Arguments&&... arguments) const {
    raise(try_on_host(std::forward<Arguments>(arguments)...));
  }
  /// The same, with the error as a value.
  template <class... Arguments>
  [[nodiscard]] std::optional<error> try_on_host(Arguments&&... arguments) const {
    const call_arguments<Operation> given(arguments...);
    return core_->call(given.data(), nullptr, true);
  }

  /// Waits until a stream has done all its work. @error LATHE-E339 a kernel in it failed
  void wait(void* stream = nullptr) const {
    core_->how().run.where().synchronize(static_cast<gpu::driver::stream*>(stream)).value();
  }

  /// Description, schedule, loop nest and CUDA text.
  std::string explain() const { return core_->explain(); }
  /// The schedule as text; compile(op, trace, cuda()) accepts it.
  std::string trace() const { return to_text(core_->how().steps); }
  /// How the kernel was found, and the code that runs.
  const cuda_tuned& how() const { return core_->how(); }

 private:
  static void raise(const std::optional<error>& problem) {
    if (problem) fail(problem->id(), problem->text());
  }

  shared<const cuda_core> core_;
};

namespace detail {

template <class Operation>
result<cuda_kernel<Operation>> made_cuda_kernel(const Operation& operation, const cuda& target,
                                                const tune_options& options,
                                                const std::string_view* steps) {
  const auto described = describe(operation);
  if (!described.valid()) return error_of(described.problem);
  auto core = make_cuda_kernel(described, target, options, steps);
  if (!core) return core.error();
  return cuda_kernel<Operation>(std::move(core).value());
}

}  // namespace detail

/// The best kernel for an operator on a GPU: the cached winner, or the result of a search that is
/// then cached. Never slower than the analytic schedule (effort `estimate`).
/// @error as tune() for the CPU; LATHE-E331, E332, E341 no driver or device; E333, E334 no NVRTC
template <class Operation>
result<cuda_kernel<Operation>> try_tune(const Operation& operation, const cuda& target,
                                        const tune_options& options = {}) {
  return detail::made_cuda_kernel(operation, target, options, nullptr);
}

/// try_tune(), or its error raised.
template <class Operation>
cuda_kernel<Operation> tune(const Operation& operation, const cuda& target,
                            const tune_options& options = {}) {
  return try_tune(operation, target, options).value();
}

/// A kernel from a schedule written by hand.
/// @error LATHE-E201 the text does not parse, E203 and E204 the schedule is illegal, E330 it is no
///        CUDA kernel, E342 it exceeds the device
template <class Operation>
result<cuda_kernel<Operation>> try_compile(const Operation& operation, std::string_view trace,
                                           const cuda& target, const tune_options& options = {}) {
  return detail::made_cuda_kernel(operation, target, options, &trace);
}

/// try_compile(), or its error raised.
template <class Operation>
cuda_kernel<Operation> compile(const Operation& operation, std::string_view trace,
                               const cuda& target, const tune_options& options = {}) {
  return try_compile(operation, trace, target, options).value();
}

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/cuda_kernel.ipp>
#endif
