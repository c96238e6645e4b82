// Every file call of the store fails in turn, once or for good, with every error that files have.
#include "faults/scenario.hpp"
#include <cerrno>
#include <cstring>
#include <doctest/doctest.h>
#include <iterator>

using namespace faults;

namespace {

/// Errors of full, read-only, foreign, failing and remote disks, and of a process that ran out.
constexpr int errors[] = {EACCES, EBUSY,  EDQUOT, EEXIST, EINTR,  EIO,   ELOOP, EMFILE,
                          ENOENT, ENOLCK, ENOMEM, ENOSPC, ENOSYS, EPERM, EROFS, ESTALE};

struct tally {
  int injected = 0, survived = 0, lost = 0;
};

/// One run with one fault. Every run has a store of its own, which another process has used before.
void run_with(fault what, int at, int error, tally& sum) {
  const store_test::scratch folder;
  committed_records committed{};
  set({});
  REQUIRE(use_store(folder.path, 0, committed));
  REQUIRE(committed.count() == 6);
  set({what, at, error});
  const bool right = use_store(folder.path, 6, committed);
  const bool was_hit = calls() > at;
  const aftermath seen = look(folder.path, committed);
  if (!was_hit) return;
  ++sum.injected;
  sum.lost += seen.lost;
  const bool survived = right && seen.lost == 0 && seen.wrong == 0 && !seen.corrupt;
  sum.survived += survived ? 1 : 0;
  INFO("call ", at, " with ", std::strerror(error), ": lost ", seen.lost, ", wrong ", seen.wrong,
       seen.corrupt ? ", corrupt" : "", right ? "" : ", not found by the process itself");
  CHECK(survived);
}

int calls_of_a_run() {
  const store_test::scratch folder;
  committed_records committed{};
  set({});
  use_store(folder.path, 0, committed);
  set({});
  use_store(folder.path, 6, committed);
  return calls();
}

/// @param step  one call in so many, another one with every error
void run_all(fault what, int step) {
  tally sum;
  const int most = calls_of_a_run();
  for (std::size_t which = 0; which < std::size(errors); ++which) {
    if (what == fault::fail_always && errors[which] == EINTR) continue;  // calls are repeated
    for (int at = static_cast<int>(5 * which) % step; at < most; at += step)
      run_with(what, at, errors[which], sum);
  }
  set({});
  MESSAGE(most, " calls, ", std::size(errors), " errors: injected ", sum.injected, ", survived ",
          sum.survived, ", committed records lost ", sum.lost);
  CHECK(sum.injected > 60);
  CHECK(sum.survived == sum.injected);
}

}  // namespace

TEST_CASE("faults: file calls of the store that fail once lose nothing that was committed") {
  run_all(fault::fail, 13);
}

TEST_CASE("faults: a disk that fails from some call on loses nothing that was committed") {
  run_all(fault::fail_always, 47);
}

TEST_SUITE("nightly") {
  TEST_CASE("faults: every file call of the store fails once with every error") {
    run_all(fault::fail, 1);
  }
  TEST_CASE("faults: the disk fails from every call on with every error") {
    run_all(fault::fail_always, 1);
  }
}

TEST_CASE("faults: a segment cut anywhere has its whole records, and no other") {
  const store_test::scratch folder;
  auto writer = lathe::cache::open(store_test::options_for(folder / "c"));
  lathe::sequence<std::size_t> ends;
  for (int n = 0; n < 3; ++n) {
    writer.put(record(n));
    ends.push_back(store_test::read_file(store_test::files(folder / "c", "seg-")[0]).size());
  }
  const std::string path = store_test::files(folder / "c", "seg-")[0];
  const std::string whole = store_test::read_file(path);
  int wrong = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    store_test::write_file(path, whole.substr(0, size));
    std::size_t expected = 0;
    for (const std::size_t end : ends) expected += size >= end ? 1U : 0U;
    const auto reader = lathe::cache::open(store_test::options_for(folder / "c"));
    const auto found = reader.list();
    if (found.size() != expected || reader.report().damaged != 0) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("faults: an object with any bit flipped is never loaded") {
  const store_test::scratch folder;
  auto store = lathe::cache::open(store_test::options_for(folder / "c"));
  const lathe::winner kept = store.put(record(1), object(1));
  const std::string path = folder / ("c/objects/" + kept.object_digest + ".o");
  const std::string good = store_test::read_file(path);
  int loaded = 0;
  for (std::size_t bit = 0; bit < 8 * good.size(); bit += 3) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    store_test::write_file(path, bad);
    if (store.object_of(kept, kept.llvm_version, kept.cpu_features)) ++loaded;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    store_test::write_file(path, good.substr(0, size));
    if (store.object_of(kept, kept.llvm_version, kept.cpu_features)) ++loaded;
  }
  CHECK(loaded == 0);
  store_test::write_file(path, good);
  CHECK(store.object_of(kept, kept.llvm_version, kept.cpu_features) == object(1));
  CHECK_FALSE(store.object_of(kept, kept.llvm_version, "+another"));
  CHECK_FALSE(store.object_of(kept, "another", kept.cpu_features));
}
