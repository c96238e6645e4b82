/// @file
/// Measures the roofline: FMA rate and memory bandwidth. Declared in peak.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/dtype.hpp>
#include <lathe/core/mutex.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/target/cpu/peak.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <time.h>

namespace lathe::native {

namespace detail {

/// CPU time of the calling thread [s]; unlike wall time it does not count waiting for a busy core.
LATHE_INLINE double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Shortest duration of `run` in about `budget` seconds [s].
template <class Run>
double best_seconds(double budget, Run&& run) {
  run();  // warm-up: caches, page faults, clock
  double best = 1e30;
  for (double total = 0; total < budget;) {
    const double start = thread_seconds();
    run();
    const double seconds = thread_seconds() - start;
    best = smaller(best, seconds);
    total += larger(seconds, 1e-6);
  }
  return best;
}

/// "<16 x float>" for the target's widest vectors of `type`.
LATHE_INLINE std::string vector_type(const cpu_target& target, dtype type) {
  return "<" + std::to_string(target.lanes(size_of(type))) + " x " +
         (type == dtype::f32 ? "float" : "double") + ">";
}

/// Independent chains a = a * b + c that hide the latency of 2 FMA units x 5 cycles, within the
/// register file (b and c take two more registers).
LATHE_INLINE int fma_chains(const cpu_target& target) {
  return target.vector_registers >= 32 ? 24 : 12;
}

/// `void fma(ptr data, i64 rounds)`: data holds b, c, then one start value per chain.
LATHE_INLINE std::string fma_text(const cpu_target& target, dtype type, const std::string& symbol) {
  const std::string vec = vector_type(target, type);
  const int chains = fma_chains(target);
  const auto number = [](int n) { return std::to_string(n); };
  const auto element = [&](int n) {
    return "getelementptr inbounds " + vec + ", ptr %data, i64 " + std::to_string(n);
  };
  std::string out =
      "define void @" + symbol + "(ptr noalias nocapture %data, i64 %rounds) nounwind {\n";
  out += "entry:\n";
  for (int n = 0; n < chains + 2; ++n) {
    out += "  %p" + number(n) + " = " + element(n) + "\n";
    out += "  %v" + number(n) + " = load " + vec + ", ptr %p" + number(n) + ", align 64\n";
  }
  out += "  br label %loop\nloop:\n";
  out += "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]\n";
  for (int n = 2; n < chains + 2; ++n)
    out += "  %a" + number(n) + " = phi " + vec + " [ %v" + number(n) + ", %entry ], [ %s" +
           number(n) + ", %loop ]\n";
  for (int n = 2; n < chains + 2; ++n)
    out += "  %m" + number(n) + " = fmul contract " + vec + " %a" + number(n) + ", %v0\n  %s" +
           number(n) + " = fadd contract " + vec + " %m" + number(n) + ", %v1\n";
  out += "  %next = add nuw nsw i64 %i, 1\n  %more = icmp ult i64 %next, %rounds\n";
  out += "  br i1 %more, label %loop, label %done\ndone:\n";
  for (int n = 2; n < chains + 2; ++n)
    out += "  store " + vec + " %s" + number(n) + ", ptr %p" + number(n) + ", align 64\n";
  return out + "  ret void\n}\n";
}

/// `void symbol(ptr out, ptr a, ptr b, i64 vectors)`: out = a, or with `triad` out = a + 3 * b.
LATHE_INLINE std::string stream_text(const cpu_target& target, bool triad,
                                     const std::string& symbol) {
  const std::string vec = vector_type(target, dtype::f32);
  const std::string align = ", align " + std::to_string(target.vector_bytes) + "\n";
  std::string out = "define void @" + symbol +
                    "(ptr noalias nocapture %out, ptr noalias nocapture %a, ptr noalias nocapture "
                    "%b, i64 %vectors) nounwind {\nentry:\n";
  if (triad) {
    out += "  %one = insertelement " + vec + " poison, float 3.0, i64 0\n";
    out += "  %s = shufflevector " + vec + " %one, " + vec + " poison, <" +
           std::to_string(target.lanes(4)) + " x i32> zeroinitializer\n";
  }
  out += "  br label %loop\nloop:\n  %i = phi i64 [ 0, %entry ], [ %next, %loop ]\n";
  const auto address = [&](const char* name) {
    return "  %p" + std::string(name) + " = getelementptr inbounds " + vec + ", ptr %" + name +
           ", i64 %i\n";
  };
  out += address("out") + address("a") + "  %va = load " + vec + ", ptr %pa" + align;
  if (triad) {
    out += address("b") + "  %vb = load " + vec + ", ptr %pb" + align;
    out += "  %m = fmul contract " + vec + " %vb, %s\n";
    out += "  %sum = fadd contract " + vec + " %m, %va\n";
  }
  out += "  store " + vec + (triad ? " %sum" : " %va") + ", ptr %pout" + align;
  out += "  %next = add nuw nsw i64 %i, 1\n  %more = icmp ult i64 %next, %vectors\n";
  return out + "  br i1 %more, label %loop, label %done\ndone:\n  ret void\n}\n";
}

/// Zero-filled memory aligned to a cache line.
struct peak_array {
  explicit peak_array(std::size_t bytes)
      : memory(static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64))) {
    if (memory) std::memset(memory.get(), 0, bytes);
  }
  owner<std::byte, by_free> memory;
};

