/// @file
/// What the right answer is: inputs for a check and the outputs they must give. In: a program. Out:
/// guarded arguments and one expectation per output, for measure/worker.hpp.
///
/// Sums of products of small integers are exact in any order, so outputs compare bitwise. The chain
/// to full size: the interpreter evaluates sampled points of the unscheduled program; the default
/// kernel (no schedule at all; for large problems the estimate's) must agree on all of them,
/// corners included, and then its whole output is the expectation. Operators with division, exp and
/// the like are interpreted whole, in wide precision, and compared within an error bound.
#pragma once

#include <lathe/api/pipeline.hpp>
#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/measure/arguments.hpp>
#include <lathe/measure/compare.hpp>
#include <lathe/target/cpu/jit.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace lathe {

/// See the head of this file.
struct oracle {
  std::unique_ptr<argument_set> arguments;  ///< filled and sealed
  sequence<expectation> wanted;             ///< views into the members below
  sequence<sequence<std::byte>> expected;   ///< exact outputs
  sequence<sequence<double>> reference, magnitude;
  std::string how;  ///< one line for reports: how the answer was found
};

/// Largest integer magnitude r in {2, 1} of inputs for which every value of the program is exact in
/// its type, 0 if there is none (division, math functions, fractions, too long sums).
LATHE_INLINE int exact_inputs(const program& of);

/// One element of an output, computed recursively from the unscheduled program in wide precision.
/// @param inputs  per parameter: its data (row-major), null for outputs
LATHE_INLINE double sample(const program& of, int tensor, const sequence<std::int64_t>& point,
                           const sequence<const void*>& inputs);

/// Prepares arguments and answers.
/// @param estimate  trace of the analytic schedule
/// @param interpret_all  exact operators too are interpreted whole (slow) rather than sampled
/// @error LATHE-E510 the default kernel contradicts the interpreter (a bug of lathe: please report)
LATHE_INLINE result<oracle> make_oracle(const program& of, const trace& estimate,
                                        const cpu_target& target, const native::jit& compiler,
                                        const pipeline_options& options, std::uint64_t seed,
                                        bool interpret_all = false);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/oracle.ipp>
#endif
