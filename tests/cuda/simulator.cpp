// The simulator on kernels written by hand: right results of right kernels, and what it says of
// wrong ones.
#include "cuda/simulator/simulate.hpp"
#include "cuda/texts.hpp"
#include <doctest/doctest.h>

using namespace cuda_simulator;
using namespace test;

namespace {

std::vector<std::span<std::byte>> spans(std::vector<std::vector<std::byte>>& of) {
  return {of.begin(), of.end()};
}

}  // namespace

TEST_CASE("simulator: kernels compute what loops compute, in all orders, from one compilation") {
  const auto texts = all_texts();
  std::vector<lathe::cuda_source> sources;
  for (const auto& [name, text] : texts) sources.push_back(text.source);
  const simulator all(sources);
  for (std::size_t at = 0; at < texts.size(); ++at) {
    CAPTURE(texts[at].first);
    std::vector<std::vector<std::byte>> arguments = arguments_for(texts[at].second);
    const simulation_report report = all.run(at, spans(arguments));
    CHECK(report.problem == "");
    CHECK(arguments == texts[at].second.parameters);
  }
}
