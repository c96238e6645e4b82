#include <lathe/measure/timer.hpp>
#include <lathe/store/cache.hpp>
#include <lathe/store/wisdom.hpp>

#include "store/scratch.hpp"
#include <algorithm>
#include <csignal>
#include <set>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>

using namespace store_test;
using lathe::cache;

TEST_CASE("cache: a second process finds the winner, its plan and its object") {
  const scratch temporary;
  const auto object = sample_object(5000);
  REQUIRE(in_child([&] {
    auto first = cache::open(options_for(temporary / "c"));
    return !first.put(sample_winner(), object).object_digest.empty();
  }));
  auto second = cache::open(options_for(temporary / "c"));
  const auto found = second.find(sample_key());
  REQUIRE(found);
  CHECK(found->trace == sample_winner().trace);
  CHECK(found->plan->phases.size() == 2);
  CHECK(found->version == "0.1.0");
  CHECK(found->date.size() == 20);
  CHECK(second.object_of(*found, "19.1.7", "+avx512f,+fma") == object);
  CHECK_FALSE(second.object_of(*found, "18.1.0", "+avx512f,+fma"));
  CHECK_FALSE(second.object_of(*found, "19.1.7", "+avx2"));
  CHECK_FALSE(second.find(sample_key(1)));
  CHECK(second.report().clean());
  CHECK(second.verify().clean());
}

TEST_CASE("cache: the lowest median wins, whoever wrote it and in whichever order") {
  const scratch temporary;
  auto one = cache::open(options_for(temporary / "c"));
  auto two = cache::open(options_for(temporary / "c"));
  const auto scheduled = [](const std::string& trace, double seconds) {
    auto made = sample_winner(0, seconds);
    made.trace = trace;
    return made;
  };
  one.put(scheduled("unroll(C.i)", 2e-3));
  CHECK(two.find(sample_key())->median_seconds == 2e-3);  // a miss looks again
  two.put(scheduled("unroll(C.j)", 1e-3));
  one.put(scheduled("unroll(C.k)", 3e-3));
  CHECK(one.find(sample_key())->median_seconds == 2e-3);
  one.refresh();
  CHECK(one.find(sample_key())->median_seconds == 1e-3);
  CHECK(one.list().size() == 1);
}

TEST_CASE("cache: of one trace the last measurement counts, in whichever order it is read") {
  const scratch temporary;
  const auto measured = [](const char* date, double seconds) {
    auto made = sample_winner(0, seconds);
    made.date = date;
    return made;
  };
  auto writer = cache::open(options_for(temporary / "c"));
  writer.put(measured("2026-02-01T00:00:00Z", 3e-3));
  writer.put(measured("2026-01-01T00:00:00Z", 1e-3));
  CHECK(writer.find(sample_key())->median_seconds == 3e-3);
  CHECK(cache::open(options_for(temporary / "c")).find(sample_key())->median_seconds == 3e-3);
  auto other = measured("2026-01-02T00:00:00Z", 2e-3);
  other.trace = "unroll(C.i)";
  writer.put(other);
  CHECK(writer.find(sample_key())->trace == "unroll(C.i)");
}

TEST_CASE("cache: every search of a key is remembered, whichever found the best") {
  const scratch temporary;
  const auto put = [&](double seconds, const lathe::search_effort& effort) {
    auto found = sample_winner(0, seconds);
    found.effort = effort;
    cache::open(options_for(temporary / "c")).put(found);
  };
  const lathe::search_effort early{"measure", 5, 40, "time"}, late{"patient", 600, 4000, "time"};
  put(1e-3, early);
  put(2e-3, late);
  put(3e-3, early);
  put(4e-3, {});
  const auto reader = cache::open(options_for(temporary / "c"));
  auto efforts = reader.efforts(sample_key());
  REQUIRE(efforts.size() == 2);
  if (efforts[0] == late) std::swap(efforts[0], efforts[1]);
  CHECK(efforts[0] == early);
  CHECK(efforts[1] == late);
  CHECK(reader.efforts(sample_key(1)).empty());
  CHECK(reader.find(sample_key())->effort == early);
}

