// Many random pairs: cuda_nightly [--seed FIRST] [--count N]. Operators are random ones, products
// and convolutions in turn. Exit status 1 if any pair fails; each failure is printed with its trace
// shrunk.
#include "cuda/corpus/gpu_checker.hpp"
#include "cuda/corpus/gpu_pairs.hpp"
#include <cstdio>
#include <cstdlib>
#include <cstring>

int main(int count_of_arguments, char** arguments) {
  using namespace test;
  std::uint64_t first = 1000, count = 2000;
  for (int at = 1; at < count_of_arguments; ++at) {
    const bool more = at + 1 < count_of_arguments;
    if (std::strcmp(arguments[at], "--seed") == 0 && more)
      first = std::strtoull(arguments[++at], nullptr, 10);
    else if (std::strcmp(arguments[at], "--count") == 0 && more)
      count = std::strtoull(arguments[++at], nullptr, 10);
    else
      return std::fprintf(stderr, "usage: %s [--seed FIRST] [--count N]\n", arguments[0]), 2;
  }
  constexpr std::uint64_t together = 40;  // in one compilation
  int failed = 0;
  gpu_coverage seen;
  for (std::uint64_t from = first; from < first + count; from += together) {
    std::vector<lathe::property::random_pair> pairs;
    for (std::uint64_t seed = from; seed < from + together && seed < first + count; ++seed)
      pairs.push_back(gpu_pair(seed));
    const std::vector<gpu_verdict> verdicts = check_on_gpu(pairs);
    for (std::size_t at = 0; at < pairs.size(); ++at) {
      seen.add(verdicts[at]);
      if (verdicts[at].failure.empty()) continue;
      ++failed;
      const lathe::property::random_pair smaller = shrink_on_gpu(pairs[at]);
      const gpu_verdict again = check_on_gpu({&smaller, 1})[0];
      std::printf("%s%s\n", report(smaller, again.failure).c_str(), again.source.text.c_str());
      std::fflush(stdout);
    }
  }
  std::printf("%s, %d failed\n", to_text(seen).c_str(), failed);
  return failed == 0 ? 0 : 1;
}
