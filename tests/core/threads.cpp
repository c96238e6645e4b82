// Work on other threads.
#include <lathe/core/atomic.hpp>
#include <lathe/core/threads.hpp>

#include <doctest/doctest.h>
#include <pthread.h>
#include <unistd.h>

using namespace lathe::detail;

TEST_CASE("threads: background work runs beside its maker and is waited for") {
  int made = 0;
  const pthread_t self = pthread_self();
  bool is_elsewhere = false;
  semaphore may_go;
  auto work = [&] {
    is_elsewhere = pthread_equal(self, pthread_self()) == 0;
    may_go.wait();  // for ever, if it ran before the maker goes on
    usleep(10000);
    made = 7;
  };
  {
    const background other(work);
    may_go.post();
  }
  CHECK(made == 7);
  CHECK(is_elsewhere);
}

TEST_CASE("threads: a semaphore lets as many pass as were posted, whenever that was") {
  constexpr int count = 1000;
  semaphore ready;
  atomic<int> posted = 0;
  auto work = [&] {
    for (int n = 0; n < count; ++n) {
      posted.fetch_add(1);
      ready.post();
    }
  };
  const background other(work);
  for (int n = 0; n < count; ++n) {
    ready.wait();
    REQUIRE(posted.load() > n);
  }
}

TEST_CASE("threads: shared work is done by any number of threads") {
  atomic<int> next = 0, done = 0;
  auto work = [&] {
    while (next.fetch_add(1) < 100) done.fetch_add(1);
  };
  run_on_threads(3, work);
  CHECK(done.load() == 100);
}
