// Many processes on a file system with the rules of a network: attributes and listings as of a
// while ago, new bytes read as zeros, calls that were done and report that they failed, no locks.
#include "faults/scenario.hpp"
#include <cstdio>
#include <doctest/doctest.h>

using namespace faults;

namespace {

void use_from(int processes, int records) {
  const store_test::scratch folder;
  const auto number = [&](int process, int n) { return process * records + n; };
  lathe::sequence<pid_t> children;
  for (int process = 0; process < processes; ++process) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      rules network;
      network.at = -1;
      network.network = true;
      network.seed = static_cast<std::uint64_t>(process) + 1;
      set(network);
      auto store = lathe::cache::open(store_test::options_for(folder / "c"));
      int wrong = 0;
      for (int n = 0; n < records; ++n) {
        const int mine = number(process, n);
        const lathe::winner kept =
            store.put(record(mine), n % 8 == 0 ? object(mine) : lathe::sequence<std::byte>{});
        store.put(lathe::trial{kept.key.hash(), mine, kept.trace, "ok", {1e-3}, {}, {}});
        const auto code = store.object_of(kept, kept.llvm_version, kept.cpu_features);
        if (code && *code != object(mine)) ++wrong;
        // Others' records are seen or not, but never as something else.
        const int other = number((process * 7 + n) % processes, n / 2);
        const auto found = store.find(store_test::sample_key(other));
        if (found && found->trace != trace_of(other)) ++wrong;
        if (n % 16 == 15) store.prune();
      }
      if (!writes_work(store)) ++wrong;
      if (wrong > 0)
        for (const std::string& said : store.report().messages)
          std::fprintf(stderr, "process %d: %s\n", process, said.c_str());
      ::_exit(wrong == 0 ? 0 : 1);
    }
    children.push_back(child);
  }
  int good = 0;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    good += status == 0 ? 1 : 0;
  }
  set({});
  auto all = lathe::cache::open(store_test::options_for(folder / "c"));
  int lost = 0, trials = 0;
  for (int n = 0; n < processes * records; ++n) {
    const auto found = all.find(store_test::sample_key(n));
    if (!found || found->trace != trace_of(n)) ++lost;
  }
  const std::size_t listed = all.list().size();
  for (int process = 0; process < processes; ++process)
    trials += static_cast<int>(all.trials(store_test::sample_key(number(process, 0))).size());
  const lathe::store_report report = all.verify();
  MESSAGE(processes, " processes, ", processes * records, " records: ", good,
          " processes without trouble, lost ", lost, ", torn ", report.torn, ", damaged ",
          report.damaged);
  CHECK(good == processes);
  CHECK(lost == 0);
  CHECK(listed == static_cast<std::size_t>(processes * records));
  CHECK(trials == processes);
  CHECK(report.clean());
}

}  // namespace

TEST_CASE("faults: eight processes on a file system with a network's rules") { use_from(8, 40); }

TEST_SUITE("nightly") {
  TEST_CASE("faults: 64 processes on a file system with a network's rules") { use_from(64, 200); }
}