TEST_CASE("cache: modes") {
  const scratch temporary;
  auto options = options_for(temporary / "c");
  options.mode = lathe::cache_mode::ro;
  auto missing = cache::open(options);
  CHECK_FALSE(std::filesystem::exists(temporary / "c"));
  CHECK(missing.report().clean());
  cache::open(options_for(temporary / "c")).put(sample_winner());
  auto reader = cache::open(options);
  CHECK(reader.find(sample_key()));
  reader.put(sample_winner(1));
  CHECK(reader.find(sample_key(1)));
  CHECK_FALSE(cache::open(options).find(sample_key(1)));
  options.mode = lathe::cache_mode::off;
  auto off = cache::open(options);
  off.put(sample_winner(2));
  CHECK_FALSE(off.find(sample_key()));
  CHECK_FALSE(off.find(sample_key(2)));
}

TEST_CASE("cache: the environment, and memory only without HOME") {
  const scratch temporary;
  CHECK(in_child([&] {
    for (const char* name :
         {"LATHE_CACHE_DIR", "LATHE_CACHE_MODE", "LATHE_WISDOM_PATH", "XDG_CACHE_HOME", "HOME"}) {
      ::unsetenv(name);
    }
    auto memory = cache::open();
    memory.put(sample_winner());
    bool good = memory.directory().empty() && memory.find(sample_key()).has_value() &&
                memory.report().messages.size() == 1;
    ::setenv("HOME", temporary.path.c_str(), 1);
    good = good && cache::open().directory() == temporary / ".cache/lathe";
    ::setenv("XDG_CACHE_HOME", "relative", 1);
    good = good && cache::open().directory() == temporary / ".cache/lathe";
    ::setenv("XDG_CACHE_HOME", (temporary / "xdg").c_str(), 1);
    good = good && cache::open().directory() == temporary / "xdg/lathe";
    ::setenv("LATHE_CACHE_DIR", (temporary / "own").c_str(), 1);
    good = good && cache::open().directory() == temporary / "own";
    ::setenv("LATHE_CACHE_MODE", "sometimes", 1);
    const auto misspelt = cache::open();
    good = good && misspelt.mode() == lathe::cache_mode::rw &&
           misspelt.report().messages[0].starts_with("[LATHE-E110]");
    ::setenv("LATHE_CACHE_MODE", "off", 1);
    good = good && cache::open().mode() == lathe::cache_mode::off;
    lathe::cache_options stronger;
    stronger.mode = lathe::cache_mode::rw;
    return good && cache::open(stronger).mode() == lathe::cache_mode::rw;
  }));
}

