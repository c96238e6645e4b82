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
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/core/target.hpp>
#include <lathe/lower/program.hpp>
#include <lathe/measure/arguments.hpp>
#include <lathe/measure/compare.hpp>
#include <lathe/target/cpu/jit.hpp>

#include <cstdint>
#include <string>

namespace lathe {

/// See the head of this file.
struct oracle {
  owner<argument_set> arguments;           ///< filled and sealed
  sequence<expectation> wanted;            ///< views into the members below
  sequence<sequence<std::byte>> expected;  ///< exact outputs
  sequence<sequence<double>> reference, magnitude;
  std::string how;  ///< one line for reports: how the answer was found
};

/// Compares outputs that a kernel has written to `arguments` with sampled elements (sampler.hpp):
/// corners, then random points, fewer where an element costs more. @pre exact_inputs(of) > 0
/// @returns the number of points
/// @error LATHE-E510 an element differs
LATHE_INLINE result<int> prove_outputs(const program& of, const argument_set& arguments,
                                       std::uint64_t seed);

/// Prepares arguments and answers.
/// @param estimate  trace of the analytic schedule
/// @param interpret_all  exact operators too are interpreted whole (slow) rather than sampled
/// @error LATHE-E510 the default kernel contradicts the interpreter (a bug of lathe: please
/// report);
///        E511 the operator cannot be computed (an integer division by zero); E108, E113 it calls
///        functions that do not exist; E501 the machine has not enough memory; E3xx
LATHE_INLINE result<oracle> make_oracle(const program& of, const trace& estimate,
                                        const cpu_target& target, const native::jit& compiler,
                                        const pipeline_options& options, std::uint64_t seed,
                                        bool interpret_all = false);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/api/oracle.ipp>
#endif
