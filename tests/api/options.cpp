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

resolved_options resolved(const tune_options& options, const environment& variables) {
  return resolve(options, four_threads(), variables).value();
}

std::string refusal(const tune_options& options, const environment& variables) {
  const auto made = resolve(options, four_threads(), variables);
  return made ? "" : made.error().what();
}

}  // namespace

TEST_CASE("options: defaults") {
  const resolved_options made = resolved({}, {});
  CHECK(made.request.effort == effort_level::measure);
  CHECK(made.request.time_limit == 60);
  CHECK(made.request.trials == std::numeric_limits<int>::max());
  CHECK(made.request.threads == 4);
  CHECK(made.request.check);
  CHECK(made.check == check_level::sample);
  CHECK(made.request.isolate == isolation::process);
  CHECK(made.request.cache.mode == cache_mode::rw);
  CHECK(made.request.progress == progress_mode::automatic);
  CHECK(made.report == "");
}

TEST_CASE("options: the environment beats defaults") {
  const resolved_options made = resolved({}, {{"LATHE_EFFORT", "patient"},
                                              {"LATHE_TIME_LIMIT", "2.5"},
                                              {"LATHE_TRIALS", "17"},
                                              {"LATHE_NUM_THREADS", "2"},
                                              {"LATHE_SEED", "18446744073709551615"},
                                              {"LATHE_CHECK", "off"},
                                              {"LATHE_ISOLATE", "none"},
                                              {"LATHE_CACHE_MODE", "ro"},
                                              {"LATHE_LOG", "silent"},
                                              {"LATHE_REPORT", "r.txt"}});
  CHECK(made.request.effort == effort_level::patient);
  CHECK(made.request.time_limit == 2.5);
  CHECK(made.request.trials == 17);
  CHECK(made.request.threads == 2);
  CHECK(made.request.seed == std::numeric_limits<std::uint64_t>::max());
  CHECK_FALSE(made.request.check);
  CHECK(made.request.isolate == isolation::none);
  CHECK(made.request.cache.mode == cache_mode::ro);
  CHECK(made.request.progress == progress_mode::silent);
  CHECK(made.report == "r.txt");
}

TEST_CASE("options: code beats the environment, even a bad one") {
  const resolved_options made = resolved({.effort = effort_level::estimate,
                                          .time_limit = 3,
                                          .trials = 5,
                                          .threads = 1,
                                          .seed = 9,
                                          .check = check_level::all,
                                          .isolate = isolation::process,
                                          .cache = cache_mode::off,
                                          .progress = progress_mode::plain,
                                          .report = "mine"},
                                         {{"LATHE_EFFORT", "no such word"},
                                          {"LATHE_TIME_LIMIT", "-"},
                                          {"LATHE_TRIALS", "x"},
                                          {"LATHE_NUM_THREADS", "2"},
                                          {"LATHE_SEED", "2"},
                                          {"LATHE_CHECK", "off"},
                                          {"LATHE_ISOLATE", "none"},
                                          {"LATHE_CACHE_MODE", "ro"},
                                          {"LATHE_LOG", "silent"},
                                          {"LATHE_REPORT", "theirs"}});
  CHECK(made.request.effort == effort_level::estimate);
  CHECK(made.request.time_limit == 3);
  CHECK(made.request.trials == 5);
  CHECK(made.request.threads == 1);
  CHECK(made.request.seed == 9);
  CHECK(made.check == check_level::all);
  CHECK(made.request.isolate == isolation::process);
  CHECK(made.request.cache.mode == cache_mode::off);
  CHECK(made.request.progress == progress_mode::plain);
  CHECK(made.report == "mine");
}

TEST_CASE("options: what has no variable") {
  const resolved_options made = resolved({.target_fraction = 0.9,
                                          .strategy = strategy_kind::random,
                                          .bound = {"W"},
                                          .strict_fp = true,
                                          .cache_dir = "/c",
                                          .wisdom_path = {"w1", "w2"}},
                                         {});
  CHECK(made.request.target_fraction == 0.9);
  CHECK(made.request.strategy == strategy_kind::random);
  CHECK(made.request.bound == std::vector<std::string>{"W"});
  CHECK(made.request.strict_fp);
  CHECK(made.request.cache.directory == "/c");
  CHECK(made.request.cache.wisdom == std::vector<std::string>{"w1", "w2"});
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
