#include <lathe/target/cpu/host.hpp>

#include <cstdlib>
#include <doctest/doctest.h>
#include <limits>
#include <string>

using namespace lathe;

namespace lathe::native::detail {  // private to host.ipp
LATHE_INLINE std::int64_t parse_size(const std::string& text);
LATHE_INLINE int quota_cpus(const std::string& quota, const std::string& period);
}  // namespace lathe::native::detail

TEST_CASE("host: describes a consistent machine") {
  const auto target = native::host_target(native::best_isa());
  REQUIRE(target.has_value());
  CHECK(target->set == native::best_isa());
  CHECK(target->vector_bytes == vector_bytes_of(target->set));
  CHECK(target->l1_bytes >= 8 * 1024);
  CHECK(target->l2_bytes >= target->l1_bytes);
  CHECK(target->l3_bytes >= target->l2_bytes);
  CHECK(target->threads >= 1);
  CHECK_FALSE(target->model.empty());
  CHECK(target->llvm_cpu.empty());
}

TEST_CASE("host: a lower instruction set can be forced and names its LLVM processor") {
  const auto target = native::host_target(isa::sse2);
  REQUIRE(target.has_value());
  CHECK(target->set == isa::sse2);
  CHECK(target->vector_bytes == 16);
  CHECK(target->vector_registers == 16);
  if (native::best_isa() != isa::sse2) CHECK(target->llvm_cpu == "x86-64");
}

TEST_CASE("host: a higher instruction set than the machine's is refused") {
  if (native::best_isa() == isa::avx512) {
    MESSAGE("[SKIP] this machine executes every instruction set");
    return;
  }
  const auto target = native::host_target(isa::avx512);
  REQUIRE_FALSE(target.has_value());
  CHECK(target.error().id() == "LATHE-E311");
}

TEST_CASE("host: LATHE_TARGET selects the instruction set, nonsense is an error") {
  ::setenv("LATHE_TARGET", "sse2", 1);
  const auto lower = native::host_target();
  ::setenv("LATHE_TARGET", "mmx", 1);
  const auto unknown = native::host_target();
  ::unsetenv("LATHE_TARGET");
  REQUIRE(lower.has_value());
  CHECK(lower->set == isa::sse2);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().id() == "LATHE-E311");
  CHECK(unknown.error().text().find("mmx") != std::string::npos);
}

TEST_CASE("host: names of instruction sets round-trip") {
  for (const isa set : {isa::sse2, isa::avx2, isa::avx512})
    CHECK(native::parse_isa(name_of(set)) == set);
  CHECK_FALSE(native::parse_isa("AVX2").has_value());
  CHECK_FALSE(native::parse_isa("").has_value());
}

TEST_CASE("host: cache sizes as sysfs writes them") {
  CHECK(native::detail::parse_size("48K") == 48 * 1024);
  CHECK(native::detail::parse_size("32M") == 32 * 1024 * 1024);
  CHECK(native::detail::parse_size("512") == 512);
  CHECK(native::detail::parse_size("") == 0);
}

TEST_CASE("host: CPU quotas are rounded up, no quota is no limit") {
  CHECK(native::detail::quota_cpus("150000", "100000") == 2);
  CHECK(native::detail::quota_cpus("10000", "100000") == 1);
  CHECK(native::detail::quota_cpus("max", "100000") == std::numeric_limits<int>::max());
  CHECK(native::detail::quota_cpus("-1", "100000") == std::numeric_limits<int>::max());
  CHECK(native::detail::quota_cpus("", "") == std::numeric_limits<int>::max());
}

TEST_CASE("host: the fingerprint changes with what kernels are tuned for") {
  const cpu_target base = generic_cpu(isa::avx2);
  cpu_target other = base;
  CHECK(native::fingerprint(base) == native::fingerprint(other));
  other.l2_bytes *= 2;
  CHECK(native::fingerprint(base) != native::fingerprint(other));
  CHECK(native::fingerprint(base) != native::fingerprint(generic_cpu(isa::avx512)));
}
