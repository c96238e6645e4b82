#include "roofline.hpp"

#include <lathe/measure/timer.hpp>
#include <lathe/target/cpu/host.hpp>
#include <lathe/target/cpu/jit.hpp>
#include <lathe/target/cpu/peak.hpp>

#include "operands.hpp"
#include <algorithm>
#include <cmath>
#include <thread>

namespace bench {
namespace {

/// Best rate of `run` [GB/s], which moves `bytes` bytes.
template <class Run>
double best_rate(double bytes, const Run& run) {
  const int rounds = std::max(1, static_cast<int>((2 << 20) / bytes));
  double best = 0;
  for (int repeat = 0; repeat < (bytes > (64 << 20) ? 3 : 20); ++repeat) {
    const double start = lathe::thread_seconds();
    for (int round = 0; round < rounds; ++round) run();
    best = std::max(best, bytes * rounds / (lathe::thread_seconds() - start) * 1e-9);
  }
  return best;
}

std::vector<bandwidth> measure_bandwidth() {
  constexpr std::size_t largest = std::size_t{256} << 20;
  const array<float> data = make_array<float>(largest / sizeof(float));
  volatile float sink = 0;
  std::vector<bandwidth> out;
  for (std::size_t bytes = 8 << 10; bytes <= largest; bytes *= 2) {
    const std::size_t count = bytes / sizeof(float), half = count / 2;
    const double size = static_cast<double>(bytes);
    bandwidth& made = out.emplace_back();
    made.bytes = size;
    made.read = best_rate(size, [&] { sink = sink + read_once(data.get(), count); });
    for (const bool past_caches : {false, true})
      made.copy = std::max(made.copy, best_rate(size, [&] {
                             copy_once(data.get(), data.get() + half, half, past_caches);
                           }));
  }
  // A larger working set is never faster: what is, is noise.
  for (std::size_t at = out.size() - 1; at > 0; --at) {
    out[at - 1].read = std::max(out[at - 1].read, out[at].read);
    out[at - 1].copy = std::max(out[at - 1].copy, out[at].copy);
  }
  return out;
}

double burst_seconds(long rounds) {
  const double start = lathe::monotonic_seconds();
  multiply_add(rounds);
  return lathe::monotonic_seconds() - start;
}

}  // namespace

bandwidth machine::at(double bytes) const {
  if (bytes <= memory.front().bytes) return memory.front();
  for (std::size_t at = 1; at < memory.size(); ++at) {
    const bandwidth &low = memory[at - 1], &high = memory[at];
    if (bytes > high.bytes) continue;
    const double share = std::log(bytes / low.bytes) / std::log(high.bytes / low.bytes);
    return {bytes, low.read + share * (high.read - low.read),
            low.copy + share * (high.copy - low.copy)};
  }
  return memory.back();
}

double machine::least_seconds(const problem& of, int threads) const {
  // Vectors of smaller factors: as many more multiply-adds, where the processor has them. f16 is
  // multiplied as f32.
  const int bytes_of_factor = of.element == lathe::dtype::f16 ? 4 : lathe::size_of(of.element);
  const double peak =
      of.element == lathe::dtype::f64 ? f64_gflops : f32_gflops * 4 / bytes_of_factor;
  const double bytes = of.bytes();
  const double copied = std::min(bytes, 2 * of.output_bytes());
  const bandwidth rate = at(bytes);
  const double traffic = copied / rate.copy + (bytes - copied) / rate.read;
  return std::max(of.needed_flops() / peak, traffic) * 1e-9 / threads;
}

machine measure_machine() {
  using namespace lathe;
  const cpu_target target = native::host_target().value();
  const native::jit compiler = native::jit::create(target).value();
  const native::cpu_peak peak = native::measured_peak(compiler, target).value();
  return {target.model + ", " + name_of(target.set), peak.f32_gflops, peak.f64_gflops,
          measure_bandwidth()};
}

double share_of_cores(int threads) {
  static const auto undisturbed = [] {
    constexpr long rounds = 40000;
    double best = burst_seconds(rounds);
    for (int repeat = 0; repeat < 50; ++repeat) best = std::min(best, burst_seconds(rounds));
    return std::make_pair(rounds, best);
  }();
  std::vector<double> seconds(static_cast<std::size_t>(threads));
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t)
    others.emplace_back([&, t] { seconds[std::size_t(t)] = burst_seconds(undisturbed.first); });
  seconds[0] = burst_seconds(undisturbed.first);
  for (std::thread& each : others) each.join();
  return std::min(1., undisturbed.second / *std::max_element(seconds.begin(), seconds.end()));
}

}  // namespace bench
