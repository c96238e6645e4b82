/// @file
/// Probes the processor this process runs on. Out: a `cpu_target`, the data that spaces, cost
/// models, the emitter and the jit read; and its one-line fingerprint for the store's key.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/target.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace lathe::native {

/// The best instruction set that processor and operating system support.
isa best_isa();

/// "sse2", "avx2" or "avx512" to the instruction set; nothing for any other text.
std::optional<isa> parse_isa(std::string_view name);

/// CPUs this process may use: the affinity mask, limited by the cgroup's CPU quota (rounded up).
int allowed_cpus();

/// Cores among them: CPUs that share one (hyper-threads) count once. As many as allowed_cpus()
/// where the system does not say.
int allowed_cores();

/// Describes this machine: instruction set, registers, caches (sysfs, with common sizes where it
/// says nothing), allowed CPUs, vector math library. Probed once per process.
/// @param forced  generate code for this lower instruction set; none: $LATHE_TARGET if set, else
///                the best one
/// @error E311 the forced set is unknown or this machine cannot execute it
result<cpu_target> host_target(std::optional<isa> forced = std::nullopt);

/// One line that is equal for machines on which the same kernel is the best: instruction set,
/// model, caches and thread count. Enters the key of stored results.
std::string fingerprint(const cpu_target& target);

}  // namespace lathe::native

#if LATHE_HEADER_ONLY
#  include <lathe/target/cpu/host.ipp>
#endif
