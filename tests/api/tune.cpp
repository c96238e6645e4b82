#include <lathe/api/evaluate.hpp>
#include <lathe/api/tune.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/shift.hpp>
#include <lathe/target/cpu/host.hpp>

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>
#include <thread>
#include <vector>

using namespace lathe;

namespace {

/// A folder for a cache, removed at the end.
struct scratch_folder {
  std::string path = (std::filesystem::temp_directory_path() / "lathe-tune-XXXXXX").string();
  scratch_folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~scratch_folder() { std::filesystem::remove_all(path); }
};

tune_options short_search(const std::string& folder) {
  return {.time_limit = 1,
          .trials = 3,
          .threads = 1,
          .cache_dir = folder,
          .progress = progress_mode::silent};
}

const auto source = ops::gemm(13, 17, 19);

bool is_right(const kernel<std::remove_const_t<decltype(source)>>& made) {
  const std::vector<float> a(13 * 19, 1), b(19 * 17, 2);
  std::vector<float> c(13 * 17);
  made(a, b, c);
  return c == std::vector<float>(13 * 17, 38);
}

/// Applies `change` to every object file of a cache; returns how many there are.
template <class Change>
int for_each_object(const std::string& folder, const Change& change) {
  std::vector<std::filesystem::path> found;
  for (const auto& each : std::filesystem::recursive_directory_iterator(folder))
    if (each.is_regular_file() && each.path().string().find("obj") != std::string::npos)
      found.push_back(each.path());
  for (const auto& each : found) change(each);
  return static_cast<int>(found.size());
}

}  // namespace

TEST_CASE("tune: the second run takes the winner from the cache and tries nothing") {
  const scratch_folder folder;
  const auto first = tune(source, cpu(), short_search(folder.path));
  CHECK(first.how().trials >= 1);
  CHECK(first.how().origin != kernel_origin::cache);
  CHECK(is_right(first));
  const auto check_cached = [&] {
    const auto again = tune(source, cpu(), short_search(folder.path));
    CHECK(again.how().origin == kernel_origin::cache);
    CHECK(again.how().trials == 0);
    CHECK(again.how().tuning_seconds == 0);
    CHECK(again.trace() == first.trace());
    CHECK(is_right(again));
  };
  check_cached();
  SUBCASE("a deleted object is compiled again") {
    CHECK(for_each_object(folder.path, [](const auto& path) { std::filesystem::remove(path); }) >
          0);
    check_cached();
  }
  SUBCASE("a tampered object is never run") {
    CHECK(for_each_object(folder.path, [](const auto& path) {
            std::filesystem::permissions(path, std::filesystem::perms::owner_all);
            std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
            file.seekp(200);
            file.write("tampered", 8);
          }) > 0);
    check_cached();
  }
  SUBCASE("wisdom_only finds it, for these sizes only") {
    tune_options options = short_search(folder.path);
    options.effort = effort_level::wisdom_only;
    CHECK(tune(source, cpu(), options).how().origin == kernel_origin::cache);
    const auto other = try_tune(ops::gemm(13, 17, 20), cpu(), options);
    REQUIRE_FALSE(other.has_value());
    CHECK(other.error().id() == "LATHE-E506");
  }
}

TEST_CASE("tune: bound names that are no inputs are refused") {
  for (const char* name : {"C", "Z"}) {
    CAPTURE(std::string(name));
    const auto made = try_tune(source, cpu(), {.bound = {name}, .cache = cache_mode::off});
    REQUIRE_FALSE(made.has_value());
    CHECK(made.error().id() == "LATHE-E111");
    CHECK(made.error().text().find(std::string("'") + name + "'") != std::string::npos);
  }
}

TEST_CASE("tune: a cancelled search returns the best so far") {
  const stop_flag cancel(true);
  const auto made = tune(source, cpu(),
                         {.time_limit = 30,
                          .threads = 1,
                          .cache = cache_mode::off,
                          .progress = progress_mode::silent,
                          .cancel = &cancel});
  CHECK(made.how().trials <= 64);
  CHECK(made.how().tuning_seconds < 15);
  CHECK(is_right(made));
}

TEST_CASE("tune: a search ends in time and says what it cut off") {
  // Candidates of this size differ by factors of 100: the slow ones must not eat the time.
  const auto tune_for = [](double limit) {
    return tune(ops::gemm(512, 512, 512), cpu(),
                {.time_limit = limit,
                 .threads = 1,
                 .cache = cache_mode::off,
                 .progress = progress_mode::silent});
  };
  const auto least = tune_for(0);  // the right answer and one candidate, whatever the limit
  CHECK(least.how().trials == 1);
  const double limit = 3;
  const auto made = tune_for(limit);
  CHECK(made.how().stopped == "time limit reached");
  // Twice the time, for other programs: tests/search/tuner.cpp is exact.
  CHECK(made.how().tuning_seconds < 2 * (limit + least.how().tuning_seconds));
  CHECK(made.how().outcomes[static_cast<std::size_t>(failure::timeout)] == 0);
}

TEST_CASE("tune: operators that gather get inputs that stay inside") {
  const auto made = tune(ops::shift(1, 7, 5, 3, 3), cpu(),
                         {.time_limit = 1,
                          .trials = 3,
                          .threads = 1,
                          .cache = cache_mode::off,
                          .progress = progress_mode::silent});
  CHECK(made.how().outcomes[static_cast<std::size_t>(failure::crash)] == 0);
  CHECK(made.how().outcomes[static_cast<std::size_t>(failure::wrong_answer)] == 0);
}

TEST_CASE("compile: lanes that would divide by zero do not change the others") {
  axis<"i"> i{3};
  axis<"r"> r{8};
  tensor<"A", std::int64_t, 2> A{8, 3};
  tensor<"P", std::int32_t, 1> P;
  const auto divided = op<"divided">(
      A, P)(P(i) = sum(r)(select(A(r, i) >= 0, 7,
                                 select(cast<std::int32_t>(i) > 0, 4 / cast<std::int32_t>(i), 0))));
  std::vector<std::int64_t> a(24);
  for (std::size_t at = 0; at < a.size(); ++at) a[at] = at % 5 == 0 ? 1 : -1;
  std::vector<std::int32_t> wanted(3), made(3);
  evaluate(divided, a, wanted);
  for (const isa set : {isa::sse2, isa::avx2, isa::avx512}) {
    if (!native::host_target(set)) continue;
    const auto kernel = compile(divided, "vectorize(P.i)", cpu(set));
    kernel(a, made);
    CHECK(made == wanted);
  }
}

TEST_CASE("tune: four threads tune the same operator and others at the same time") {
  const scratch_folder folder;
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 1);
  for (std::size_t mine = 0; mine < wrong.size(); ++mine) {
    threads.emplace_back([&, mine] {
      int bad = 0;
      for (const int rows : {5, 6 + static_cast<int>(mine)}) {
        const auto kernel = tune(ops::gemm(rows, 9, 7), cpu(), short_search(folder.path));
        const auto size = static_cast<std::size_t>(rows);
        const std::vector<float> a(size * 7, 1), b(7 * 9, 2);
        std::vector<float> c(size * 9);
        kernel(a, b, c);
        bad += c == std::vector<float>(size * 9, 14) ? 0 : 1;
      }
      wrong[mine] = bad;
    });
  }
  for (std::thread& each : threads) each.join();
  CHECK(wrong == std::vector<int>(4, 0));
}