TEST_CASE("cache: eight processes with 200 records each lose nothing") {
  const scratch temporary;
  lathe::sequence<pid_t> children;
  for (int process = 0; process < 8; ++process) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto mine = cache::open(options_for(temporary / "c"));
      const std::string hash = sample_key().hash();
      for (int n = 0; n < 200; ++n) {
        mine.put(sample_winner(process * 200 + n));
        mine.put(lathe::trial{hash, process * 200 + n, "parallel(C.i)", "crash", {}, {}, {}});
        if (n == 100) mine.prune();
      }
      ::_exit(mine.report().clean() ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  auto all = cache::open(options_for(temporary / "c"));
  CHECK(all.list().size() == 1600);
  CHECK(all.trials(sample_key()).size() == 1600);
  CHECK(all.report().clean());
  CHECK(all.prune().segments >= 2);
  auto again = cache::open(options_for(temporary / "c"));
  CHECK(again.list().size() == 1600);
  CHECK(again.trials(sample_key()).size() == 1600);
  CHECK(again.verify().clean());
  CHECK(files(temporary / "c", "seg-").size() == 1);
}

TEST_CASE("cache: many segments are merged by whoever opens the cache next") {
  const scratch temporary;
  for (int n = 0; n < 70; ++n) {
    REQUIRE(in_child([&] {
      cache::open(options_for(temporary / "c")).put(sample_winner(n));
      return true;
    }));
  }
  auto all = cache::open(options_for(temporary / "c"));
  CHECK(all.list().size() == 70);
  CHECK(files(temporary / "c", "seg-").size() < 10);
  CHECK(cache::open(options_for(temporary / "c")).list().size() == 70);
}

TEST_CASE("cache: a killed writer costs at most the record it was writing") {
  const scratch temporary;
  for (int round = 0; round < 10; ++round) {
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto mine = cache::open(options_for(temporary / "c"));
      for (int n = 0;; ++n) {
        mine.put(sample_winner(round * 100000 + n));
        if (::write(pipe_ends[1], "x", 1) != 1) ::_exit(1);
      }
    }
    ::close(pipe_ends[1]);
    char told[64];
    int promised = 0;
    while (promised < 20 + round) {
      const ssize_t got = ::read(pipe_ends[0], told, 1);
      REQUIRE(got == 1);
      ++promised;
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(pipe_ends[0]);
    auto reader = cache::open(options_for(temporary / "c"));
    for (int n = 0; n < promised; ++n) CHECK(reader.find(sample_key(round * 100000 + n)));
  }
}

TEST_CASE("cache: torn, damaged and newer records are reported, skipped and kept") {
  const scratch temporary;
  auto writer = cache::open(options_for(temporary / "c"));
  for (int n = 0; n < 3; ++n) writer.put(sample_winner(n));
  const std::string path = files(temporary / "c", "seg-")[0];
  const std::string good = read_file(path);
  const std::string newer =
      lathe::detail::framed({{"kind", "winner"}, {"schema", "2"}, {"key", "?"}}).value();
  const std::string content = newer + "rubbish" + good + good.substr(0, 50);
  write_file(path, content);
  auto reader = cache::open(options_for(temporary / "c"));
  CHECK(reader.list().size() == 3);
  const auto report = reader.report();
  CHECK(report.records == 3);
  CHECK(report.newer == 1);
  CHECK(report.damaged == 1);
  CHECK(report.torn == 1);
  CHECK(report.messages.size() == 3);
  CHECK(says(report, "LATHE-E403"));
  CHECK(says(report, "LATHE-E406"));
  reader.put(sample_winner(9));
  reader.prune();
  CHECK(read_file(path) == content);
}

TEST_CASE("cache: whole records with senseless fields are reported, and cost their winner only") {
  const scratch temporary;
  auto writer = cache::open(options_for(temporary / "c"));
  for (int n = 0; n < 3; ++n) writer.put(sample_winner(n));
  const std::string path = files(temporary / "c", "seg-")[0];
  std::string content = read_file(path);
  const std::string schema = std::to_string(lathe::record_schema);
  for (const char* kind : {"winner", "rejected"}) {
    content +=
        lathe::detail::framed({{"kind", kind}, {"schema", schema}, {"key", sample_key(7).text()}})
            .value();
  }
  content += lathe::detail::framed({{"kind", "winner"}, {"schema", schema}}).value();
  write_file(path, content);
  auto reader = cache::open(options_for(temporary / "c"));
  CHECK(reader.find(sample_key(1)));
  CHECK_FALSE(reader.find(sample_key(7)));
  CHECK(reader.report().records == 3);
  CHECK(reader.report().malformed == 3);
  CHECK(reader.list().size() == 3);
  CHECK(reader.report().malformed == 3);  // counted once
}

TEST_CASE("cache: a rejection on disk holds for winners put later, and the other way round") {
  const scratch temporary;
  auto first = cache::open(options_for(temporary / "c"));
  first.put(sample_winner(0, 1e-3));
  auto second = cache::open(options_for(temporary / "c"));
  second.reject(sample_key(), sample_winner().trace, "wrong answer");  // nothing decoded yet
  CHECK_FALSE(second.find(sample_key()));
  auto third = cache::open(options_for(temporary / "c"));
  third.put(sample_winner(0, 1e-4));
  CHECK_FALSE(third.find(sample_key()));
}

TEST_CASE("cache: finding one of many winners does not read them all") {
  const scratch temporary;
  cache::open(options_for(temporary / "c")).put(sample_winner(0));
  const std::string path = files(temporary / "c", "seg-")[0];
  std::string content = read_file(path);
  for (int n = 1; n < 1001; ++n) content += lathe::detail::line_of(sample_winner(n)).value();
  write_file(path, content);
  const auto seconds_for = [&](auto use) {
    double least = 1e9;
    for (int n = 0; n < 5; ++n) {
      const double begin = lathe::thread_seconds();
      auto opened = cache::open(options_for(temporary / "c"));
      use(opened);
      least = std::min(least, lathe::thread_seconds() - begin);
    }
    return least;
  };
  const double one = seconds_for([](cache& opened) { CHECK(opened.find(sample_key(500))); });
  const double all = seconds_for([](cache& opened) { CHECK(opened.list().size() == 1001); });
  CHECK(one < 0.5 * all);
}

TEST_CASE("cache: every flipped byte of a segment costs one winner") {
  const scratch temporary;
  auto writer = cache::open(options_for(temporary / "c"));
  for (int n = 0; n < 3; ++n) writer.put(sample_winner(n));
  const std::string path = files(temporary / "c", "seg-")[0];
  const std::string good = read_file(path);
  for (std::size_t at = 0; at < good.size(); at += 3) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    write_file(path, flipped);
    auto reader = cache::open(options_for(temporary / "c"));
    CHECK(reader.list().size() == 2);
    CHECK_FALSE(reader.report().clean());
  }
}

