// Tunings that are killed, that share a store, and whose candidates misbehave.
#include <lathe/analysis/describe.hpp>
#include <lathe/analysis/owned_desc.hpp>
#include <lathe/api/functions.hpp>
#include <lathe/api/session.hpp>
#include <lathe/core/random.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/target/cpu/host.hpp>

#include "sanitizer.hpp"
#include "store/scratch.hpp"
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace lathe;
using store_test::scratch;

namespace {

tuning_request request_for(const std::string& folder, int trials) {
  tuning_request request;
  request.target = native::host_target().value();
  request.time_limit = 60;
  request.trials = trials;
  request.cache = store_test::options_for(folder);
  request.cache.mode = cache_mode::rw;
  return request;
}

/// Runs a kernel of gemm(rows, 17, 13) on ones and twos.
bool is_right(const tuned& made, int rows) {
  const auto size = static_cast<std::size_t>(rows);
  std::vector<float> a(size * 13, 1), b(13 * 17, 2), c(size * 17);
  void* params[] = {a.data(), b.data(), c.data()};
  if (made.run.needs_bind())
    made.run.bind(params)(params);
  else
    made.run(params);
  return c == std::vector<float>(size * 17, 26);
}

template <class Value>
Value& shared_value() {
  void* const memory =
      ::mmap(nullptr, sizeof(Value), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(memory != MAP_FAILED);
  return *new (memory) Value;
}

/// Kills tunings of ever new problems in one store; what they had told us was stored must be there.
void kill_tunings(int count) {
  const scratch folder;
  auto& rows_done = shared_value<std::atomic<int>>();  // rows of the last problem that was tuned
  random_engine random(11);
  int killed = 0, done = 0, lost = 0, corrupt = 0;
  const auto key = [&](int rows) {
    return key_of(describe(ops::gemm(rows, 17, 13)), request_for(folder / "c", 1));
  };
  std::vector<int> tuned_rows;
  std::size_t trials_before = 0;
  int rows = 3;
  for (int n = 0; n < count; ++n) {
    rows_done = 0;
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      for (int next = rows;; ++next) {
        if (!tune_description(describe(ops::gemm(next, 17, 13)), request_for(folder / "c", 3)))
          ::_exit(1);
        rows_done = next;
      }
    }
    ::usleep(100'000 + random.below(700'000));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    killed += WIFSIGNALED(status) ? 1 : 0;
    for (; rows_done >= rows; ++rows) {
      tuned_rows.push_back(rows);
      trials_before = 0;
    }
    done = static_cast<int>(tuned_rows.size());
    auto store = cache::open(store_test::options_for(folder / "c"));
    for (const int each : tuned_rows) lost += store.find(key(each)) ? 0 : 1;
    const std::size_t trials = store.trials(key(rows)).size();
    lost += trials < trials_before ? 1 : 0;  // of the problem that was interrupted
    trials_before = trials;
    const store_report report = store.verify();
    corrupt += report.damaged + report.malformed + report.newer + report.refused > 0 ? 1 : 0;
  }
  MESSAGE("tunings: killed ", killed, ", finished before ", done, ", records lost ", lost,
          ", corrupt stores ", corrupt);
  CHECK(killed == count);
  CHECK(lost == 0);
  CHECK(corrupt == 0);
  const auto made =
      tune_description(describe(ops::gemm(rows, 17, 13)), request_for(folder / "c", 3));
  REQUIRE(made.has_value());
  CHECK(is_right(*made, rows));
}

}  // namespace

TEST_CASE("faults: tunings killed at any moment lose nothing that was stored") { kill_tunings(6); }

TEST_SUITE("nightly") {
  TEST_CASE("faults: 1000 tunings killed at any moment") { kill_tunings(1000); }
}

