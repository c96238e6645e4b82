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

std::vector<std::pair<double, double>> measure_bandwidth() {
  constexpr std::size_t largest = std::size_t{256} << 20;
  const array<float> data = make_array<float>(largest / sizeof(float));
  volatile float sink = 0;
  std::vector<std::pair<double, double>> out;
  for (std::size_t bytes = 8 << 10; bytes <= largest; bytes *= 2) {
    const int rounds = static_cast<int>(std::max<std::size_t>(1, (std::size_t{2} << 20) / bytes));
    double best = 0;
    for (int repeat = 0; repeat < (bytes > (std::size_t{64} << 20) ? 3 : 20); ++repeat) {
      const double start = lathe::thread_seconds();
      for (int round = 0; round < rounds; ++round)
        sink = sink + read_once(data.get(), bytes / sizeof(float));
      const double seconds = lathe::thread_seconds() - start;
      best = std::max(best, static_cast<double>(bytes) * rounds / seconds * 1e-9);
    }
    out.emplace_back(static_cast<double>(bytes), best);
  }
  // A larger working set is never faster: what is, is noise.
  for (std::size_t at = out.size() - 1; at > 0; --at)
    out[at - 1].second = std::max(out[at - 1].second, out[at].second);
  return out;
}

double burst_seconds(long rounds) {
  const double start = lathe::monotonic_seconds();
  multiply_add(rounds);
  return lathe::monotonic_seconds() - start;
}

}  // namespace

double machine::read_bandwidth(double bytes) const {
  if (bytes <= bandwidth.front().first) return bandwidth.front().second;
  for (std::size_t at = 1; at < bandwidth.size(); ++at) {
    const auto [low, low_rate] = bandwidth[at - 1];
    const auto [high, high_rate] = bandwidth[at];
    if (bytes > high) continue;
    const double share = std::log(bytes / low) / std::log(high / low);
    return low_rate + share * (high_rate - low_rate);
  }
  return bandwidth.back().second;
}

double machine::least_seconds(const problem& of, int threads) const {
  const double peak = of.element == lathe::dtype::f64 ? f64_gflops : f32_gflops;
  const double bytes = of.bytes();
  return std::max(of.needed_flops() / peak, bytes / read_bandwidth(bytes)) * 1e-9 / threads;
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
