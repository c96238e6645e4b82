#include "cuda/corpus/mutants.hpp"

#include "cuda/simulator/simulate.hpp"

namespace test {

std::map<cuda_simulator::mistake, mutant_count> count_mutants(
    const lathe::property::random_pair& pair) {
  using namespace cuda_simulator;
  std::map<mistake, mutant_count> out;
  const gpu_verdict right = check_on_gpu({&pair, 1})[0];
  if (right.outcome != gpu_outcome::ran) return out;
  const std::vector<mutation> mutations = mutations_of(right.source.text);
  std::vector<lathe::cuda_source> sources(mutations.size(), right.source);
  for (std::size_t at = 0; at < mutations.size(); ++at) sources[at].text = mutations[at].text;
  const simulator all(sources);
  simulation_options options;
  for (run_mode& mode : options.modes) mode.seconds = 0.5;
  for (std::size_t at = 0; at < mutations.size(); ++at) {
    std::vector<std::vector<std::byte>> arguments = arguments_of(pair);
    const simulation_report report =
        all.run(at, std::vector<std::span<std::byte>>(arguments.begin(), arguments.end()), options);
    mutant_count& of = out[mutations[at].kind];
    if (!report.ok() || !wrong_outputs(pair, arguments).empty()) {
      ++of.noticed;
    } else if (mutations[at].kind == mistake::bound && !report.changed) {
      ++of.without_effect;
    } else {
      ++of.survived;
      of.survivors +=
          "line " + std::to_string(mutations[at].line) + ": " + mutations[at].what + "\n";
    }
  }
  return out;
}

}  // namespace test
