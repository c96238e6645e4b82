#include <lathe/search/progress.hpp>

#include <algorithm>
#include <cstdio>
#include <doctest/doctest.h>
#include <string>

using namespace lathe;

namespace {

search_progress state_after(int trials, double elapsed) {
  search_progress state;
  state.trials = trials;
  state.trials_limit = 1000;
  state.best_seconds = 10.2e-3;
  state.outcomes[static_cast<std::size_t>(failure::limit)] = 3;
  state.outcomes[static_cast<std::size_t>(failure::crash)] = 1;
  state.outcomes[static_cast<std::size_t>(failure::slow)] = 5;
  state.elapsed_seconds = elapsed;
  state.left_seconds = 90;
  return state;
}

/// What a printer of this mode writes in a search that reports once a second.
std::string written(progress_mode mode, int seconds) {
  std::FILE* const file = std::tmpfile();
  progress_printer printer(file, mode, {"gemm"});
  for (int n = 1; n <= seconds; ++n) printer.show(state_after(n, n));
  printer.finish(state_after(seconds, seconds));
  std::string text(static_cast<std::size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  const std::size_t length = std::fread(text.data(), 1, text.size(), file);
  std::fclose(file);
  text.resize(length);
  return text;
}

}  // namespace

TEST_CASE("progress: one line says it all") {
  const progress_scale scale{"gemm", 2.0 * 1024 * 1024 * 1024, 9.5e-3};
  CHECK(progress_text(state_after(120, 12), scale) ==
        "gemm: 120/1000 tried, best 10.2 ms, 211 GFLOP/s, 93 % of roofline, 5 too slow, failed 3 "
        "limit 1 crash, 12 s, 2 min left");
}

TEST_CASE("progress: nothing is shown that is not known") {
  search_progress state;
  state.trials = 5;
  CHECK(progress_text(state, {}) == "5 tried, none works yet, 0 s");
  state.best_seconds = 3.21e-6;
  state.elapsed_seconds = 8000;
  CHECK(progress_text(state, {"sum"}) == "sum: 5 tried, best 3.21 us, 2.2 h");
}

TEST_CASE("progress: a log gets a line every 10 s and a last one") {
  const std::string text = written(progress_mode::plain, 25);
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
  CHECK(text.find("25/1000") != std::string::npos);
  const std::string brief = written(progress_mode::automatic, 3);  // a file is no terminal
  CHECK(std::count(brief.begin(), brief.end(), '\n') == 1);
}

TEST_CASE("progress: a terminal gets one line, kept short") {
  const std::string text = written(progress_mode::updated, 25);
  CHECK(std::count(text.begin(), text.end(), '\r') == 26);
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.find("25/1000") < text.size());
  CHECK(text.find('\r', 1) <= 80 + 4);
}

TEST_CASE("progress: silence") { CHECK(written(progress_mode::silent, 25) == ""); }
