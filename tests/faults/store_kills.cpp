// Writers of a store are killed: at every file call, and at any moment.
#include <lathe/core/random.hpp>

#include "faults/scenario.hpp"
#include <csignal>
#include <cstdlib>
#include <doctest/doctest.h>

using namespace faults;

namespace {

/// Runs `child` in a process that is killed after `microseconds`, or kills itself.
/// @returns whether it was killed
template <class Child>
bool run_and_kill(const Child& child, int microseconds) {
  const pid_t process = ::fork();
  REQUIRE(process >= 0);
  if (process == 0) {
    child();
    ::_exit(0);
  }
  if (microseconds > 0) {
    ::usleep(static_cast<useconds_t>(microseconds));
    ::kill(process, SIGKILL);
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

struct tally {
  int injected = 0, killed = 0, survived = 0, lost = 0;

  void add(bool was_killed, const aftermath& seen) {
    ++injected;
    killed += was_killed ? 1 : 0;
    lost += seen.lost;
    survived += seen.lost == 0 && seen.wrong == 0 && !seen.corrupt ? 1 : 0;
  }
  void check(int least_killed) const {
    MESSAGE("kills: injected ", injected, " (", killed, " before the process had ended), survived ",
            survived, ", committed records lost ", lost);
    CHECK(survived == injected);
    CHECK(killed >= least_killed);
  }
};

/// One store for all kills, as a user's cache would see them; pruned now and then by the reader.
void kill_at_any_moment(int count) {
  tally sum;
  committed_records& committed = committed_records::shared();
  lathe::random_engine random(7);
  constexpr int records = committed_records::most / 6;
  store_test::scratch* folder = nullptr;
  for (int n = 0; n < count; ++n) {
    if (n % 100 == 0) {
      delete folder;
      folder = new store_test::scratch;
      for (auto& each : committed.is_committed) each = false;
    }
    const int microseconds = 100 + static_cast<int>(random.below(8000));
    const bool was_killed = run_and_kill(
        [&] {
          for (int round = 0;; ++round)
            use_store(folder->path, 6 * ((n % 100 * 5 + round % 5) % records), committed);
        },
        microseconds);
    sum.add(was_killed, look(folder->path, committed));
  }
  std::filesystem::remove(*folder / "c/merge.lock");  // a dead one's is believed for ten minutes
  auto after = lathe::cache::open(store_test::options_for(*folder / "c"));
  after.prune();
  CHECK(store_test::files(*folder / "c", "seg-").size() <= 2);  // whatever the dead left, is joined
  sum.add(true, look(folder->path, committed));
  delete folder;
  committed.free();
  sum.check(count);
}

void kill_at_calls(int step) {
  tally sum;
  committed_records& committed = committed_records::shared();
  for (const fault what : {fault::kill_before, fault::kill_inside, fault::kill_after}) {
    bool was_killed = true;
    for (int at = static_cast<int>(what); was_killed; at += step) {
      const store_test::scratch folder;
      for (auto& each : committed.is_committed) each = false;
      REQUIRE(use_store(folder.path, 0, committed));
      was_killed = run_and_kill(
          [&] {
            set({what, at, 0});
            use_store(folder.path, 6, committed);
          },
          0);
      if (was_killed) sum.add(true, look(folder.path, committed));
    }
  }
  committed.free();
  sum.check(20);
}

}  // namespace

TEST_CASE("faults: a writer killed at a file call loses nothing that was committed") {
  kill_at_calls(11);
}

TEST_CASE("faults: 100 writers killed at any moment lose nothing that was committed") {
  kill_at_any_moment(100);
}

TEST_SUITE("nightly") {
  TEST_CASE("faults: a writer killed at every file call") { kill_at_calls(1); }
  TEST_CASE("faults: 1000 writers killed at any moment") { kill_at_any_moment(1000); }
}
