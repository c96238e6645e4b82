/// @file
/// A random computation with a random schedule, and the check that the schedule changes nothing.
/// In: a seed. Out: the first disagreement, as text that shows everything needed to repeat it.
/// Called by schedules.cpp and nightly.cpp.
#pragma once

#include <lathe/core/target.hpp>
#include <lathe/target/cpu/jit.hpp>

#include "property/random_operator.hpp"
#include "property/random_trace.hpp"
#include "property/reference.hpp"
#include <cstdint>
#include <string>
#include <vector>

namespace lathe::property {

/// What is to be checked.
struct random_pair {
  std::uint64_t seed = 0;
  random_operator source;
  tensor_data data;  ///< inputs, and the outputs that evaluate() computes
  random_schedule schedule;
};

/// @param math  with exp, log, ... (random_operator.hpp)
random_pair make_pair(std::uint64_t seed, bool math = false);
/// Of a given operator.
random_pair make_pair(random_operator source, std::uint64_t seed);
/// With a schedule for GPUs.
random_pair make_gpu_pair(random_operator source, std::uint64_t seed);

/// What came of one pair.
struct verdict {
  bool built = false;   ///< false: build() refused the schedule, with a reason
  std::string failure;  ///< empty = everything agrees
};

/// What the machine code that ran was made of.
struct machine_code {
  int kernels = 0;
  int vector_math = 0;  ///< kernels that call libmvec
  int tiles = 0;        ///< kernels that transpose tiles of vectors in registers
  int calls = 0;        ///< kernels that call functions of the program
};

/// Runs pairs through every path from a program to numbers: the interpreter on the unscheduled and
/// on the scheduled nest, machine code for the given instruction sets with 1 and 2 threads, and,
/// for some seeds, the C text.
class pair_checker {
 public:
  /// Uses those of `sets` that this machine can execute.
  explicit pair_checker(const lathe::sequence<isa>& sets);

  /// Instruction sets in use; empty if libLLVM is not available.
  lathe::sequence<isa> sets() const;

  /// Checks a pair on all instruction sets, or on one of them chosen by the seed.
  verdict check(const random_pair& pair, bool all_sets);

  /// Drops steps of the trace for as long as the pair still fails.
  random_pair shrink(random_pair pair);

  /// Of all pairs checked so far.
  const machine_code& seen() const { return seen_; }

 private:
  struct compiler {
    cpu_target target;
    native::jit jit;
  };
  lathe::sequence<compiler> compilers_;
  machine_code seen_;
};

/// How the elements of a tensor differ from what they should be; "" if they do not.
std::string differences(const random_operator& source, int tensor, const std::byte* got,
                        const std::byte* wanted);

/// What the HLS texts of some pairs hold.
struct hls_texts {
  int kernels = 0, dataflow = 0, unrolled = 0, partitioned = 0;  ///< kernels with such pragmas
};

/// Runs pairs as HLS text, compiled together, and checks their pragmas. Returns the first failure,
/// empty = none.
std::string check_hls(const std::vector<random_pair>& pairs, const std::string& compiler,
                      hls_texts& seen);

/// Seed, operator, trace and nest of a failing pair.
std::string report(const random_pair& pair, const std::string& failure);

}  // namespace lathe::property
