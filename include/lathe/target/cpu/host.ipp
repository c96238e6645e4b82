/// @file
/// What this machine is: instruction set from the compiler's probes, caches from sysfs, CPUs from
/// the affinity mask and the control group's quota. Declared in host.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/cpu/host.hpp>
#include <lathe/target/cpu/mvec_api.hpp>

#include <cstdlib>
#include <fcntl.h>
#include <limits>
#include <sched.h>
#include <unistd.h>

#if defined(__x86_64__)
#  include <cpuid.h>
#endif

namespace lathe::native {

namespace detail {

/// Content of a file, also of one in /proc, whose size is not known beforehand; "" if it cannot be
/// read. Not a stream: <fstream> would cost every user's translation unit.
LATHE_INLINE std::string file_text(const std::string& path) {
  std::string text;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return text;
  char block[4096];
  for (ssize_t got; (got = ::read(file, block, sizeof block)) > 0;)
    text.append(block, static_cast<std::size_t>(got));
  ::close(file);
  return text;
}

/// First line of a file; "" if it cannot be read.
LATHE_INLINE std::string first_line(const std::string& path) {
  const std::string text = file_text(path);
  return text.substr(0, text.find('\n'));
}

/// "48K", "2048K", "32M" or plain bytes; 0 for anything else.
LATHE_INLINE std::int64_t parse_size(const std::string& text) {
  char* end = nullptr;
  const std::int64_t value = std::strtoll(text.c_str(), &end, 10);
  if (*end == 'K') return value * 1024;
  if (*end == 'M') return value * 1024 * 1024;
  return value;
}

/// Sizes of the caches of the first CPU this process may use.
LATHE_INLINE void probe_caches(int cpu, cpu_target& target) {
  const std::string base = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cache/index";
  bool l3_found = false;
  for (int index = 0; index < 8; ++index) {
    const std::string folder = base + std::to_string(index) + "/";
    const std::string level = first_line(folder + "level");
    if (level.empty()) break;
    const std::int64_t bytes = parse_size(first_line(folder + "size"));
    if (bytes <= 0 || first_line(folder + "type") == "Instruction") continue;
    if (level == "1") target.l1_bytes = bytes;
    if (level == "2") target.l2_bytes = bytes;
    if (level == "3") {
      target.l3_bytes = bytes;
      l3_found = true;
    }
  }
  if (!l3_found) target.l3_bytes = larger(target.l3_bytes, target.l2_bytes);
}

/// Processor name as the CPUID instruction gives it, without padding.
LATHE_INLINE std::string probe_model() {
#if defined(__x86_64__)
  constexpr unsigned first_name_leaf = 0x80000002U;
  unsigned words[12] = {};
  for (unsigned part = 0; part < 3; ++part) {
    unsigned* at = words + 4 * part;
    if (__get_cpuid(first_name_leaf + part, at, at + 1, at + 2, at + 3) == 0) return "x86-64";
  }
  std::string name;
  for (const unsigned word : words)
    for (unsigned byte = 0; byte < 4; ++byte) {
      const char letter = static_cast<char>(word >> (8 * byte) & 0xff);
      if (letter == 0 || (letter == ' ' && (name.empty() || name.back() == ' '))) continue;
      name += letter;
    }
  if (!name.empty() && name.back() == ' ') name.pop_back();
  return name;
#else
  return "unknown";
#endif
}

/// Dot product instructions, from the CPUID instruction: compilers do not know the names of all of
/// them. @pre target.set is set
LATHE_INLINE void probe_dot_products(cpu_target& target) {
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (target.set == isa::sse2 || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return;
  const bool avx512_vnni = (c >> 11 & 1) != 0;
  const bool more = a >= 1 && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0;
  const bool avx_vnni = more && (a >> 4 & 1) != 0;
  target.dot_u8i8 = target.set == isa::avx512 ? avx512_vnni : avx_vnni;
  target.dot_bf16 = target.set == isa::avx512 && more && (a >> 5 & 1) != 0;
#endif
}

/// CPUs in the affinity mask of this process, ascending.
LATHE_INLINE sequence<int> affinity_cpus() {
  sequence<int> cpus;
  // A machine may have more CPUs than cpu_set_t holds: grow until the kernel accepts the size.
  for (int capacity = CPU_SETSIZE; capacity <= 64 * CPU_SETSIZE && cpus.empty(); capacity *= 2) {
    cpu_set_t* mask = CPU_ALLOC(capacity);
    if (mask == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(capacity);
    if (::sched_getaffinity(0, bytes, mask) == 0)
      for (int cpu = 0; cpu < capacity; ++cpu)
        if (CPU_ISSET_S(cpu, bytes, mask)) cpus.push_back(cpu);
    CPU_FREE(mask);
  }
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

/// CPUs that a quota of `quota` per `period` [us] amounts to, rounded up; "max" or "-1" is no
/// limit.
LATHE_INLINE int quota_cpus(const std::string& quota, const std::string& period) {
  const std::int64_t used = std::atoll(quota.c_str());
  const std::int64_t of = std::atoll(period.c_str());
  if (used <= 0 || of <= 0) return std::numeric_limits<int>::max();
  return static_cast<int>(larger<std::int64_t>(1, (used + of - 1) / of));
}

/// CPUs granted by the control group of this process and its ancestors (versions 2 and 1).
LATHE_INLINE int cgroup_cpus() {
  int cpus = std::numeric_limits<int>::max();
  const std::string groups = file_text("/proc/self/cgroup");
  for (std::size_t begin = 0, end = 0; begin < groups.size(); begin = end + 1) {
    end = smaller(groups.find('\n', begin), groups.size());
    const std::string line = groups.substr(begin, end - begin);
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool version2 = controllers.empty();
    if (!version2 && controllers.find("cpu") != 0) continue;
    std::string path = line.substr(second + 1);
    while (true) {
      if (path == "/") path.clear();
      if (version2) {
        const std::string limit = first_line("/sys/fs/cgroup" + path + "/cpu.max");
        const std::size_t blank = limit.find(' ');
        if (blank != std::string::npos)
          cpus = smaller(cpus, quota_cpus(limit.substr(0, blank), limit.substr(blank + 1)));
      } else {
        const std::string folder = "/sys/fs/cgroup/cpu" + path;
        cpus = smaller(cpus, quota_cpus(first_line(folder + "/cpu.cfs_quota_us"),
                                        first_line(folder + "/cpu.cfs_period_us")));
      }
      if (path.empty()) break;
      path.erase(path.rfind('/'));
    }
  }
  return cpus;
}

LATHE_INLINE cpu_target probe_host() {
  cpu_target target = generic_cpu(best_isa());
  target.llvm_cpu.clear();
  target.model = probe_model();
  target.math = mvec_version();
  target.threads = allowed_cpus();
  probe_dot_products(target);
  probe_caches(affinity_cpus().front(), target);
  return target;
}

}  // namespace detail

LATHE_INLINE isa best_isa() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd"))
    return isa::avx512;
  unsigned a = 0, b = 0, c = 0, d = 0;  // not all compilers know the name of F16C
  const bool f16c = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c >> 29 & 1) != 0;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && f16c) return isa::avx2;
#endif
  return isa::sse2;
}

LATHE_INLINE std::optional<isa> parse_isa(std::string_view name) {
  for (const isa set : {isa::sse2, isa::avx2, isa::avx512})
    if (name == name_of(set)) return set;
  return std::nullopt;
}

LATHE_INLINE int allowed_cpus() {
  return smaller(static_cast<int>(detail::affinity_cpus().size()), detail::cgroup_cpus());
}

LATHE_INLINE int allowed_cores() {
  sequence<std::string> cores;  // each named by the list of its CPUs
  for (const int cpu : detail::affinity_cpus()) {
    const std::string number = std::to_string(cpu);
    std::string name = detail::first_line("/sys/devices/system/cpu/cpu" + number +
                                          "/topology/thread_siblings_list");
    if (name.empty()) name = number;
    if (!contains(cores, name)) cores.push_back(std::move(name));
  }
  return smaller(static_cast<int>(cores.size()), detail::cgroup_cpus());
}

LATHE_INLINE result<cpu_target> host_target(std::optional<isa> forced) {
  static const cpu_target probed = detail::probe_host();
  if (!forced) {
    const char* name = std::getenv("LATHE_TARGET");
    if (name == nullptr || *name == 0) return probed;
    forced = parse_isa(name);
    if (!forced)
      return error("LATHE-E311", std::string("LATHE_TARGET=") + name +
                                     " is not an instruction set; write sse2, avx2 or avx512");
  }
  if (*forced > probed.set)
    return error("LATHE-E311", std::string("this processor (") + probed.model +
                                   ") cannot execute " + name_of(*forced) + "; its best is " +
                                   name_of(probed.set));
  if (*forced == probed.set) return probed;
  cpu_target lower = generic_cpu(*forced);
  lower.model = probed.model;
  lower.math = probed.math;
  lower.threads = probed.threads;
  lower.l1_bytes = probed.l1_bytes;
  lower.l2_bytes = probed.l2_bytes;
  lower.l3_bytes = probed.l3_bytes;
  return lower;
}

LATHE_INLINE std::string fingerprint(const cpu_target& target) {
  return std::string(name_of(target.set)) + " l1=" + std::to_string(target.l1_bytes) +
         " l2=" + std::to_string(target.l2_bytes) + " l3=" + std::to_string(target.l3_bytes) +
         (target.dot_u8i8 ? " dot_u8i8" : "") + (target.dot_bf16 ? " dot_bf16" : "") +
         " threads=" + std::to_string(target.threads) + " model=" + target.model;
}

}  // namespace lathe::native