TEST_CASE("faults: eight processes tune against one store") {
  const scratch folder;
  std::vector<pid_t> children;
  for (int process = 0; process < 8; ++process) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      int wrong = 0;
      // All of them the first one, then each another one.
      for (const int rows : {7, 8 + process}) {
        const auto made =
            tune_description(describe(ops::gemm(rows, 17, 13)), request_for(folder / "c", 3));
        if (!made || !is_right(*made, rows)) ++wrong;
      }
      ::_exit(wrong);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  auto store = cache::open(store_test::options_for(folder / "c"));
  CHECK(store.list().size() == 9);
  CHECK(store.verify().clean());
  const auto again = tune_description(describe(ops::gemm(7, 17, 13)), request_for(folder / "c", 3));
  REQUIRE(again.has_value());
  CHECK(again->origin == kernel_origin::cache);
  CHECK(is_right(*again, 7));
}

namespace {

/// What the processes in which candidates run do, one after the other.
enum class deed : int { behave_for_a_while, crash, hang, hoard, leave, lie, behave };

struct script {
  std::atomic<int> processes{0};  // so far
  std::atomic<int> endless{0};    // allocations that nothing stopped
};
script* plot = nullptr;
pid_t host = 0;

float treacherous(float value) {
  if (::getpid() == host) return value;
  static pid_t process = 0;
  static deed mine = deed::behave;
  static int calls = 0;
  if (process != ::getpid()) {
    process = ::getpid();
    mine = static_cast<deed>(std::min(plot->processes++, static_cast<int>(deed::behave)));
    calls = 0;
  }
  ++calls;
  switch (mine) {
    case deed::behave_for_a_while:
      if (calls > 20'000) std::raise(SIGSEGV);
      return value;
    case deed::crash: std::raise(SIGSEGV); return value;
    case deed::hang:
      for (;;) ::pause();
    case deed::hoard:
      for (int gib = 0; gib < 1000; ++gib)
        if (std::malloc(std::size_t{1} << 30) == nullptr) std::abort();  // as most programs do
      ++plot->endless;
      return value;
    case deed::leave: std::_Exit(0);
    case deed::lie: return calls < 1000 ? value + 1 : value;
    case deed::behave: return value;
  }
  return value;
}

}  // namespace

TEST_CASE("faults: candidates that crash, hang, hoard, leave or lie are trials, and no more") {
  if (test::address_sanitizer || test::thread_sanitizer) {
    MESSAGE("[SKIP] the sanitizer's own memory is beyond the limit");
    return;
  }
  plot = &shared_value<script>();
  host = ::getpid();
  define_function("lathe_test_treacherous", &treacherous);
  axis<"i"> i{64};
  axis<"k"> k{9};
  tensor<"A", float, 2> A;
  tensor<"y", float, 1> y;
  const auto source =
      op<"treachery">(A, y)(y(i) = sum(k)(call<"lathe_test_treacherous", float>(A(i, k))));
  const scratch folder;
  tuning_request request = request_for(folder / "c", 24);
  const auto made = tune_description(describe(source), request);
  REQUIRE_MESSAGE(made.has_value(), std::string(made ? "" : made.error().what()));
  const auto of = [&](failure what) { return made->outcomes[static_cast<std::size_t>(what)]; };
  MESSAGE("candidates: ", of(failure::none), " good, ", of(failure::crash), " crashed, ",
          of(failure::slow) + of(failure::timeout), " did not end, ", of(failure::wrong_answer),
          " wrong; ", plot->processes.load(), " processes");
  CHECK(plot->processes >= static_cast<int>(deed::behave));
  CHECK(plot->endless == 0);
  CHECK(of(failure::none) >= 2);
  CHECK(of(failure::crash) >= 3);
  CHECK(of(failure::slow) + of(failure::timeout) >= 1);
  CHECK(of(failure::wrong_answer) >= 1);
  std::vector<float> a(64 * 9, 2), sums(64);
  void* params[] = {a.data(), sums.data()};
  made->run(params);
  CHECK(sums == std::vector<float>(64, 18));
}
