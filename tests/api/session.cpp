// One tuning from description to winner, without the types of tune().
#include <lathe/analysis/fingerprint.hpp>
#include <lathe/analysis/owned_desc.hpp>
#include <lathe/api/evaluate.hpp>
#include <lathe/api/functions.hpp>
#include <lathe/api/session.hpp>
#include <lathe/core/target.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/store/wisdom.hpp>
#include <lathe/target/cpu/host.hpp>

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>
#include <unistd.h>
#include <vector>

using namespace lathe;

namespace {

/// A folder for a cache, removed at the end.
struct scratch_folder {
  std::string path = (std::filesystem::temp_directory_path() / "lathe-session-XXXXXX").string();
  scratch_folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~scratch_folder() { std::filesystem::remove_all(path); }
};

tuning_request request_for(const std::string& folder = "") {
  tuning_request request;
  request.target = native::host_target().value();
  request.time_limit = 1;
  request.trials = 3;
  request.cache.mode = folder.empty() ? cache_mode::off : cache_mode::rw;
  request.cache.directory = folder;
  request.cache.environment = false;
  return request;
}

const auto product = describe(ops::gemm(7, 9, 11));

/// Runs a kernel of `product` on ones and twos.
bool is_right(const tuned& made) {
  std::vector<float> a(7 * 11, 1), b(11 * 9, 2), c(7 * 9);
  void* params[] = {a.data(), b.data(), c.data()};
  if (made.run.needs_bind())
    made.run.bind(params)(params);
  else
    made.run(params);
  return c == std::vector<float>(7 * 9, 22);
}

/// In the process that candidates run in, this function lies.
float honest_only_here(float value) {
  static const pid_t host = getpid();
  return getpid() == host ? value : value + 1;
}

}  // namespace

TEST_CASE("session: the key holds what a winner depends on, and nothing else") {
  const tuning_request plain = request_for();
  const cache_key key = key_of(product, plain);
  CHECK(key.op == "gemm");
  CHECK(key.extents.find("k=11") != std::string::npos);
  CHECK(key.structure == fingerprint_of(product));
  CHECK(key.threads == plain.threads);
  tuning_request other = plain;
  other.time_limit = 7;
  other.seed = 9;
  other.trials = 1;
  other.check = check_level::all;
  CHECK(key_of(product, other) == key);
  const auto changed = [&](auto&& change) {
    tuning_request request = plain;
    change(request);
    return !(key_of(product, request) == key);
  };
  CHECK(changed([](tuning_request& request) { ++request.threads; }));
  CHECK(changed([](tuning_request& request) { request.strict_fp = true; }));
  CHECK(changed([](tuning_request& request) { request.bound = {"B"}; }));
  CHECK(changed([](tuning_request& request) {
    request.target = generic_cpu(request.target.set == isa::sse2 ? isa::avx2 : isa::sse2);
  }));
  CHECK_FALSE(key_of(describe(ops::gemm(7, 9, 12)), plain) == key);
}

TEST_CASE("session: names of origins, and rates of what was never measured") {
  CHECK(std::string(name_of(kernel_origin::cache)) == "cache");
  CHECK(std::string(name_of(kernel_origin::search)) == "search");
  CHECK(std::string(name_of(kernel_origin::estimate)) == "estimate");
  CHECK(std::string(name_of(kernel_origin::hand_written)) == "hand-written");
  tuned made;
  made.flops = 4e9;
  CHECK(made.gflops() == 0);
  made.median_seconds = 2;
  CHECK(made.gflops() == doctest::Approx(2));
}

TEST_CASE("session: schedules by hand") {
  const tuning_request request = request_for();
  const auto made = compile_description(
      product, parse_trace("split(C.j -> j0:_, j1:4); vectorize(C.j1)").value(), request);
  REQUIRE_MESSAGE(made.has_value(), std::string(made ? "" : made.error().what()));
  CHECK(made->origin == kernel_origin::hand_written);
  CHECK(made->flops == 2 * 7 * 9 * 11);
  CHECK(is_right(*made));
  const auto estimate = compile_description(product, estimated_trace(product, request), request);
  REQUIRE(estimate.has_value());
  CHECK(is_right(*estimate));
  const auto illegal = compile_description(product, parse_trace("vectorize(C.k)").value(), request);
  REQUIRE_FALSE(illegal.has_value());
  CHECK(illegal.error().id() == "LATHE-E203");
}

