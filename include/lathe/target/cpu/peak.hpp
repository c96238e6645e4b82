/// @file
/// Measures what one thread of this machine can do at most: floating-point throughput and memory
/// bandwidth. Called by the tuner's plausibility cap (roofline) and by reports.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/target.hpp>
#include <lathe/target/cpu/jit.hpp>

namespace lathe::native {

/// Upper bounds of one thread; a kernel that claims more than 1.05 times these is mismeasured.
struct cpu_peak {
  double f32_gflops = 0;  ///< [GFLOP/s] fused multiply-adds count 2
  double f64_gflops = 0;  ///< [GFLOP/s]
  double copy_gbs = 0;    ///< [GB/s] b[i] = a[i], bytes read + written, arrays beyond the L3 cache
  double triad_gbs = 0;   ///< [GB/s] c[i] = a[i] + s * b[i], likewise
};

/// The peaks of this machine with the target's instruction set: measured once per process and
/// instruction set (about 0.1 s, best of repeats on the thread's CPU clock), then remembered.
/// @pre this machine can execute `target.set`
/// @error E3xx of jit::compile and jit::load
result<cpu_peak> measured_peak(const jit& compiler, const cpu_target& target);

}  // namespace lathe::native

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/peak.ipp>
#endif
