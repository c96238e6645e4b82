#include <lathe/measure/process.hpp>
#include <lathe/measure/timer.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

using namespace lathe;

namespace {

enum class deed { add, spin, fault, abort, trap, divide, leave, overflow, hoard, fork_bomb };

/// What the host and the child share.
struct shared_state {
  deed wanted = deed::add;
  int value = 0;
  int started = 0;
};

int overflow(int depth) {
  volatile char page[4096] = {};
  page[depth % 4096] = 1;
  return depth < 0 ? 0 : overflow(depth + 1) + page[1];
}

void do_deed(void* context) {
  auto& state = *static_cast<shared_state*>(context);
  volatile int zero = 0;
  switch (state.wanted) {
    case deed::add: ++state.value; return;
    case deed::spin:
      while (zero == 0) continue;
      return;
    case deed::fault: *reinterpret_cast<volatile int*>(std::uintptr_t{8}) = 1; return;
    case deed::abort: std::abort();
    case deed::trap: __builtin_trap();
    case deed::divide: std::raise(SIGFPE); return;
    case deed::leave: std::_Exit(3);
    case deed::overflow: state.value = overflow(0); return;
    case deed::hoard: {
      void* memory = mmap(nullptr, std::size_t{100} << 30, PROT_READ | PROT_WRITE,
                          MAP_ANONYMOUS | MAP_PRIVATE | MAP_NORESERVE, -1, 0);
      state.value = memory == MAP_FAILED ? 77 : 0;
      return;
    }
    case deed::fork_bomb:
      if (fork() >= 0) pause();
      return;
  }
}

/// A process and the memory it shares with the test.
struct fixture {
  shared_state& state;
  worker_process process;

  fixture()
      : state(
            *static_cast<shared_state*>(mmap(nullptr, sizeof(shared_state), PROT_READ | PROT_WRITE,
                                             MAP_ANONYMOUS | MAP_SHARED, -1, 0))),
        process({[](void* context) { ++static_cast<shared_state*>(context)->started; }, do_deed,
                 &state, std::int64_t{8} << 30}) {}

  request_end ask(deed wanted, double seconds = 2) {
    REQUIRE(process.start());
    state.wanted = wanted;
    return process.request(seconds);
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "process: requests are handled by one living child") {
  for (int n = 1; n <= 100; ++n) {
    CHECK(ask(deed::add) == request_end::replied);
    CHECK(state.value == n);
  }
  CHECK(process.starts() == 1);
  CHECK(state.started == 1);
}

TEST_CASE_FIXTURE(fixture, "process: every death is reported by its cause") {
  CHECK(ask(deed::fault) == request_end::died);
  CHECK(process.end_text() == "SIGSEGV");
  CHECK(ask(deed::overflow) == request_end::died);
  CHECK(process.end_text() == "SIGSEGV");
  CHECK(ask(deed::abort) == request_end::died);
  CHECK(process.end_text() == "SIGABRT");
  CHECK(ask(deed::trap) == request_end::died);
  CHECK(process.end_text() == "SIGILL");
  CHECK(ask(deed::divide) == request_end::died);
  CHECK(process.end_text() == "SIGFPE");
  CHECK(ask(deed::leave) == request_end::died);
  CHECK(process.end_text() == "left the process with exit code 3");
  CHECK(ask(deed::add) == request_end::replied);
  CHECK(process.starts() == 7);
}

TEST_CASE_FIXTURE(fixture, "process: endless work is ended in time") {
  for (const double limit : {0.02, 0.1}) {
    REQUIRE(process.start());
    const double before = monotonic_seconds();
    CHECK(ask(deed::spin, limit) == request_end::timed_out);
    const double spent = monotonic_seconds() - before;
    CHECK(spent >= limit);
    CHECK(spent < limit + 1);  // a busy machine may take its time
  }
  CHECK(ask(deed::fork_bomb, 0.05) == request_end::timed_out);
  CHECK(ask(deed::add) == request_end::replied);
}

TEST_CASE_FIXTURE(fixture, "process: memory is limited") {
  CHECK(ask(deed::hoard) == request_end::replied);
  CHECK(state.value == 77);
}

TEST_CASE_FIXTURE(fixture, "process: the host's signal handlers stay with the host") {
  static volatile std::sig_atomic_t handled = 0;
  const auto before = std::signal(SIGSEGV, [](int) { handled = 1; });
  CHECK(ask(deed::fault) == request_end::died);
  CHECK(process.signal() == SIGSEGV);
  CHECK(handled == 0);
  std::signal(SIGSEGV, before);
}

TEST_CASE("process: a child ends with its host's object, not later") {
  pid_t* const child = static_cast<pid_t*>(
      mmap(nullptr, sizeof(pid_t), PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_SHARED, -1, 0));
  {
    worker_process process(
        {[](void* context) { *static_cast<pid_t*>(context) = getpid(); }, [](void*) {}, child, 0});
    REQUIRE(process.start());
    CHECK(kill(*child, 0) == 0);
  }
  for (int wait = 0; wait < 1000 && kill(*child, 0) == 0; ++wait) usleep(1000);
  CHECK(kill(*child, 0) != 0);
}

TEST_CASE_FIXTURE(fixture, "process: comes back after its supervisor was ended, too") {
  REQUIRE(process.start());
  // The only child of this process.
  pid_t supervisor = 0;
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
  if (std::FILE* const file = std::fopen(path, "r")) {
    if (std::fscanf(file, "%d", &supervisor) != 1) supervisor = 0;
    std::fclose(file);
  }
  if (supervisor == 0) return;  // the kernel does not say
  kill(supervisor, SIGKILL);
  bool noticed = false;  // the child follows its supervisor within moments
  for (int n = 0; n < 1000 && !noticed; ++n) noticed = ask(deed::add) == request_end::died;
  CHECK(noticed);
  CHECK(ask(deed::add) == request_end::replied);
}