LATHE_INLINE double fma_gflops(void* function, const cpu_target& target, dtype type) {
  const int lanes = target.lanes(size_of(type));
  const int vectors = fma_chains(target) + 2;
  const peak_array data(static_cast<std::size_t>(vectors * target.vector_bytes));
  for (int n = 0; n < vectors * lanes; ++n) {
    // b just below 1 and c small keep every chain near 1: no overflow, no denormals.
    const double value = n < lanes ? 0.999 : n < 2 * lanes ? 0.001 : 1.0;
    if (type == dtype::f32)
      reinterpret_cast<float*>(data.memory.get())[n] = static_cast<float>(value);
    else
      reinterpret_cast<double*>(data.memory.get())[n] = value;
  }
  constexpr std::int64_t rounds = 50000;
  const auto run = reinterpret_cast<void (*)(void*, std::int64_t)>(function);
  const double seconds = best_seconds(0.02, [&] { run(data.memory.get(), rounds); });
  return 2e-9 * static_cast<double>(fma_chains(target) * lanes * rounds) / seconds;
}

LATHE_INLINE double stream_gbs(void* function, const cpu_target& target, int arrays,
                               const sequence<peak_array>& blocks, std::int64_t bytes) {
  using stream = void (*)(void*, const void*, const void*, std::int64_t);
  const auto run = reinterpret_cast<stream>(function);
  const double seconds = best_seconds(0.02, [&] {
    run(blocks[0].memory.get(), blocks[1].memory.get(), blocks[2].memory.get(),
        bytes / target.vector_bytes);
  });
  return 1e-9 * static_cast<double>(arrays * bytes) / seconds;
}

LATHE_INLINE result<cpu_peak> measure_peak(const jit& compiler, const cpu_target& target) {
  const std::string text = fma_text(target, dtype::f32, "fma_f32") +
                           fma_text(target, dtype::f64, "fma_f64") +
                           stream_text(target, false, "copy") + stream_text(target, true, "triad");
  const result<sequence<std::byte>> object = compiler.compile(text);
  if (!object) return object.error();
  const result<loaded_object> code = compiler.load(*object);
  if (!code) return code.error();
  sequence<void*> functions;
  for (const char* symbol : {"fma_f32", "fma_f64", "copy", "triad"}) {
    const result<void*> address = code->lookup(symbol);
    if (!address) return address.error();
    functions.push_back(*address);
  }
  cpu_peak peak;
  peak.f32_gflops = fma_gflops(functions[0], target, dtype::f32);
  peak.f64_gflops = fma_gflops(functions[1], target, dtype::f64);
  // Together the arrays exceed the last-level cache; the upper limit bounds time and memory.
  constexpr std::int64_t mib = 1024 * 1024;
  const std::int64_t bytes = clamped(target.l3_bytes, 16 * mib, 64 * mib) / 64 * 64;
  sequence<peak_array> blocks;
  for (int n = 0; n < 3; ++n) {
    blocks.emplace_back(static_cast<std::size_t>(bytes));
    if (!blocks.back().memory)
      return error("LATHE-E312", "the system has no " + std::to_string(3 * bytes) +
                                     " bytes to measure the memory bandwidth with; free memory");
  }
  peak.copy_gbs = stream_gbs(functions[2], target, 2, blocks, bytes);
  peak.triad_gbs = stream_gbs(functions[3], target, 3, blocks, bytes);
  return peak;
}

}  // namespace detail

LATHE_INLINE result<cpu_peak> measured_peak(const jit& compiler, const cpu_target& target) {
  static lathe::detail::mutex guard;
  static std::optional<cpu_peak> known[3];
  const lathe::detail::lock_guard lock(guard);
  std::optional<cpu_peak>& entry = known[static_cast<int>(target.set)];
  if (!entry) {
    result<cpu_peak> measured = detail::measure_peak(compiler, target);
    if (!measured) return measured;
    entry = *measured;
  }
  return *entry;
}

}  // namespace lathe::native
