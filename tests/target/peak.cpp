#include <lathe/core/dtype.hpp>
#include <lathe/target/cpu/peak.hpp>

#include "host_jit.hpp"
#include "sanitizer.hpp"
#include <cstdio>
#include <doctest/doctest.h>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

using namespace lathe;

namespace lathe::native::detail {  // private to peak.ipp
LATHE_INLINE std::string fma_text(const cpu_target& target, dtype type, const std::string& symbol);
LATHE_INLINE int fma_chains(const cpu_target& target);
LATHE_INLINE result<cpu_peak> measure_peak(const jit& compiler, const cpu_target& target);
}  // namespace lathe::native::detail

TEST_CASE("peak: plausible on every instruction set, measured once") {
  double narrower = 0;
  for (const isa set : test::executable_isas()) {
    CAPTURE(name_of(set));
    const auto compiler = test::host_jit(set);
    if (!compiler) return;
    const auto target = native::host_target(set);
    const auto peak = native::measured_peak(*compiler, *target);
    REQUIRE_MESSAGE(peak.has_value(), (peak ? "" : peak.error().what()));
    CHECK(peak->f32_gflops > 1.3 * peak->f64_gflops);
    CHECK(peak->f32_gflops >
          0.5 * narrower);             // equal where 512-bit units are halved; shared machines
    CHECK(peak->f32_gflops < 64 * 8);  // two 512-bit FMAs per cycle at 8 GHz
    CHECK(peak->copy_gbs > 0.1);
    CHECK(peak->triad_gbs < 1000);
    narrower = peak->f32_gflops;

    const auto again = native::measured_peak(*compiler, *target);
    CHECK(again->f32_gflops == peak->f32_gflops);
  }
}

TEST_CASE("peak: the floating-point kernel is fused multiply-adds on registers") {
  const auto compiler = test::host_jit();
  if (!compiler) return;
  const auto target = native::host_target();
  if (!target->fma) {
    MESSAGE("[SKIP] no fused multiply-add on this machine");
    return;
  }
  const auto text = compiler->assembly(native::detail::fma_text(*target, dtype::f32, "fma_f32"));
  REQUIRE(text.has_value());
  const auto count = [&](const std::string& word) {
    int found = 0;
    for (auto at = text->find(word); at != std::string::npos; at = text->find(word, at + 1))
      ++found;
    return found;
  };
  CHECK(count("vfmadd") == native::detail::fma_chains(*target));
  CHECK(count("rsp") == 0);  // no spills
}

TEST_CASE("peak: arrays that the system has no memory for are an error") {
  if (test::address_sanitizer) {
    MESSAGE("[SKIP] AddressSanitizer aborts where memory is short");
    return;
  }
  const auto compiler = test::host_jit();
  if (!compiler) return;
  cpu_target target = native::host_target().value();
  target.l3_bytes = std::int64_t{1} << 40;  // three arrays of the largest size, 64 MiB
  long pages = 0;
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  REQUIRE(file != nullptr);
  REQUIRE(std::fscanf(file, "%ld", &pages) == 1);
  std::fclose(file);
  rlimit memory{};
  REQUIRE(getrlimit(RLIMIT_AS, &memory) == 0);
  const auto room = static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE)) + (96 << 20);
  const rlim_t before = std::exchange(memory.rlim_cur, room);
  REQUIRE(setrlimit(RLIMIT_AS, &memory) == 0);
  const auto peak = native::detail::measure_peak(*compiler, target);
  memory.rlim_cur = before;
  REQUIRE(setrlimit(RLIMIT_AS, &memory) == 0);
  REQUIRE_FALSE(peak.has_value());
  CHECK(peak.error().id() == "LATHE-E312");
}
