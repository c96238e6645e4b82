#include "timing.hpp"

#include <lathe/measure/timer.hpp>

#include "roofline.hpp"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <numeric>
#include <random>

namespace bench {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double sample_seconds = 2e-3;  ///< shorter calls are repeated within a sample
constexpr double close = 1.25;           ///< ways of one library that are timed to the end
constexpr double hopeless = 20;          ///< times the best: not timed to the end
constexpr double long_call = 0.1;        ///< [s] takes no notice of cold caches
constexpr double enough_cores = 0.9;     ///< several threads: what the probe must see
constexpr double most_waiting = 0.02;    ///< and how much of a sample may be spent without CPU
constexpr double tolerance = 1e-3;       ///< of inexact results, relative to the largest one

/// Processor time of the process [s]: like the calling thread's, it does not count while others
/// have the CPU, and a library that starts threads against its setting gains nothing.
double process_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// How long the threads of the process were ready but had no CPU [s]; 0 if the system does not say.
double waiting_seconds() {
  double sum = 0;
  std::error_code ignored;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    std::ifstream from(task.path() / "schedstat");
    double running = 0, waiting = 0;  // [ns]
    if (from >> running >> waiting) sum += waiting;
  }
  return 1e-9 * sum;
}

/// The output as numbers; -0 becomes 0.
std::vector<double> numbers_of(const operand& output) {
  std::vector<double> out(output.count);
  const void* const data = output.data.get();
  const auto read = [&]<class Element>(const Element* from) {
    for (std::size_t at = 0; at < out.size(); ++at) out[at] = 0. + static_cast<double>(from[at]);
  };
  switch (output.type) {
    case lathe::dtype::f64: read(static_cast<const double*>(data)); break;
    case lathe::dtype::i32: read(static_cast<const int*>(data)); break;
    default: read(static_cast<const float*>(data)); break;
  }
  return out;
}

/// Times samples with the clock that fits the number of threads.
class stopwatch final : public call_clock {
 public:
  explicit stopwatch(int threads) : threads_(threads) {}

  /// Not-a-number if the cores were not ours, several times in a row.
  double sample(const std::function<void()>& run, int repeats) override {
    for (int attempt = 0; attempt < 5; ++attempt) {
      if (!cores_are_ours()) continue;
      run();  // warm, and the library's threads are awake
      const double waited = threads_ == 1 ? 0 : waiting_seconds();
      const double start = now();
      for (int repeat = 0; repeat < repeats; ++repeat) run();
      const double seconds = now() - start;
      const bool waited_long =
          threads_ > 1 && waiting_seconds() - waited > most_waiting * threads_ * seconds;
      if (!waited_long && cores_are_ours()) return seconds / repeats;
    }
    return std::numeric_limits<double>::quiet_NaN();
  }

  /// Without asking for the cores.
  double once(const std::function<void()>& run) override {
    const double start = now();
    run();
    return now() - start;
  }

 private:
  double now() const { return threads_ == 1 ? process_seconds() : lathe::monotonic_seconds(); }

  /// Waits for threads that spin after the last contestant, then looks.
  bool cores_are_ours() const {
    if (threads_ == 1) return true;
    const timespec pause{0, 5'000'000};
    ::nanosleep(&pause, nullptr);
    return share_of_cores(threads_) >= enough_cores;
  }

  int threads_;
};

/// Runs every contestant on every set, plain loops on one. Exact ones must agree; where they do
/// not, the result of the most is right. @returns seconds of the first call of each
std::vector<double> check(const std::vector<std::vector<contestant>>& sets,
                          const std::vector<operands>& data, call_clock& watch,
                          std::vector<measurement>& results) {
  struct answer {
    std::vector<double> values;
    std::vector<std::size_t> given_by;
  };
  std::vector<answer> answers;
  std::vector<double> first_call(results.size());
  const auto is_exact = [&](std::size_t at) {
    return results[at].terms != contract::winograd && !sets[0][at].inexact;
  };
  const auto result_of = [&](std::size_t set, std::size_t at) {
    data[set].spoil_output();
    const double seconds = watch.once(sets[set][at].run);
    if (set == 0) first_call[at] = seconds;
    if (sets[set][at].finish) sets[set][at].finish();
    return numbers_of(data[set].output());
  };
  for (std::size_t set = 0; set < sets.size(); ++set) {
    for (std::size_t at = 0; at < results.size(); ++at) {
      if (!is_exact(at) || (set > 0 && results[at].terms == contract::naive)) continue;
      std::vector<double> values = result_of(set, at);
      const auto same = std::find_if(answers.begin(), answers.end(),
                                     [&](const answer& each) { return each.values == values; });
      if (same != answers.end())
        same->given_by.push_back(at);
      else
        answers.push_back({std::move(values), {at}});
    }
  }
  const answer& right = *std::max_element(answers.begin(), answers.end(),
                                          [](const answer& left, const answer& other) {
                                            return left.given_by.size() < other.given_by.size();
                                          });
  double largest = 0;
  for (const double value : right.values) largest = std::max(largest, std::abs(value));
  for (const answer& each : answers) {
    if (&each == &right) continue;
    std::size_t first = 0;
    while (each.values[first] == right.values[first]) ++first;
    char text[120];
    std::snprintf(text, sizeof text, "element %zu is %g, the others have %g", first,
                  each.values[first], right.values[first]);
    for (const std::size_t at : each.given_by) results[at].wrong = text;
  }
  for (std::size_t at = 0; at < results.size(); ++at) {
    if (is_exact(at)) continue;
    const std::vector<double> values = result_of(0, at);
    double error = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double here = std::abs(values[i] - right.values[i]) / largest;
      error = here <= error ? error : here;  // true for not-a-number
    }
    if (!(error <= tolerance))
      results[at].wrong = "largest error " + std::to_string(error) + " of the largest value";
  }
  return first_call;
}

}  // namespace

