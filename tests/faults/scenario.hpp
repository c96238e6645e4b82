/// @file
/// What the fault tests let a process do with a store, and what must hold of it afterwards.
#pragma once

#include <lathe/store/cache.hpp>
#include <lathe/store/wisdom.hpp>

#include "faults/file_calls.hpp"
#include "store/scratch.hpp"
#include <array>
#include <atomic>
#include <filesystem>
#include <string>
#include <sys/mman.h>

namespace faults {

/// Records that a process was told are on the disk, by number; shared with its parent.
struct committed_records {
  static constexpr int most = 4096;
  std::array<std::atomic<bool>, most> is_committed{};

  static committed_records& shared() {
    void* const memory = ::mmap(nullptr, sizeof(committed_records), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    return *new (memory) committed_records;
  }
  void free() { ::munmap(this, sizeof *this); }
  int count() const {
    int sum = 0;
    for (const std::atomic<bool>& each : is_committed) sum += each ? 1 : 0;
    return sum;
  }
};

/// The schedule of record `number`: different ones, so that a mixed-up record shows.
inline std::string trace_of(int number) { return "unroll(C.i" + std::to_string(number) + ")"; }

inline lathe::winner record(int number) {
  lathe::winner made = store_test::sample_winner(number);
  made.trace = trace_of(number);
  return made;
}

inline lathe::sequence<std::byte> object(int number) {
  return store_test::sample_object(300 + static_cast<std::size_t>(number % 50), number);
}

/// True if the store has said nothing about failed writes: what was put is on the disk.
inline bool writes_work(const lathe::cache& store) {
  return !store_test::says(store.report(), "LATHE-E402") &&
         !store_test::says(store.report(), "LATHE-E401") && !store.directory().empty();
}

/// Uses everything a store can do, with the records `first` to `first` + 5.
/// @returns whether the process itself found everything that it had put
inline bool use_store(const std::string& folder, int first, committed_records& committed) {
  using namespace lathe;
  const auto commit = [&](int number) {
    committed.is_committed[static_cast<std::size_t>(number)] = true;
  };
  bool right = true;
  cache store = cache::open(store_test::options_for(folder + "/c"));
  for (int number = first; number < first + 3; ++number) {
    const winner kept = store.put(record(number), object(number));
    if (writes_work(store)) commit(number);
    store.put(trial{kept.key.hash(), number, kept.trace, "ok", {1e-3}, {}, {}});
    const auto found = store.find(kept.key);
    right = right && found && found->trace == trace_of(number);
    if (const auto code = store.object_of(kept, kept.llvm_version, kept.cpu_features))
      right = right && *code == object(number);
    right = right && store.trials(kept.key).size() <= 1;
  }
  if (store.import_text(wisdom_text(sequence<winner>{record(first + 3), record(first + 4)})) &&
      writes_work(store)) {
    commit(first + 3);
    commit(first + 4);
  }
  store.reject(store_test::sample_key(committed_records::most), "unroll(C.i)", "wrong answer");
  (void)store.export_file(folder + "/out.wisdom");
  store.prune();
  store.put(record(first + 5));
  if (writes_work(store)) commit(first + 5);
  store.refresh();
  (void)store.list();
  (void)store.verify();
  return right;
}

/// What somebody finds afterwards.
struct aftermath {
  int lost = 0;          ///< records that had been committed
  int wrong = 0;         ///< records that are not what was put, and objects likewise
  bool corrupt = false;  ///< damage that no reader expects of a writer that was stopped
};

inline aftermath look(const std::string& folder, const committed_records& committed) {
  using namespace lathe;
  set({});
  aftermath seen;
  cache store = cache::open(store_test::options_for(folder + "/c"));
  for (int number = 0; number < committed_records::most; ++number) {
    if (!committed.is_committed[static_cast<std::size_t>(number)]) continue;
    const auto found = store.find(store_test::sample_key(number));
    if (!found) {
      ++seen.lost;
      continue;
    }
    if (found->trace != trace_of(number)) ++seen.wrong;
    const auto code = store.object_of(*found, found->llvm_version, found->cpu_features);
    if (code && *code != object(number)) ++seen.wrong;
  }
  const store_report report = store.verify();
  seen.corrupt = report.damaged + report.malformed + report.newer + report.refused > 0;
  return seen;
}

}  // namespace faults
