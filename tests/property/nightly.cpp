// Many random pairs: property_nightly [--seed FIRST] [--count N] [--all-sets] [--math]. Exit status
// 1 if any pair fails; each failure is printed with its trace shrunk. --trace TEXT replaces the
// random traces, to look at one pair again; --math adds math functions.
#include "property/pair.hpp"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

int main(int count_of_arguments, char** arguments) {
  using namespace lathe;
  using namespace lathe::property;
  std::uint64_t first = 1, count = 20000;
  bool all_sets = false, math = false;
  const char* steps_text = nullptr;
  for (int at = 1; at < count_of_arguments; ++at) {
    const bool more = at + 1 < count_of_arguments;
    if (std::strcmp(arguments[at], "--seed") == 0 && more)
      first = std::strtoull(arguments[++at], nullptr, 10);
    else if (std::strcmp(arguments[at], "--count") == 0 && more)
      count = std::strtoull(arguments[++at], nullptr, 10);
    else if (std::strcmp(arguments[at], "--trace") == 0 && more)
      steps_text = arguments[++at];
    else if (std::strcmp(arguments[at], "--all-sets") == 0)
      all_sets = true;
    else if (std::strcmp(arguments[at], "--math") == 0)
      math = true;
    else
      return std::fprintf(
                 stderr,
                 "usage: %s [--seed FIRST] [--count N] [--all-sets] [--math] [--trace TEXT]\n",
                 arguments[0]),
             2;
  }
  pair_checker checker({isa::sse2, isa::avx2, isa::avx512});
  std::uint64_t built = 0, failed = 0, steps = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    random_pair pair = make_pair(seed, math);
    if (steps_text != nullptr) pair.schedule.steps = parse_trace(steps_text).value();
    const verdict of = checker.check(pair, all_sets);
    built += of.built ? 1 : 0;
    steps += pair.schedule.steps.steps.size();
    if (of.failure.empty()) continue;
    ++failed;
    const random_pair smaller = checker.shrink(pair);
    std::printf("%s\n", report(smaller, checker.check(smaller, true).failure).c_str());
    std::fflush(stdout);
  }
  std::printf("%llu pairs, %llu built, %llu steps, %llu failed\n",
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(built),
              static_cast<unsigned long long>(steps), static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