std::vector<std::string> keep_common(std::vector<std::vector<contestant>>& sets) {
  std::vector<std::vector<contestant>> kept(sets.size());
  std::vector<std::string> gone;
  for (const contestant& wanted : sets.front()) {
    const auto is_same = [&](const contestant& each) {
      return each.library == wanted.library && each.how == wanted.how && each.terms == wanted.terms;
    };
    const auto nth = std::count_if(kept.front().begin(), kept.front().end(), is_same);
    std::vector<contestant> found;  // several may have the same name
    for (const std::vector<contestant>& set : sets) {
      auto same = std::find_if(set.begin(), set.end(), is_same);
      for (auto skipped = nth; skipped > 0 && same != set.end(); --skipped)
        same = std::find_if(same + 1, set.end(), is_same);
      if (same != set.end()) found.push_back(*same);
    }
    if (found.size() < sets.size()) {
      gone.push_back(wanted.library + " " + wanted.how);
      continue;
    }
    for (std::size_t set = 0; set < sets.size(); ++set) kept[set].push_back(found[set]);
  }
  sets = std::move(kept);
  return gone;
}

std::vector<measurement> measure(const std::vector<std::vector<contestant>>& sets,
                                 const std::vector<operands>& data, const timing_plan& plan) {
  stopwatch watch(plan.threads);
  return measure(sets, data, plan, watch);
}

std::vector<measurement> measure(const std::vector<std::vector<contestant>>& sets,
                                 const std::vector<operands>& data, const timing_plan& plan,
                                 call_clock& watch) {
  std::vector<measurement> results;
  for (const contestant& each : sets.front())
    results.push_back({each.library, each.how, each.terms, {}, {}, 0});
  std::vector<double> rough = check(sets, data, watch, results);

  // The ways of one library under one contract compete first; what is hopeless keeps the time that
  // is known.
  std::map<std::pair<std::string, contract>, double> best_way;
  double best = infinity;
  for (std::size_t at = 0; at < results.size(); ++at) {
    if (rough[at] < long_call) {
      rough[at] = infinity;
      for (int call = 0; call < 3; ++call)
        rough[at] = std::min(rough[at], watch.once(sets[0][at].run));
    }
    double& way =
        best_way.try_emplace({results[at].library, results[at].terms}, infinity).first->second;
    if (results[at].wrong.empty()) way = std::min(way, rough[at]);
    best = std::min(best, rough[at]);
  }
  const auto blocks_of = [&](std::size_t at) {
    if (rough[at] > hopeless * best && rough[at] > long_call) return 0;
    const bool is_ours = results[at].library == "lathe";  // tuned and estimate are both wanted
    if (!is_ours && rough[at] > close * best_way[{results[at].library, results[at].terms}])
      return 2;
    return plan.blocks;
  };
  for (std::size_t at = 0; at < results.size(); ++at)
    if (blocks_of(at) == 0) results[at].seconds.push_back(rough[at]);

  // With several threads a disturbed block is repeated, within reason.
  const int most_blocks = plan.threads == 1 ? plan.blocks : 3 * plan.blocks;
  int undisturbed = 0;
  std::vector<std::size_t> order(results.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::mt19937 shuffling(1);
  for (int block = 0; block < most_blocks && undisturbed < plan.blocks; ++block) {
    const std::size_t set = std::size_t(block) % sets.size();
    bool disturbed = false;
    std::shuffle(order.begin(), order.end(), shuffling);
    for (const std::size_t at : order) {
      const int wanted = blocks_of(at);
      if (wanted < plan.blocks && block >= wanted) continue;
      const int repeats = std::max(1, static_cast<int>(std::ceil(sample_seconds / rough[at])));
      results[at].seconds.push_back(watch.sample(sets[set][at].run, repeats));
      disturbed |= std::isnan(results[at].seconds.back());
    }
    undisturbed += !disturbed;
  }
  if (plan.cold) {
    for (int round = 0; round < 5; ++round) {
      for (std::size_t at = 0; at < results.size(); ++at) {
        if (results[at].terms != contract::plain || (round > 0 && blocks_of(at) < plan.blocks))
          continue;
        data[0].flush();
        const double seconds = watch.once(sets[0][at].run);
        double& least = results[at].cold_seconds;
        least = round == 0 ? seconds : std::min(least, seconds);
      }
    }
  }
  return results;
}

}  // namespace bench
