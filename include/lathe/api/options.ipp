/// @file
/// Bodies of options.hpp.
#pragma once

#include <lathe/api/options.hpp>
#include <lathe/core/algorithm.hpp>
#include <lathe/core/atomic.hpp>
#include <lathe/core/number_text.hpp>

#include <cstdio>
#include <span>
#include <sys/auxv.h>
#include <unistd.h>

namespace lathe {
namespace detail {

inline constexpr const char* known_variables[] = {
    "LATHE_CACHE_DIR",   "LATHE_CACHE_MODE",  "LATHE_CHECK",      "LATHE_CUDA_DRIVER",
    "LATHE_DUMP",        "LATHE_EFFORT",      "LATHE_ISOLATE",    "LATHE_LIBLLVM",
    "LATHE_LOG",         "LATHE_NUM_THREADS", "LATHE_NVRTC",      "LATHE_REPORT",
    "LATHE_SEED",        "LATHE_TARGET",      "LATHE_TIME_LIMIT", "LATHE_TRIALS",
    "LATHE_WISDOM_PATH", "LATHE_WORKER"};

/// A word and what it stands for.
template <class Value>
struct spelling {
  const char* word;
  Value value;
};

inline constexpr spelling<effort_level> effort_words[] = {
    {"estimate", effort_level::estimate},
    {"measure", effort_level::measure},
    {"patient", effort_level::patient},
    {"wisdom_only", effort_level::wisdom_only}};
inline constexpr spelling<check_level> check_words[] = {
    {"off", check_level::off}, {"sample", check_level::sample}, {"all", check_level::all}};
inline constexpr spelling<isolation> isolate_words[] = {
    {"auto", isolation::process}, {"process", isolation::process}, {"none", isolation::none}};
inline constexpr spelling<cache_mode> cache_words[] = {
    {"rw", cache_mode::rw}, {"ro", cache_mode::ro}, {"off", cache_mode::off}};
inline constexpr spelling<progress_mode> log_words[] = {{"auto", progress_mode::automatic},
                                                        {"updated", progress_mode::updated},
                                                        {"plain", progress_mode::plain},
                                                        {"silent", progress_mode::silent}};

/// Takes choices from code, else from a variable, else leaves the default; keeps the first error.
class option_resolver {
 public:
  explicit option_resolver(const environment& variables) : variables_(variables) {}

  template <class Value, std::size_t Count>
  void word(const std::optional<Value>& chosen, const char* variable,
            const spelling<Value> (&words)[Count], Value& into) {
    if (chosen) {
      into = *chosen;
      return;
    }
    const std::string* text = find(variable);
    if (text == nullptr) return;
    std::string accepted;
    for (const spelling<Value>& each : words) {
      if (*text == each.word) {
        into = each.value;
        return;
      }
      accepted += (accepted.empty() ? "" : ", ") + std::string(each.word);
    }
    reject(variable, *text, "one of " + accepted);
  }

  /// A number in least .. most. `member` is the name in tune_options.
  template <class Value>
  void number(const std::optional<Value>& chosen, const char* member, const char* variable,
              Value least, Value most, Value& into) {
    if (chosen) {
      if (*chosen >= least && *chosen <= most) {
        into = *chosen;
      } else if (!failure_) {
        failure_.emplace("LATHE-E111", std::string("tune_options::") + member + " is " +
                                           text_of(*chosen) + ": expected " + range(least, most));
      }
      return;
    }
    const std::string* text = find(variable);
    if (text == nullptr) return;
    Value value{};
    if (read(*text, value) && value >= least && value <= most) {
      into = value;
    } else {
      reject(variable, *text, range(least, most));
    }
  }

  /// A path; one from the environment names a folder.
  void path(const std::string& chosen, const char* variable, std::string& into) const {
    into = chosen;
    if (const std::string* text = find(variable); into.empty() && text != nullptr)
      into = text->ends_with('/') ? *text : *text + "/";
  }

  const std::optional<error>& failure() const { return failure_; }

 private:
  // A variable that is set to nothing counts as not set.
  const std::string* find(const char* variable) const {
    for (const auto& [name, value] : variables_) {
      if (variable != nullptr && name == variable && !value.empty()) return &value;
    }
    return nullptr;
  }

  void reject(const char* variable, const std::string& value, const std::string& expected) {
    if (failure_) return;
    failure_.emplace("LATHE-E110", std::string("environment variable ") + variable + " is '" +
                                       value + "': expected " + expected);
  }

