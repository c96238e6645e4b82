#include <lathe/target/cpu/host.hpp>
#include <lathe/target/cpu/parallel.hpp>

#include "sanitizer.hpp"
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace lathe;

namespace {

// Makes the process one that "has OpenMP" before lathe looks for it, where libgomp is installed.
// ThreadSanitizer does not understand libgomp's barriers and refuses threads in forked children.
[[maybe_unused]] void* const openmp_runtime =
    test::thread_sanitizer ? nullptr : ::dlopen("libgomp.so.1", RTLD_NOW | RTLD_GLOBAL);

/// What the body of a parallel loop saw.
struct trail {
  explicit trail(std::int64_t tasks, int threads)
      : visits(static_cast<std::size_t>(tasks)), busy(static_cast<std::size_t>(threads)) {}

  std::vector<std::atomic<int>> visits;  ///< per task
  std::vector<std::atomic<int>> busy;    ///< per worker: threads inside
  std::atomic<int> ranges{0};
  std::atomic<bool> clash{false};  ///< a worker index was out of range or in use twice
};

void visit(void* context, std::int64_t begin, std::int64_t end, int worker) {
  auto& seen = *static_cast<trail*>(context);
  ++seen.ranges;
  if (worker < 0 || worker >= static_cast<int>(seen.busy.size())) {
    seen.clash = true;
    return;
  }
  std::atomic<int>& busy = seen.busy[static_cast<std::size_t>(worker)];
  if (busy.fetch_add(1) != 0) seen.clash = true;
  for (std::int64_t task = begin; task < end; ++task) ++seen.visits[static_cast<std::size_t>(task)];
  --busy;
}

/// True if the hook runs every task exactly once and respects the worker rule.
bool covers(const parallel_for_hook& hook, std::int64_t tasks, std::int64_t grain, int threads) {
  trail seen(tasks, threads);
  hook.run(hook.self, tasks, grain, threads, visit, &seen);
  for (const auto& count : seen.visits)
    if (count != 1) return false;
  return !seen.clash;
}

struct named_hook {
  std::string name;
  parallel_for_hook hook;
};

std::vector<named_hook> all_hooks() {
  std::vector<named_hook> hooks = {{"serial", native::serial_parallel_for()},
                                   {"pool", native::pool_parallel_for()},
                                   {"default", native::default_parallel_for()}};
  if (native::openmp_parallel_for().run != nullptr)
    hooks.push_back({"openmp", native::openmp_parallel_for()});
  else
    MESSAGE("[SKIP] OpenMP hook: no libgomp.so.1");
  return hooks;
}

/// Runs `body` in a forked child; its exit status, or -1 if it hangs for 10 s.
template <class Body>
int in_child(Body&& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  for (int waited = 0; waited < 1000; ++waited) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child)
      return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  return -1;
}

}  // namespace

TEST_CASE("parallel: every task runs once, whatever the counts") {
  for (const named_hook& each : all_hooks()) {
    const parallel_for_hook hook = each.hook;
    CAPTURE(each.name);
    for (const std::int64_t tasks : {0, 1, 2, 3, 7, 64, 1000})
      for (const std::int64_t grain : {0, 1, 3, 100})
        for (const int threads : {1, 2, 3, 8}) {
          CAPTURE(tasks);
          CAPTURE(grain);
          CAPTURE(threads);
          CHECK(covers(hook, tasks, grain, threads));
        }
  }
}

TEST_CASE("parallel: many calls in a row neither lose nor repeat tasks") {
  for (const named_hook& each : all_hooks()) {
    const parallel_for_hook hook = each.hook;
    CAPTURE(each.name);
    int wrong = 0;
    for (int n = 0; n < 300; ++n) wrong += covers(hook, 37, n % 3, 2 + n % 3) ? 0 : 1;
    CHECK(wrong == 0);
  }
}

TEST_CASE("parallel: without a grain each worker gets one contiguous range") {
  trail seen(100, 4);
  const auto hook = native::pool_parallel_for();
  hook.run(hook.self, 100, 0, 4, visit, &seen);
  CHECK(seen.ranges == 4);
}

TEST_CASE("parallel: the pool really uses several threads") {
  struct meeting {
    std::atomic<int> arrived{0};
    std::atomic<bool> met{false};
  } both;
  const auto hook = native::pool_parallel_for();
  hook.run(
      hook.self, 2, 0, 2,
      [](void* context, std::int64_t, std::int64_t, int) {
        auto& place = *static_cast<meeting*>(context);
        ++place.arrived;
        // Each waits for the other; a serial pool would never see two.
        for (int n = 0; n < 5000 && place.arrived < 2; ++n)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (place.arrived == 2) place.met = true;
      },
      &both);
  CHECK(both.met);
}

TEST_CASE("parallel: a call inside a parallel body runs serially and completely") {
  for (const named_hook& each : all_hooks()) {
    const parallel_for_hook hook = each.hook;
    CAPTURE(each.name);
    struct nested {
      const parallel_for_hook* hook;
      std::atomic<int> complete{0};
    } outer{&hook, {}};
    hook.run(
        hook.self, 6, 1, 3,
        [](void* context, std::int64_t begin, std::int64_t end, int) {
          auto& at = *static_cast<nested*>(context);
          for (std::int64_t task = begin; task < end; ++task) {
            trail inner(20, 3);
            at.hook->run(at.hook->self, 20, 0, 3, visit, &inner);
            if (inner.ranges == 1 && !inner.clash) ++at.complete;
          }
        },
        &outer);
    CHECK(outer.complete == 6);
  }
}

TEST_CASE("parallel: threads of the program may call at the same time") {
  const auto hook = native::pool_parallel_for();
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> callers;
    for (int n = 0; n < 3; ++n)
      callers.emplace_back([&] {
        for (int round = 0; round < 100; ++round)
          if (!covers(hook, 50, round % 2, 3)) ++wrong;
      });
  }
  CHECK(wrong == 0);
}

TEST_CASE("parallel: a forked child has a pool of its own" *
          doctest::skip(test::thread_sanitizer)) {
  const auto hook = native::pool_parallel_for();
  REQUIRE(covers(hook, 100, 1, 3));
  CHECK(in_child([&] { return covers(hook, 100, 0, 3) && covers(hook, 100, 1, 3); }) == 0);
  CHECK(covers(hook, 100, 1, 3));
}

TEST_CASE("parallel: the default hook works in a child forked after OpenMP was used" *
          doctest::skip(test::thread_sanitizer)) {
  const auto hook = native::default_parallel_for();
  REQUIRE(covers(hook, 100, 1, 3));  // libgomp, where present: its pool would hang in the child
  CHECK(in_child([&] { return covers(hook, 100, 0, 3); }) == 0);
}

TEST_CASE("parallel: idle pool threads use no CPU time" * doctest::skip(test::thread_sanitizer)) {
  const auto hook = native::pool_parallel_for();
  // A child: no threads of other tests, and its CPU clock starts near zero.
  const int status = in_child([&] {
    if (!covers(hook, 100, 0, 4)) return false;
    const auto cpu_ms = [] { return std::clock() * 1000 / CLOCKS_PER_SEC; };
    const auto before = cpu_ms();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return cpu_ms() - before < 20;
  });
  CHECK(status == 0);
}

TEST_CASE("parallel: the number of threads is at least one") {
  CHECK(native::default_threads() >= 1);
  CHECK(native::allowed_cpus() >= 1);
  CHECK(native::allowed_cores() >= 1);
  CHECK(native::allowed_cores() <= native::allowed_cpus());
}
