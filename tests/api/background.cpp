// A kernel that is replaced by better ones while it is called.
#include <lathe/background.hpp>
#include <lathe/lathe.hpp>

#include <chrono>
#include <doctest/doctest.h>
#include <filesystem>
#include <stdlib.h>
#include <string>
#include <thread>
#include <vector>

using namespace lathe;

namespace {

struct scratch_folder {
  std::string path = (std::filesystem::temp_directory_path() / "lathe-live-XXXXXX").string();
  scratch_folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~scratch_folder() { std::filesystem::remove_all(path); }
};

tune_options options_for(double seconds, const std::string& folder = "") {
  tune_options out;
  out.time_limit = seconds;
  out.threads = 1;
  out.cache = folder.empty() ? cache_mode::off : cache_mode::rw;
  out.cache_dir = folder;
  return out;
}

constexpr int m = 40, n = 56, k = 48;

struct operands {
  std::vector<float> a = std::vector<float>(m * k, 1), b = std::vector<float>(k * n, 2),
                     c = std::vector<float>(m * n);

  bool are_right() const { return c == std::vector<float>(m * n, 2 * k); }
};

}  // namespace

TEST_CASE("background: a kernel works at once, in all threads, and what it ends with is cached") {
  const scratch_folder folder;
  const auto live = tune_in_background(ops::gemm(m, n, k), cpu(), options_for(1.5, folder.path));
  CHECK(live.current().how().origin == kernel_origin::estimate);
  auto work = [&] {
    operands own;
    int wrong = 0;
    do {
      own.c.assign(own.c.size(), -1);
      live(own.a, own.b, own.c);
      wrong += !own.are_right();
    } while (!live.is_done());
    CHECK(wrong == 0);
  };
  std::thread other(work);
  work();
  other.join();
  live.wait();
  CHECK(!live.problem());
  CHECK(live.current().how().trials > 0);

  // The next one begins with it and has nothing to search.
  const auto again = tune_in_background(ops::gemm(m, n, k), cpu(), options_for(1.5, folder.path));
  CHECK(again.current().how().origin == kernel_origin::cache);
  CHECK(again.current().trace() == live.current().trace());
  again.wait();
  CHECK(again.improvements() == 0);
}

TEST_CASE("background: the kernels told of are each faster than the last") {
  struct log {
    std::vector<double> seconds;
    static void note(void* self, const tuned& better) {
      static_cast<log*>(self)->seconds.push_back(better.median_seconds);
      operands own;
      void* params[] = {own.a.data(), own.b.data(), own.c.data()};
      better.run(params);
      CHECK(own.are_right());
    }
  } told;
  const auto product = describe(ops::gemm(m, n, k));
  tuning_request request = detail::request_of(product, cpu(), options_for(2)).value();
  request.trials = 20;
  request.on_better = {&log::note, &told};
  REQUIRE(tune_description(product, request).has_value());
  REQUIRE(!told.seconds.empty());
  for (std::size_t at = 1; at < told.seconds.size(); ++at)
    CHECK(told.seconds[at] < told.seconds[at - 1]);
}

TEST_CASE("background: a search ends early with cancel() and with its last owner") {
  operands own;
  const auto start = std::chrono::steady_clock::now();
  {
    auto live = tune_in_background(ops::gemm(m, n, k), cpu(), options_for(1000));
    const auto copy = live;
    live.cancel();
    copy.wait();
    CHECK(copy.is_done());
    copy(own.a, own.b, own.c);
    CHECK(own.are_right());
  }
  {
    const auto left = tune_in_background(ops::gemm(m, n, k), cpu(), options_for(1000));
    left(own.a, own.b, own.c);
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
}

TEST_CASE("background: bad options are errors at once") {
  const auto made = try_tune_in_background(ops::gemm(m, n, k), cpu(), {.trials = 0});
  REQUIRE(!made);
  CHECK(made.error().id() == "LATHE-E111");
}
