#include <lathe/api/options.hpp>

#include <cstdlib>
#include <doctest/doctest.h>
#include <limits>

using namespace lathe;

namespace {

cpu_target four_threads() {
  cpu_target target;
  target.threads = 4;
  return target;
}

tuning_request resolved(const tune_options& options, const environment& variables) {
  return resolve(options, four_threads(), variables).value();
}

std::string refusal(const tune_options& options, const environment& variables) {
  const auto made = resolve(options, four_threads(), variables);
  return made ? "" : made.error().what();
}

}  // namespace

TEST_CASE("options: defaults") {
  const tuning_request made = resolved({}, {});
  CHECK(made.effort == effort_level::measure);
  CHECK(made.time_limit == 60);
  CHECK(made.trials == std::numeric_limits<int>::max());
  CHECK(made.threads == 4);
  CHECK(made.check == check_level::sample);
  CHECK(made.isolate == isolation::process);
  CHECK(made.cache.mode == cache_mode::rw);
  CHECK(made.progress == progress_mode::automatic);
}

TEST_CASE("options: the environment beats defaults") {
  const tuning_request made = resolved({}, {{"LATHE_EFFORT", "patient"},
                                            {"LATHE_TIME_LIMIT", "2.5"},
                                            {"LATHE_TRIALS", "17"},
                                            {"LATHE_NUM_THREADS", "2"},
                                            {"LATHE_SEED", "18446744073709551615"},
                                            {"LATHE_CHECK", "off"},
                                            {"LATHE_ISOLATE", "none"},
                                            {"LATHE_CACHE_MODE", "ro"},
                                            {"LATHE_LOG", "silent"}});
  CHECK(made.effort == effort_level::patient);
  CHECK(made.time_limit == 2.5);
  CHECK(made.trials == 17);
  CHECK(made.threads == 2);
  CHECK(made.seed == std::numeric_limits<std::uint64_t>::max());
  CHECK(made.check == check_level::off);
  CHECK(made.isolate == isolation::none);
  CHECK(made.cache.mode == cache_mode::ro);
  CHECK(made.progress == progress_mode::silent);
}

TEST_CASE("options: code beats the environment, even a bad one") {
  const tuning_request made = resolved({.effort = effort_level::estimate,
                                        .time_limit = 3,
                                        .trials = 5,
                                        .threads = 1,
                                        .seed = 9,
                                        .check = check_level::all,
                                        .isolate = isolation::process,
                                        .cache = cache_mode::off,
                                        .progress = progress_mode::plain},
                                       {{"LATHE_EFFORT", "no such word"},
                                        {"LATHE_TIME_LIMIT", "-"},
                                        {"LATHE_TRIALS", "x"},
                                        {"LATHE_NUM_THREADS", "2"},
                                        {"LATHE_SEED", "2"},
                                        {"LATHE_CHECK", "off"},
                                        {"LATHE_ISOLATE", "none"},
                                        {"LATHE_CACHE_MODE", "ro"},
                                        {"LATHE_LOG", "silent"}});
  CHECK(made.effort == effort_level::estimate);
  CHECK(made.time_limit == 3);
  CHECK(made.trials == 5);
  CHECK(made.threads == 1);
  CHECK(made.seed == 9);
  CHECK(made.check == check_level::all);
  CHECK(made.isolate == isolation::process);
  CHECK(made.cache.mode == cache_mode::off);
  CHECK(made.progress == progress_mode::plain);
}

TEST_CASE("options: what has no variable") {
  const tuning_request made = resolved({.target_fraction = 0.9,
                                        .strategy = "random",
                                        .bound = {"W"},
                                        .strict_fp = true,
                                        .cache_dir = "/c",
                                        .wisdom_path = {"w1", "w2"}},
                                       {});
  CHECK(made.target_fraction == 0.9);
  CHECK(made.strategy.name() == "random");
  CHECK(made.bound == lathe::sequence<std::string>{"W"});
  CHECK(made.strict_fp);
  CHECK(made.cache.directory == "/c");
  CHECK(made.cache.wisdom == lathe::sequence<std::string>{"w1", "w2"});
}

TEST_CASE("options: bad values name the variable, the value and what is accepted") {
  CHECK(refusal({}, {{"LATHE_EFFORT", "fast"}}) ==
        "[LATHE-E110] environment variable LATHE_EFFORT is 'fast': expected one of estimate, "
        "measure, patient, wisdom_only");
  CHECK(refusal({}, {{"LATHE_NUM_THREADS", "0"}}) ==
        "[LATHE-E110] environment variable LATHE_NUM_THREADS is '0': expected a number from 1 to "
        "4096");
  for (const char* bad : {"-1", "1x", " 1", "1e3x", "nan", "inf", "one", "1,5"}) {
    CAPTURE(bad);
    CHECK(refusal({}, {{"LATHE_TIME_LIMIT", bad}}).starts_with("[LATHE-E110]"));
  }
  for (const char* bad : {"-1", "0", "1.5", "99999999999", "+3", "0x10"}) {
    CAPTURE(bad);
    CHECK(refusal({}, {{"LATHE_TRIALS", bad}}).starts_with("[LATHE-E110]"));
  }
  CHECK(refusal({.threads = 0}, {}) ==
        "[LATHE-E111] tune_options::threads is 0: expected a number from 1 to 4096");
  CHECK(
      refusal({.time_limit = -1}, {}).starts_with("[LATHE-E111] tune_options::time_limit is -1:"));
  CHECK(refusal({.time_limit = std::numeric_limits<double>::quiet_NaN()}, {})
            .starts_with("[LATHE-E111]"));
  CHECK(refusal({.target_fraction = 1.5}, {}).starts_with("[LATHE-E111]"));
  CHECK(refusal({}, {{"LATHE_TRIALS", ""}}) == "");
}

TEST_CASE("options: misspelt variables are named, with the nearest known one") {
  const auto lines = unknown_variables({{"LATHE_TIMELIMIT", "3"},
                                        {"LATHE_TRIALS", "3"},
                                        {"LATHE_LIBLLVM", "/lib"},
                                        {"LATHE_CASH_DIR", "/tmp"}});
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] ==
        "[LATHE-E112] environment variable LATHE_TIMELIMIT is unknown and has no effect; did you "
        "mean LATHE_TIME_LIMIT?");
  CHECK(lines[1].ends_with("did you mean LATHE_CACHE_DIR?"));
}

TEST_CASE("options: read_environment sees this process's LATHE_ variables") {
  REQUIRE(setenv("LATHE_LOG", "plain=1", 1) == 0);
  bool found = false;
  for (const auto& [name, value] : read_environment()) {
    CHECK(name.starts_with("LATHE_"));
    found = found || (name == "LATHE_LOG" && value == "plain=1");
  }
  CHECK(found);
  REQUIRE(unsetenv("LATHE_LOG") == 0);
}
