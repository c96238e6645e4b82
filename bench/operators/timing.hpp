/// @file
/// The measurement: contestants checked against each other, then timed in turn.
///
/// Google Benchmark is not used: it runs one benchmark to its end before the next. Its option to
/// interleave repetitions shuffles them, which loses the blocks that paired ratios are made of, and
/// it has no place for a check that the cores were ours.
#pragma once

#include "contestant.hpp"
#include "operands.hpp"
#include <functional>
#include <string>
#include <vector>

namespace bench {

/// How long and how.
struct timing_plan {
  int blocks = 7;   ///< undisturbed ones; with several threads up to three times as many are tried
  int threads = 1;  ///< 1: processor time of the process; more: wall time while the cores are ours
  bool cold = false;  ///< also with operands out of the caches, for the plain contract
};

/// Times calls.
class call_clock {
 public:
  virtual ~call_clock() = default;
  /// Mean of `repeats` calls after one that warms up [s]; not-a-number if the machine was not ours.
  virtual double sample(const std::function<void()>& run, int repeats) = 0;
  /// One call [s], the first one perhaps.
  virtual double once(const std::function<void()>& run) = 0;
};

/// What one contestant did.
struct measurement {
  std::string library, how;
  contract terms = contract::plain;
  std::string wrong;  ///< what is wrong with its result, "" if nothing is
  /// [s] per call, one per block, not-a-number where the cores were not ours; hopeless ones leave
  /// early.
  std::vector<double> seconds;
  double cold_seconds = 0;  ///< [s] per call, least of several; 0 = not measured
};

/// Keeps the contestants that every set has, in the order of the first: a library may offer an
/// implementation once and not again. @returns the names of the others
std::vector<std::string> keep_common(std::vector<std::vector<contestant>>& sets);

/// Checks and times. Every block calls all in turn, in an order drawn at random, on a set of
/// operands that rotates: neither a drift of the machine's speed, nor what the one before left in
/// the caches, nor lucky addresses favour anyone. Each sample follows a call that warms up, and
/// lasts at least 2 ms.
/// @param sets  the same contestants, in the same order, for each set of operands
/// @return one per contestant
std::vector<measurement> measure(const std::vector<std::vector<contestant>>& sets,
                                 const std::vector<operands>& data, const timing_plan& plan);
/// The same by another clock than this processor's. @pre plan.threads is 1, and not plan.cold
std::vector<measurement> measure(const std::vector<std::vector<contestant>>& sets,
                                 const std::vector<operands>& data, const timing_plan& plan,
                                 call_clock& watch);

}  // namespace bench