  static bool read(const std::string& text, double& value) { return read_number(text, value); }
  static bool read(const std::string& text, std::uint64_t& value) {
    return read_number(text, value);
  }
  static bool read(const std::string& text, int& value) {
    std::int64_t wide = 0;
    if (!read_number(text, wide)) return false;
    value = static_cast<int>(wide);
    return value == wide;
  }
  static std::string text_of(double value) { return number_text(value); }
  static std::string text_of(std::uint64_t value) { return std::to_string(value); }
  static std::string text_of(int value) { return std::to_string(value); }
  template <class Value>
  static std::string range(Value least, Value most) {
    return "a number from " + text_of(least) + " to " + text_of(most);
  }

  const environment& variables_;
  std::optional<error> failure_;
};

/// Insertions, deletions and replacements between two words (Levenshtein 1966).
LATHE_INLINE std::size_t edit_distance(std::string_view left, std::string_view right) {
  sequence<std::size_t> row(right.size() + 1);
  for (std::size_t n = 0; n < row.size(); ++n) row[n] = n;
  for (const char c : left) {
    std::size_t diagonal = row[0]++;
    for (std::size_t n = 1; n < row.size(); ++n) {
      const std::size_t above = row[n];
      row[n] =
          smaller(smaller(above + 1, row[n - 1] + 1), diagonal + (right[n - 1] == c ? 0U : 1U));
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace detail

LATHE_INLINE environment read_environment() {
  environment found;
  if (getauxval(AT_SECURE) != 0) return found;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (!text.starts_with("LATHE_") || equals == std::string_view::npos) continue;
    found.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

LATHE_INLINE result<tuning_request> resolve(const tune_options& options, const cpu_target& target,
                                            const environment& variables) {
  tuning_request request;
  request.target = target;
  request.threads = larger(1, target.threads);
  request.progress = progress_mode::automatic;
  request.bound = options.bound;
  request.strategy = options.strategy.value_or(request.strategy);
  request.strict_fp = options.strict_fp.value_or(request.strict_fp);
  if (request.strict_fp) request.target.dot_bf16 = false;  // flushes denormals, rounds once less
  request.cancel = options.cancel;
  request.cache.directory = options.cache_dir;
  request.cache.wisdom = options.wisdom_path;

  detail::option_resolver resolver(variables);
  resolver.word(options.effort, "LATHE_EFFORT", detail::effort_words, request.effort);
  resolver.number(options.time_limit, "time_limit", "LATHE_TIME_LIMIT", 0.0, 1e9,
                  request.time_limit);
  resolver.number(options.trials, "trials", "LATHE_TRIALS", 1, std::numeric_limits<int>::max(),
                  request.trials);
  resolver.number(options.patience, "patience", nullptr, 1, std::numeric_limits<int>::max(),
                  request.patience);
  resolver.number(options.target_fraction, "target_fraction", nullptr, 1e-6, 1.0,
                  request.target_fraction);
  resolver.number(options.threads, "threads", "LATHE_NUM_THREADS", 1, 4096, request.threads);
  resolver.number(options.seed, "seed", "LATHE_SEED", std::uint64_t{0},
                  std::numeric_limits<std::uint64_t>::max(), request.seed);
  resolver.word(options.check, "LATHE_CHECK", detail::check_words, request.check);
  resolver.word(options.isolate, "LATHE_ISOLATE", detail::isolate_words, request.isolate);
  cache_mode mode = cache_mode::rw;
  resolver.word(options.cache, "LATHE_CACHE_MODE", detail::cache_words, mode);
  request.cache.mode = mode;
  resolver.word(options.progress, "LATHE_LOG", detail::log_words, request.progress);
  resolver.path(options.report, "LATHE_REPORT", request.report);
  resolver.path(options.dump, "LATHE_DUMP", request.dump);
  if (!request.dump.empty() && !request.dump.ends_with('/')) request.dump += '/';
  if (resolver.failure()) return *resolver.failure();
  return request;
}

LATHE_INLINE sequence<std::string> unknown_variables(const environment& variables) {
  sequence<std::string> lines;
  for (const auto& variable : variables) {
    const std::string& name = variable.first;
    if (name.starts_with("LATHE_TEST_")) continue;  // lathe's own tests
    if (contains(detail::known_variables, name)) continue;
    const char* nearest = detail::known_variables[0];
    for (const char* each : detail::known_variables)
      if (detail::edit_distance(each, name) < detail::edit_distance(nearest, name)) nearest = each;
    lines.push_back("[LATHE-E112] environment variable " + name +
                    " is unknown and has no effect; did you mean " + nearest + "?");
  }
  return lines;
}

LATHE_INLINE void report_unknown_variables(const environment& variables) {
  static detail::atomic<bool> is_reported;
  if (is_reported.exchange(true)) return;
  for (const std::string& line : unknown_variables(variables)) {
    std::fprintf(stderr, "%s\n", line.c_str());
  }
}

}  // namespace lathe