TEST_CASE("cache: a hostile directory is refused and the run continues in memory") {
  const scratch temporary;
  std::filesystem::create_directory(temporary / "open");
  REQUIRE(::chmod((temporary / "open").c_str(), 0777) == 0);
  std::filesystem::create_directory_symlink(temporary / "open", temporary / "link");
  write_file(temporary / "file", "");
  for (const char* name : {"open", "link", "file"}) {
    auto refused = cache::open(options_for(temporary / name));
    CHECK(refused.directory().empty());
    CHECK(refused.report().refused == 1);
    refused.put(sample_winner(), sample_object(10));
    CHECK(refused.find(sample_key()));
  }
  CHECK(std::filesystem::is_empty(temporary / "open"));
  // A hostile objects folder: records are kept, machine code is not.
  std::filesystem::create_directory(temporary / "c");
  REQUIRE(::chmod((temporary / "c").c_str(), 0700) == 0);
  std::filesystem::create_directory_symlink(temporary / "open", temporary / "c/objects");
  auto partial = cache::open(options_for(temporary / "c"));
  CHECK(partial.put(sample_winner(), sample_object(10)).object_digest.empty());
  CHECK(cache::open(options_for(temporary / "c")).find(sample_key()));
  CHECK(std::filesystem::is_empty(temporary / "open"));
}

TEST_CASE("cache: a directory that cannot be written, and a full disk") {
  const scratch temporary;
  REQUIRE(::chmod(temporary.path.c_str(), 0755) == 0);
  { auto made = cache::open(options_for(temporary / "c")); }
  const bool root = ::geteuid() == 0;
  if (root) REQUIRE(::chown((temporary / "c").c_str(), 65534, 65534) == 0);
  if (root) REQUIRE(::chown((temporary / "c/objects").c_str(), 65534, 65534) == 0);
  REQUIRE(::chmod((temporary / "c").c_str(), 0500) == 0);
  CHECK(in_child([&] {
    if (root && ::setuid(65534) != 0) return false;
    auto mine = cache::open(options_for(temporary / "c"));
    mine.put(sample_winner());
    mine.put(sample_winner(1));
    return mine.find(sample_key(1)).has_value() && mine.report().messages.size() == 1 &&
           mine.report().messages[0].starts_with("[LATHE-E402]");
  }));
  CHECK(in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{700, 700};  // the second record does not fit any more
    auto mine = cache::open(options_for(temporary / "d"));
    if (::setrlimit(RLIMIT_FSIZE, &small) != 0) return false;
    for (int n = 0; n < 5; ++n) mine.put(sample_winner(n));
    return mine.list().size() == 5 && mine.report().messages.size() == 1;
  }));
  auto after = cache::open(options_for(temporary / "d"));
  CHECK(after.list().size() == 1);
  CHECK(after.report().clean());  // the half-written record was taken back
}

TEST_CASE("cache: a tampered object is refused, the winner stays") {
  const scratch temporary;
  auto writer = cache::open(options_for(temporary / "c"));
  const auto kept = writer.put(sample_winner(), sample_object(64));
  const std::string path = temporary / ("c/objects/" + kept.object_digest + ".o");
  write_file(path,
             "\x7f"
             "ELF of somebody else");
  CHECK_FALSE(writer.object_of(kept, kept.llvm_version, kept.cpu_features));
  CHECK(writer.report().refused == 1);
  CHECK(writer.verify().refused == 1);
  CHECK(writer.find(sample_key()));
}

