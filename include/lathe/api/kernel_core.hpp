/// @file
/// A kernel without the operator's types: description, request, tuned code and bound operands. In:
/// what session.hpp returns. Out: calls on checked arguments. Called by api/kernel.hpp.
#pragma once

#include <lathe/analysis/owned_desc.hpp>
#include <lathe/api/arguments.hpp>
#include <lathe/api/session.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/target/cpu/memory_block.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace lathe {

/// Immutable; safe to call from several threads at once.
class kernel_core {
 public:
  LATHE_INLINE kernel_core(owned_desc desc, tuning_request request, tuned made);

  /// Runs one call. @param workspace  memory of workspace_bytes(), or null to take one from the
  /// kernel
  LATHE_INLINE std::optional<error> call(const call_argument* arguments, void* workspace) const;

  /// Packs operands once. @param names  parameters whose arguments are `given`
  /// @error LATHE-E120 an output is bound; LATHE-E1xx from the argument check; LATHE-E2xx, E3xx
  /// when
  ///        the schedule has to be compiled again for bound operands
  LATHE_INLINE result<shared<const kernel_core>> bind(const sequence<std::string>& names,
                                                      const call_argument* arguments) const;

  /// Description, schedule, loop nest and generated code as text.
  LATHE_INLINE std::string explain() const;

  const tuned& how() const { return made_; }
  const tuning_request& request() const { return request_; }
  const desc_view& desc() const { return desc_.view(); }

 private:
  owned_desc desc_;
  tuning_request request_;
  tuned made_;
  sequence<native::memory_block> owned_;  ///< per parameter: copy of a bound operand read in place
};

namespace detail {

/// True if calls do not read a bound parameter itself: bind() packs all that is read of it.
/// @param scheduled  with the bound parameters applied
LATHE_INLINE bool is_packed(const program& scheduled, int parameter);

}  // namespace detail

/// Description, schedule, loop nest, LLVM IR and C text of one schedule: every step of the
/// pipeline.
LATHE_INLINE std::string explain_schedule(const desc_view& desc, const trace& steps,
                                          const tuning_request& request);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/kernel_core.ipp>
#endif
