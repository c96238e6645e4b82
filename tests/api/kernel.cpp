#include <lathe/lathe.hpp>

#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <thread>
#include <vector>

using namespace lathe;

namespace {

const tune_options estimated{
    .effort = effort_level::estimate, .threads = 1, .cache = cache_mode::off};

/// C = A B for A[4,3], B[3,5], all small integers.
struct small_product {
  std::vector<float> a, b, c = std::vector<float>(20), expected = std::vector<float>(20);
  small_product() {
    for (int n = 0; n < 12; ++n) a.push_back(static_cast<float>(n % 5 - 2));
    for (int n = 0; n < 15; ++n) b.push_back(static_cast<float>(n % 7 - 3));
    evaluate(ops::gemm(4, 5, 3), a, b, expected);
  }
};

std::string text_of(const std::optional<error>& problem) { return problem ? problem->what() : ""; }

}  // namespace

TEST_CASE("kernel: calls in order and by name") {
  small_product data;
  const auto kernel = tune(ops::gemm(4, 5, 3), cpu(), estimated);
  kernel(data.a, data.b, data.c);
  CHECK(data.c == data.expected);
  data.c.assign(20, 0);
  kernel("C"_a = data.c, "A"_a = data.a, "B"_a = data.b);
  CHECK(data.c == data.expected);
  CHECK(kernel.how().origin == kernel_origin::estimate);
  CHECK(kernel.how().trials == 0);
  CHECK(kernel.how().median_seconds == 0);
}

TEST_CASE("kernel: wrong arguments are refused by the name of the tensor, and nothing is written") {
  small_product data;
  const auto kernel = tune(ops::gemm(4, 5, 3), cpu(), estimated);
  std::vector<float> small(19, 7);
  CHECK(text_of(kernel.try_call(data.a, data.b, small)).find("C") != std::string::npos);
  CHECK(small == std::vector<float>(19, 7));
  CHECK(text_of(kernel.try_call(data.a, data.a, data.c)).find("B") != std::string::npos);
  const float* const nothing = nullptr;
  CHECK(text_of(kernel.try_call(nothing, data.b, data.c)).find("A") != std::string::npos);
  std::vector<float> shared(40);
  CHECK(text_of(kernel.try_call(shared.data(), data.b.data(), shared.data())).find("C") !=
        std::string::npos);
  CHECK_THROWS_AS(kernel(data.a, data.b, small), error);
}

TEST_CASE("kernel: bind owns its copy, packed or not, tuned for it or not") {
  for (const bool tuned_for_it : {false, true}) {
    CAPTURE(tuned_for_it);
    tune_options options = estimated;
    if (tuned_for_it) options.bound = {"B"};
    small_product data;
    const auto kernel = tune(ops::gemm(4, 5, 3), cpu(), options);
    const auto bound = kernel.bind("B"_a = data.b);
    data.b.assign(15, 99);
    bound(data.a, data.c);
    CHECK(data.c == data.expected);
    bound("C"_a = data.c, "A"_a = data.a);
    CHECK(data.c == data.expected);
  }
  small_product data;
  const auto kernel = tune(ops::gemm(4, 5, 3), cpu(), estimated);
  const auto refused = kernel.try_bind("C"_a = data.c);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().id() == "LATHE-E120");
}

TEST_CASE("kernel: four threads call one kernel at the same time") {
  const auto source = ops::conv2d(1, 3, 9, 11, 5, 3, 1, 1);
  std::vector<float> x(3 * 9 * 11), w(5 * 3 * 9), expected(5 * 9 * 11);
  for (std::size_t n = 0; n < x.size(); ++n) x[n] = static_cast<float>(n % 7) - 3;
  for (std::size_t n = 0; n < w.size(); ++n) w[n] = static_cast<float>(n % 5) - 2;
  evaluate(source, x, w, expected);
  const auto kernel = tune(source, cpu(), estimated);
  std::vector<std::vector<float>> results(4, std::vector<float>(expected.size()));
  std::vector<std::thread> threads;
  for (std::vector<float>& mine : results)
    threads.emplace_back([&] {
      for (int call = 0; call < 50; ++call) kernel(x, w, mine);
    });
  for (std::thread& each : threads) each.join();
  for (const std::vector<float>& mine : results) CHECK(mine == expected);
}

TEST_CASE("kernel: run_in uses the caller's workspace") {
  small_product data;
  const auto kernel = compile(ops::gemm(4, 5, 3), "cache_read(B -> Bp, [j k])");
  REQUIRE(kernel.workspace_bytes() >= 60);
  const auto bytes = static_cast<std::size_t>((kernel.workspace_bytes() + 63) / 64 * 64);
  void* const workspace = std::aligned_alloc(64, bytes);
  kernel.run_in(workspace, data.a, data.b, data.c);
  std::free(workspace);
  CHECK(data.c == data.expected);
}

TEST_CASE("kernel: schedules by hand, and what is wrong with bad ones") {
  small_product data;
  const auto kernel = compile(ops::gemm(4, 5, 3), "split(C.j -> j0:_, j1:4); vectorize(C.j1)");
  kernel(data.a, data.b, data.c);
  CHECK(data.c == data.expected);
  CHECK(kernel.trace() == "split(C.j -> j0:_, j1:4); vectorize(C.j1)");
  CHECK(kernel.explain().find("vectorize(C.j1)") != std::string::npos);
  const auto refused = try_compile(ops::gemm(4, 5, 3), "vectorize(C.k)");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().id() == "LATHE-E203");
  CHECK(try_compile(ops::gemm(4, 5, 3), "frob(C.k)").error().id() == "LATHE-E201");
}