TEST_CASE("cache: imported winners are marked, then superseded by what was measured here") {
  const scratch temporary;
  auto source = cache::open(options_for(temporary / "a"));
  source.put(sample_winner(0, 1e-6), sample_object(10));
  source.put(sample_winner(1));
  REQUIRE(source.export_file(temporary / "wisdom"));
  auto target = cache::open(options_for(temporary / "b"));
  auto mine = sample_winner(0, 5e-3);
  mine.trace = "vectorize(C.j)";
  target.put(mine);
  CHECK(target.import_file(temporary / "wisdom").value() == 2);
  auto found = target.find(sample_key());
  REQUIRE(found);
  CHECK(found->origin == lathe::provenance::imported);
  CHECK_FALSE(found->plan);
  CHECK_FALSE(target.object_of(*found, found->llvm_version, found->cpu_features));
  auto again = cache::open(options_for(temporary / "b"));  // the mark is on disk, too
  CHECK(again.find(sample_key())->origin == lathe::provenance::imported);
  // Measured here it is slower than claimed, and slower than the own one.
  target.put(sample_winner(0, 6e-3));
  CHECK(target.find(sample_key())->trace == "vectorize(C.j)");
  target.reject(sample_key(1), sample_winner(1).trace, "wrong answer");
  CHECK_FALSE(target.find(sample_key(1)));
  CHECK_FALSE(cache::open(options_for(temporary / "b")).find(sample_key(1)));
  const auto missing = target.import_file(temporary / "missing");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().id() == "LATHE-E405");
}

TEST_CASE("cache: wisdom files are a layer below, never written") {
  const scratch temporary;
  write_file(temporary / "site.wisdom",
             lathe::wisdom_text(lathe::sequence<lathe::winner>{sample_winner(0, 1e-3)}));
  const std::string before = read_file(temporary / "site.wisdom");
  auto options = options_for(temporary / "c");
  options.wisdom = {temporary / "site.wisdom"};
  auto layered = cache::open(options);
  CHECK(layered.find(sample_key())->origin == lathe::provenance::imported);
  layered.put(sample_winner(0, 2e-3));
  CHECK(layered.find(sample_key())->median_seconds == 2e-3);
  CHECK(read_file(temporary / "site.wisdom") == before);
  CHECK_FALSE(std::filesystem::exists(temporary / "c/site.wisdom"));
}

TEST_CASE("cache: an import is kept as a whole or not at all") {
  const scratch temporary;
  const std::string good =
      lathe::wisdom_text(lathe::sequence<lathe::winner>{sample_winner(0), sample_winner(1)});
  auto store = cache::open(options_for(temporary / "c"));
  const auto refused = store.import_text(good + "rubbish\n");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().id() == "LATHE-E408");
  CHECK(store.list().empty());
  CHECK(files(temporary / "c", "seg-").size() == 0);
  CHECK(store.import_text(good).value() == 2);
  CHECK(files(temporary / "c", "seg-").size() == 1);
  CHECK(store.list().size() == 2);
  CHECK(cache::open(options_for(temporary / "c")).list().size() == 2);
  std::filesystem::remove_all(temporary / "c");
  const auto unwritable = store.import_text(good);
  REQUIRE_FALSE(unwritable);
  CHECK(unwritable.error().id() == "LATHE-E402");
}

TEST_CASE("cache: another cache is a layer below, without its trials and rejections") {
  const scratch temporary;
  auto site = cache::open(options_for(temporary / "site"));
  site.put(sample_winner(0, 1e-3), sample_object(10));
  site.put(sample_winner(1, 1e-3));
  site.put(lathe::trial{sample_key().hash(), 0, "t", "ok", {1e-3}, {}, {}});
  site.reject(sample_key(2), "unroll(C.i)", "wrong answer");
  auto options = options_for(temporary / "c");
  options.wisdom = {temporary / "site"};
  auto layered = cache::open(options);
  auto found = layered.find(sample_key());
  REQUIRE(found);
  CHECK(found->origin == lathe::provenance::imported);
  CHECK_FALSE(layered.object_of(*found, found->llvm_version, found->cpu_features));
  CHECK(layered.trials(sample_key()).empty());
  layered.put(sample_winner(0, 2e-3));
  CHECK(layered.find(sample_key())->median_seconds == 2e-3);
  CHECK(layered.list().size() == 2);
  CHECK(layered.report().clean());
  CHECK(cache::open(options_for(temporary / "c")).list().size() == 1);
  CHECK(files(temporary / "site", "seg-").size() == 1);
}