TEST_CASE("session: effort estimate measures nothing, wisdom_only needs a winner") {
  const scratch_folder folder;
  tuning_request request = request_for(folder.path);
  request.effort = effort_level::estimate;
  const auto made = tune_description(product, request);
  REQUIRE(made.has_value());
  CHECK(made->origin == kernel_origin::estimate);
  CHECK(made->trials == 0);
  CHECK(made->median_seconds == 0);
  CHECK(made->steps == estimated_trace(product, request));
  CHECK(is_right(*made));
  request.effort = effort_level::wisdom_only;
  const auto nothing = tune_description(product, request);  // an estimate is no winner
  REQUIRE_FALSE(nothing.has_value());
  CHECK(nothing.error().id() == "LATHE-E506");
  CHECK(nothing.error().text().find("k=11") != std::string::npos);
}

TEST_CASE("session: a search is checked, stored and found again") {
  for (const check_level check : {check_level::off, check_level::sample, check_level::all}) {
    for (const char* const strategy : {"evolve", "random"}) {
      const scratch_folder folder;
      tuning_request request = request_for(folder.path);
      request.check = check;
      request.strategy = strategy;
      const auto made = tune_description(product, request);
      REQUIRE_MESSAGE(made.has_value(), std::string(made ? "" : made.error().what()));
      CHECK(made->trials >= 1);
      CHECK(made->trials <= 3);
      CHECK(made->median_seconds > 0);
      CHECK(made->best_seconds <= made->median_seconds);
      CHECK(made->tuning_seconds > 0);
      CHECK(made->checked.find(check == check_level::off ? "not checked"
                               : check == check_level::sample
                                   ? "proven by the interpreter"
                                   : "element by element") != std::string::npos);
      CHECK(is_right(*made));
      const auto again = tune_description(product, request);
      REQUIRE(again.has_value());
      CHECK(again->origin == kernel_origin::cache);
      CHECK(again->steps == made->steps);
      CHECK(is_right(*again));
    }
  }
}

TEST_CASE("session: candidates run in this process where the system allows no other, with a note") {
  tuning_request request = request_for();
  request.isolate = isolation::none;
  const auto made = tune_description(product, request);
  REQUIRE(made.has_value());
  CHECK(made->notes.empty());  // as asked for
  CHECK(is_right(*made));
}

TEST_CASE("session: if no candidate gives the right answer, there is no kernel") {
  define_function("lathe_test_honest_only_here", &honest_only_here);
  axis<"i"> i{33};
  tensor<"A", float, 1> A;
  tensor<"y", float, 1> y;
  const auto lying =
      describe(op<"lying">(A, y)(y(i) = call<"lathe_test_honest_only_here", float>(A(i))));
  honest_only_here(0);  // remembers this process
  const auto made = tune_description(lying, request_for());
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().id() == "LATHE-E505");
  CHECK(made.error().text().find("'lying'") != std::string::npos);
  CHECK(made.error().text().find("y[0]") != std::string::npos);
}

TEST_CASE("session: a cancelled search gives the estimate") {
  const stop_flag cancel(true);
  tuning_request request = request_for();
  request.cancel = &cancel;
  const auto made = tune_description(product, request);
  REQUIRE(made.has_value());
  CHECK(made->origin == kernel_origin::estimate);
  CHECK(made->stopped.find("cancelled") != std::string::npos);
  CHECK(is_right(*made));
}

TEST_CASE("session: wisdom of others is checked before its first use") {
  const scratch_folder folder;
  const tuning_request request = request_for(folder.path + "/cache");
  const auto import = [&](const std::string& steps) {
    winner foreign;
    foreign.key = key_of(product, request);
    foreign.trace = steps;
    foreign.best_seconds = foreign.median_seconds = 1e-12;  // unbeatable, it says
    foreign.samples = 3;
    cache store = cache::open(request.cache);
    CHECK(store.import_text(wisdom_text(sequence<winner>{foreign})).value() == 1);
  };
  import("vectorize(C.nonsense)");
  const auto made = tune_description(product, request);
  REQUIRE_MESSAGE(made.has_value(), std::string(made ? "" : made.error().what()));
  CHECK(made->origin != kernel_origin::cache);
  CHECK(is_right(*made));
  std::filesystem::remove_all(folder.path + "/cache");
  import("vectorize(C.j)");
  tuning_request no_search = request;  // nobody knows how hard it was searched for
  no_search.effort = effort_level::wisdom_only;
  const auto good = tune_description(product, no_search);
  REQUIRE(good.has_value());
  CHECK(good->origin == kernel_origin::cache);
  CHECK(to_text(good->steps) == "vectorize(C.j)");
  CHECK(is_right(*good));
}
