/// @file
/// The front door: tune() searches, compile() takes a schedule by hand. In: an operator. Out: a
/// kernel. Both check the operator first and have a try_ twin that returns the error as a value.
#pragma once

#include <lathe/analysis/checked.hpp>
#include <lathe/api/kernel.hpp>
#include <lathe/api/options.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/target.hpp>

#include <optional>
#include <string_view>
#include <utility>

namespace lathe {

/// Which CPU code is generated for: this machine, or a lower instruction set of it.
struct cpu {
  std::optional<isa> set;  ///< unset: $LATHE_TARGET, else the best this machine has

  cpu() = default;
  explicit cpu(isa forced) : set(forced) {}
};

namespace detail {

/// What tune() is asked for. @error LATHE-E110, E111, E311
LATHE_INLINE result<tuning_request> request_of(const desc_view& desc, const cpu& target,
                                               const tune_options& options);

/// tune() without the operator's type. @param steps  null: search; else compile this trace
LATHE_INLINE result<shared<const kernel_core>> make_kernel(const desc_view& desc, const cpu& target,
                                                           const tune_options& options,
                                                           const std::string_view* steps);

template <class Operation>
result<kernel<Operation>> made_kernel(const Operation& operation, const cpu& target,
                                      const tune_options& options, const std::string_view* steps) {
  const auto described = describe(operation);
  if (!described.valid()) return error_of(described.problem);
  auto core = make_kernel(described, target, options, steps);
  if (!core) return core.error();
  return kernel<Operation>(std::move(core).value());
}

}  // namespace detail

/// The best kernel for an operator on this machine: the cached winner, or the result of a search
/// that is then cached. Never slower than the analytic schedule (effort `estimate`).
/// @error E027 to E058 for extents and shapes, LATHE-E110 and E111 for options, E301 if no code
///        generator is found, E505 to E511 from the search
template <class Operation>
result<kernel<Operation>> try_tune(const Operation& operation, const cpu& target = {},
                                   const tune_options& options = {}) {
  return detail::made_kernel(operation, target, options, nullptr);
}

/// try_tune(), or its error raised.
template <class Operation>
kernel<Operation> tune(const Operation& operation, const cpu& target = {},
                       const tune_options& options = {}) {
  return try_tune(operation, target, options).value();
}

/// A kernel from a schedule written by hand, in the text form of schedule/trace.hpp; "" is the
/// unscheduled loop nest.
/// @error LATHE-E201 the text does not parse, E203 and E204 the schedule is illegal, with the
/// reason
template <class Operation>
result<kernel<Operation>> try_compile(const Operation& operation, std::string_view trace,
                                      const cpu& target = {}, const tune_options& options = {}) {
  return detail::made_kernel(operation, target, options, &trace);
}

/// try_compile(), or its error raised.
template <class Operation>
kernel<Operation> compile(const Operation& operation, std::string_view trace,
                          const cpu& target = {}, const tune_options& options = {}) {
  return try_compile(operation, trace, target, options).value();
}

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/tune.ipp>
#endif