TEST_CASE("cache: trials over the limit are forgotten, the oldest first; winners are not") {
  const scratch temporary;
  const std::string hash = sample_key().hash();
  const auto put_trials = [&](int first, int count) {
    REQUIRE(in_child([&] {
      auto mine = cache::open(options_for(temporary / "c"));
      for (int n = first; n < first + count; ++n)
        mine.put(lathe::trial{hash, n, std::string(900, 't'), "ok", {1e-3}, {}, {}});
      mine.put(sample_winner(first));
      return true;
    }));
  };
  put_trials(0, 20);
  const std::string torn = files(temporary / "c", "trial-")[0];
  write_file(torn, read_file(torn) + "@lathe 000");  // its writer was killed
  std::filesystem::last_write_time(
      torn, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  put_trials(20, 20);
  auto options = options_for(temporary / "c");
  options.trial_limit = 20 << 10;
  CHECK(cache::open(options_for(temporary / "c")).trials(sample_key()).size() == 40);
  auto limited = cache::open(options);
  const auto left = limited.trials(sample_key());  // over the limit: pruned before they are read
  REQUIRE(left.size() >= 12);
  CHECK(left.size() <= 20);
  CHECK(left.front().number == static_cast<std::int64_t>(40 - left.size()));
  CHECK(left.back().number == 39);
  CHECK(files(temporary / "c", "trial-").size() == 1);
  CHECK(limited.list().size() == 2);
  options.trial_limit = 0;
  CHECK(cache::open(options).prune().trials == left.size());
  CHECK(files(temporary / "c", "trial-").empty());
  CHECK(cache::open(options).list().size() == 2);
}

TEST_CASE("cache: what killed writers left is removed after a day") {
  const scratch temporary;
  auto store = cache::open(options_for(temporary / "c"));
  for (const char* name : {"c/tmp-0123456789abcdef", "c/objects/tmp-0123456789abcdef"}) {
    write_file(temporary / name, "half of it");
    CHECK(store.prune().leftovers == 0);
    std::filesystem::last_write_time(
        temporary / name, std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
    CHECK(store.prune().leftovers == 1);
  }
}

TEST_CASE("cache: trials come back by number, those in memory too") {
  const scratch temporary;
  auto writer = cache::open(options_for(temporary / "c"));
  const std::string hash = sample_key().hash();
  for (const int n : {2, 0, 1})
    writer.put(lathe::trial{hash, n, "t", "ok", {1e-3 * (n + 1)}, {}, {}});
  writer.put(lathe::trial{sample_key(1).hash(), 7, "t", "ok", {1.0}, {}, {}});
  const auto found = writer.trials(sample_key());
  REQUIRE(found.size() == 3);
  for (int n = 0; n < 3; ++n) CHECK(found[static_cast<std::size_t>(n)].number == n);
  auto options = options_for(temporary / "c");
  options.mode = lathe::cache_mode::ro;
  auto reader = cache::open(options);
  reader.put(lathe::trial{hash, 3, "t", "crash", {}, {}, {}});
  CHECK(reader.trials(sample_key()).size() == 4);
}

TEST_CASE("cache: an invalid winner is not kept") {
  const scratch temporary;
  auto mine = cache::open(options_for(temporary / "c"));
  auto bad = sample_winner();
  bad.median_seconds = 0;
  mine.put(bad, sample_object(10));
  CHECK_FALSE(mine.find(sample_key()));
  CHECK(mine.report().messages[0].starts_with("[LATHE-E407]"));
  CHECK(std::filesystem::is_empty(temporary / "c/objects"));
}

TEST_CASE("cache: one handle used by several threads") {
  const scratch temporary;
  auto shared = cache::open(options_for(temporary / "c"));
  lathe::sequence<std::thread> threads;
  for (int part = 0; part < 4; ++part) {
    threads.emplace_back([&, part] {
      for (int n = 0; n < 25; ++n) {
        shared.put(sample_winner(part * 25 + n));
        (void)shared.find(sample_key(n));
        (void)shared.list();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(shared.list().size() == 100);
  CHECK(cache::open(options_for(temporary / "c")).list().size() == 100);
}
