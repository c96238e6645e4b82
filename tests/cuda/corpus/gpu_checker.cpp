#include "cuda/corpus/gpu_checker.hpp"

#include <lathe/lower/build.hpp>
#include <lathe/target/cuda/emit_cuda.hpp>

#include "cuda/simulator/simulate.hpp"
#include <algorithm>

namespace test {
namespace {

using lathe::cuda_launch;
using lathe::property::random_pair;

constexpr std::int64_t most_threads = 1024, most_shared_bytes = 232448;
constexpr std::int64_t most_unrolled = 4000;    ///< statements: the compiler's time
constexpr std::int64_t most_running = 1 << 21;  ///< threads of a launch: the simulator's

bool is_too_large(const lathe::cuda_source& source) {
  return std::ranges::any_of(source.launches, [](const cuda_launch& each) {
    return each.threads > most_threads || each.shared_bytes > most_shared_bytes ||
           each.unrolled > most_unrolled || each.blocks * each.threads > most_running;
  });
}

/// Everything but the run.
gpu_verdict emitted(const random_pair& pair) {
  gpu_verdict out;
  lathe::property::pair_checker interpreter({});
  const lathe::property::verdict of = interpreter.check(pair, false);
  out.failure = of.failure;
  if (!of.built || !of.failure.empty()) return out;
  const auto nest =
      build(*apply(make_program(pair.source.view()), pair.schedule.steps, pair.schedule.options));
  auto source = lathe::emit_cuda(*nest);
  if (!source) return out;
  out.outcome = is_too_large(*source) ? gpu_outcome::too_large : gpu_outcome::ran;
  out.source = std::move(*source);
  return out;
}

}  // namespace

std::vector<std::vector<std::byte>> arguments_of(const random_pair& pair) {
  std::vector<std::vector<std::byte>> out;
  for (int at = 0; at < pair.source.param_count; ++at) {
    const auto index = static_cast<std::size_t>(at);
    const lathe::sequence<std::byte>& data = pair.data[index];
    if (pair.source.tensors[index].producer < 0)
      out.emplace_back(data.begin(), data.end());
    else
      out.emplace_back(data.size());
  }
  return out;
}

std::string wrong_outputs(const random_pair& pair,
                          std::span<const std::vector<std::byte>> results) {
  for (int at = 0; at < pair.source.param_count; ++at) {
    const auto index = static_cast<std::size_t>(at);
    if (pair.source.tensors[index].producer < 0) continue;
    std::string text = differences(pair.source, at, results[index].data(), pair.data[index].data());
    if (!text.empty()) return text;
  }
  return {};
}

std::vector<gpu_verdict> check_on_gpu(std::span<const random_pair> pairs) {
  std::vector<gpu_verdict> out;
  std::vector<lathe::cuda_source> sources;
  for (const random_pair& each : pairs) {
    out.push_back(emitted(each));
    if (out.back().outcome == gpu_outcome::ran) sources.push_back(out.back().source);
  }
  const cuda_simulator::simulator all(sources);
  std::size_t next = 0;
  for (std::size_t at = 0; at < pairs.size(); ++at) {
    if (out[at].outcome != gpu_outcome::ran) continue;
    std::vector<std::vector<std::byte>> arguments = arguments_of(pairs[at]);
    const cuda_simulator::simulation_report report =
        all.run(next++, std::vector<std::span<std::byte>>(arguments.begin(), arguments.end()));
    if (report.kind == cuda_simulator::fault::local) {
      out[at].outcome = gpu_outcome::too_large;
      continue;
    }
    out[at].failure = report.ok() ? wrong_outputs(pairs[at], arguments) : report.problem;
  }
  return out;
}

random_pair shrink_on_gpu(random_pair pair) {
  for (bool again = true; again;) {
    again = false;
    for (std::size_t at = pair.schedule.steps.steps.size(); at-- > 0 && !again;) {
      random_pair smaller = pair;
      auto& steps = smaller.schedule.steps.steps;
      steps.erase(steps.begin() + static_cast<std::ptrdiff_t>(at));
      const std::string failure = check_on_gpu({&smaller, 1})[0].failure;
      if (failure.empty() || failure.starts_with("not applied")) continue;
      pair = std::move(smaller);
      again = true;
    }
  }
  return pair;
}

}  // namespace test
