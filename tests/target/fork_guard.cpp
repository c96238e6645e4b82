// Forks beside threads that are inside LLVM.
#include <lathe/core/atomic.hpp>
#include <lathe/core/threads.hpp>
#include <lathe/target/cpu/jit.hpp>

#include "host_jit.hpp"
#include "sanitizer.hpp"
#include <doctest/doctest.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

using namespace lathe;

namespace {

constexpr const char* text = "define i32 @answer() {\n  ret i32 42\n}\n";

/// Compiles, loads and calls; what the code returns.
int answer(const native::jit& compiler) {
  const auto object = compiler.compile(text).value();
  const native::loaded_object loaded = compiler.load(object).value();
  return reinterpret_cast<int (*)()>(loaded.lookup("answer").value())();
}

}  // namespace

TEST_CASE("fork_guard: a child forked while other threads compile and link can do so, too" *
          doctest::skip(test::thread_sanitizer)) {  // which refuses threads in forked children
  const auto host = test::host_jit();
  if (!host) return;
  const native::jit& compiler = *host;
  lathe::detail::atomic<bool> is_over = false;
  lathe::detail::atomic<int> wrong = 0;
  auto compile = [&] {
    while (!is_over.load())
      if (answer(compiler) != 42) wrong.fetch_add(1);
  };
  constexpr int forks = 60;
  int failed = 0;
  {
    const lathe::detail::background one(compile), other(compile);
    for (int n = 0; n < forks; ++n) {
      const pid_t child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        ::alarm(20);  // ends a child that waits for ever
        ::_exit(answer(compiler) == 42 ? 0 : 1);
      }
      int status = 0;
      REQUIRE(::waitpid(child, &status, 0) == child);
      failed += status != 0;
      if (failed > 0) break;  // each would take 20 s
    }
    is_over.store(true);
  }
  CHECK(failed == 0);
  CHECK(wrong.load() == 0);
}
