#include <lathe/analysis/describe.hpp>
#include <lathe/api/session.hpp>
#include <lathe/api/stored_kernel.hpp>
#include <lathe/api/tune.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/space/cpu_space.hpp>
#include <lathe/store/wisdom.hpp>
#include <lathe/target/cpu/host.hpp>

#include <doctest/doctest.h>
#include <filesystem>
#include <limits>
#include <stdlib.h>
#include <string>
#include <vector>

using namespace lathe;

namespace {

/// A folder for a cache, removed at the end.
struct scratch_folder {
  std::string path = (std::filesystem::temp_directory_path() / "lathe-stored-XXXXXX").string();
  scratch_folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~scratch_folder() { std::filesystem::remove_all(path); }
};

const auto source = ops::gemm(13, 17, 19);

tune_options short_search(const std::string& folder, int trials = 3) {
  return {.time_limit = 30,
          .trials = trials,
          .threads = 1,
          .cache_dir = folder,
          .progress = progress_mode::silent};
}

bool is_right(const kernel<std::remove_const_t<decltype(source)>>& made) {
  const std::vector<float> a(13 * 19, 1), b(19 * 17, 2);
  std::vector<float> c(13 * 17);
  made(a, b, c);
  return c == std::vector<float>(13 * 17, 38);
}

tuning_request request_for(const std::string& folder) {
  return resolve(short_search(folder), *native::host_target(), {}).value();
}

cache open_cache(const std::string& folder) {
  cache_options options;
  options.directory = folder;
  options.environment = false;
  return cache::open(options);
}

winner stored_winner(const std::string& folder) {
  const auto described = describe(source);
  return open_cache(folder).find(key_of(described, request_for(folder))).value();
}

}  // namespace

TEST_CASE("stored kernel: which requests ask for more than was searched") {
  tuning_request request;  // effort measure, 60 s, any number of trials
  const auto more_than = [&](const search_effort& done) {
    return detail::asks_for_more(request, done, "");
  };
  CHECK_FALSE(more_than({}));  // an old record: used as ever
  CHECK_FALSE(more_than({"measure", 60.5, 900, "time"}));
  CHECK_FALSE(more_than({"measure", 15.1, 300, "time"}));
  CHECK(more_than({"measure", 14.9, 300, "time"}));
  CHECK(more_than({"measure", 2, 30, "cancelled"}));
  CHECK_FALSE(more_than({"measure", 1, 3, "trials"}));  // any number was asked for: not more
  CHECK_FALSE(more_than({"measure", 1, 3, "exhausted"}));
  CHECK_FALSE(more_than({"measure", 1, 3, "target"}));
  CHECK_FALSE(more_than({"patient", 600, 3, "time"}));
  request.trials = 12;
  CHECK_FALSE(more_than({"measure", 1, 3, "trials"}));
  request.trials = 13;
  CHECK(more_than({"measure", 1, 3, "trials"}));
  request.effort = effort_level::patient;
  CHECK(more_than({}));
  CHECK(more_than({"measure", 60, 900, "time"}));
  CHECK_FALSE(more_than({"measure", 60, 900, "exhausted"}));
  CHECK_FALSE(more_than({"patient", 600, 9000, "time"}));
  CHECK(more_than({"patient", 100, 1500, "time"}));
  // What a search through another space found says little about this one.
  const search_effort elsewhere{"patient", 600, 9000, "exhausted", "older"};
  request.effort = effort_level::measure;
  CHECK(more_than(elsewhere));
  CHECK_FALSE(detail::asks_for_more(request, elsewhere, "older"));
  request.time_limit = 0;
  CHECK_FALSE(more_than(elsewhere));
  request.time_limit = 60;
  for (const effort_level effort : {effort_level::estimate, effort_level::wisdom_only}) {
    request.effort = effort;
    CHECK_FALSE(more_than({"measure", 1, 3, "time"}));
    CHECK_FALSE(more_than(elsewhere));
  }
}

TEST_CASE("stored kernel: a clearly longer search starts from the winner, then it is cached") {
  const scratch_folder folder;
  const auto origin_of = [&](const tune_options& options) {
    const auto made = tune(source, cpu(), options);
    CHECK(is_right(made));
    if (made.how().origin == kernel_origin::cache) CHECK(made.how().tuning_seconds == 0);
    return made.how().origin;
  };
  const auto searched = [&](const tune_options& options) {
    return origin_of(options) != kernel_origin::cache;
  };
  CHECK(searched(short_search(folder.path)));
  const winner first = stored_winner(folder.path);
  CHECK(first.effort.level == "measure");
  CHECK(first.effort.trials == 3);
  CHECK(first.effort.stopped == "trials");
  CHECK(first.effort.seconds > 0);
  CHECK(first.choices != "");
  CHECK_FALSE(searched(short_search(folder.path)));
  CHECK_FALSE(searched(short_search(folder.path, 12)));
  CHECK(searched(short_search(folder.path, 13)));
  CHECK(stored_winner(folder.path).median_seconds <= first.median_seconds);
  CHECK(open_cache(folder.path).efforts(first.key).size() == 2);
  CHECK_FALSE(searched(short_search(folder.path, 13)));
  tune_options patient = short_search(folder.path);
  patient.effort = effort_level::patient;
  CHECK(searched(patient));
  CHECK_FALSE(searched(patient));
  CHECK_FALSE(searched(short_search(folder.path, 13)));  // both searches are remembered
  patient.trials = 1000;
  patient.cache = cache_mode::ro;  // what it finds could not be kept
  CHECK_FALSE(searched(patient));
}

TEST_CASE("stored kernel: a winner outside the space is defended, too") {
  const scratch_folder folder;
  winner kept = [&] {
    tune(source, cpu(), short_search(folder.path));
    return stored_winner(folder.path);
  }();
  // The same schedule, but as from a space that no longer exists, and after a very short search.
  std::filesystem::remove_all(folder.path);
  kept.choices = "1,2,3";
  kept.effort = {"measure", 1e-3, 1, "time"};
  open_cache(folder.path).put(kept);
  const auto again = tune(source, cpu(), short_search(folder.path, 2));
  CHECK(again.how().origin != kernel_origin::cache);
  CHECK(again.how().trials == 2);
  CHECK(is_right(again));
  CHECK(open_cache(folder.path).efforts(kept.key).size() == 2);
  CHECK(tune(source, cpu(), short_search(folder.path, 2)).how().origin == kernel_origin::cache);
}

TEST_CASE("stored kernel: a winner of an older space is where one more search starts") {
  const scratch_folder folder;
  winner kept = [&] {
    tune(source, cpu(), short_search(folder.path));
    return stored_winner(folder.path);
  }();
  CHECK(kept.effort.space.size() == 16);
  // As an older lathe left it: a schedule of its time, after a search of ten minutes.
  std::filesystem::remove_all(folder.path);
  kept.trace = "parallel(C.i)";
  kept.choices = "1,2,3";
  kept.effort = {"patient", 600, 9000, "exhausted"};
  kept.plan.reset();
  kept.median_seconds = kept.best_seconds = 1e-7;  // on a machine that was faster then
  kept.date = "2020-01-01T00:00:00Z";
  open_cache(folder.path).put(kept);
  tune_options options = short_search(folder.path);
  options.effort = effort_level::wisdom_only;
  CHECK(tune(source, cpu(), options).trace() == "parallel(C.i)");
  options = short_search(folder.path);
  options.cache = cache_mode::ro;
  CHECK(tune(source, cpu(), options).trace() == "parallel(C.i)");
  const auto again = tune(source, cpu(), short_search(folder.path));
  CHECK(again.how().trials == 3);
  CHECK(is_right(again));
  CHECK(again.trace() != "parallel(C.i)");
  // Measured side by side, the new one is the better one, whatever the old record says.
  CHECK(stored_winner(folder.path).trace == again.trace());
  CHECK(stored_winner(folder.path).effort.space.size() == 16);
  CHECK(tune(source, cpu(), short_search(folder.path)).how().origin == kernel_origin::cache);
}

TEST_CASE("stored kernel: the version of a space changes with its decisions and its estimate") {
  const tuning_request request = request_for("");
  const program of = make_program(describe(source));
  cpu_space space(of, request.target, {{}, 1});
  const std::string version = detail::version_of(space);
  CHECK(detail::version_of(cpu_space(of, request.target, {{}, 1})) == version);
  space.estimates.push_back(space.estimates[0]);  // where a search starts besides
  CHECK(detail::version_of(space) == version);
  ++space.sites[0].choices;
  CHECK(detail::version_of(space) != version);
  --space.sites[0].choices;
  space.sites[0].name += "'";
  CHECK(detail::version_of(space) != version);
  space.sites[0].name.pop_back();
  for (std::size_t at = 0; at < space.sites.size(); ++at) {
    if (space.sites[at].choices < 2) continue;
    std::int32_t& choice = space.estimates[0].choices[at];
    choice = choice == 0 ? 1 : 0;
    break;
  }
  CHECK(detail::version_of(space) != version);
}

TEST_CASE("stored kernel: choices are a point only if they stand for the stored trace") {
  const auto described = describe(source);
  const tuning_request request = request_for("");
  const cpu_space space(make_program(described), request.target, {{}, 1});
  winner record;
  record.trace = to_text(space.to_trace(space.estimates[0]));
  record.choices = detail::choices_text(space.estimates[0]);
  CHECK(detail::point_of(record, space) == space.estimates[0]);
  const std::string right = record.choices;
  for (const std::string& wrong : {std::string(), std::string("1,2"), "9999" + right, right + ",",
                                   "-" + right, right + ",0"}) {
    CAPTURE(wrong);
    record.choices = wrong;
    CHECK_FALSE(detail::point_of(record, space));
  }
  record.choices = right;
  record.trace = "unroll(C.k)";
  CHECK_FALSE(detail::point_of(record, space));
}

TEST_CASE("stored kernel: imported wisdom is checked before its first use, then it is ours") {
  const scratch_folder here, there;
  tune(source, cpu(), short_search(there.path));
  const std::string wisdom = there.path + "/site.wisdom";
  REQUIRE(open_cache(there.path).export_file(wisdom));
  tune_options options = short_search(here.path);
  options.effort = effort_level::wisdom_only;
  options.wisdom_path = {wisdom};
  const auto first = tune(source, cpu(), options);
  CHECK(first.how().origin == kernel_origin::cache);
  CHECK(first.how().checked.find("proven by the interpreter") != std::string::npos);
  CHECK(is_right(first));
  CHECK(stored_winner(here.path).origin == provenance::searched);
  CHECK(stored_winner(here.path).trace == to_text(first.how().steps));
  const auto second = tune(source, cpu(), options);
  CHECK(second.how().origin == kernel_origin::cache);
  CHECK(second.how().checked == "");
  CHECK(is_right(second));
  // Where nothing can be kept, it is checked in every process.
  options.cache_dir = here.path + "/other";
  options.cache = cache_mode::ro;
  CHECK(tune(source, cpu(), options).how().checked != "");
}

TEST_CASE("stored kernel: imported winners that do not work are rejected for good") {
  const scratch_folder folder;
  const auto described = describe(source);
  winner bad;
  bad.key = key_of(described, request_for(folder.path));
  bad.median_seconds = bad.best_seconds = 1e-12;  // too good to be passed over
  std::vector<winner> all;
  for (const char* steps : {"parallel(C.k)", "split(C.i -> i0:_", "vectorize(D.x)"}) {
    bad.trace = steps;
    all.push_back(bad);
  }
  const std::string wisdom = folder.path + "/bad.wisdom";
  REQUIRE(write_text_file(wisdom, wisdom_text(all)));
  tune_options options = short_search(folder.path);
  options.wisdom_path = {wisdom};
  const auto made = tune(source, cpu(), options);
  CHECK(made.how().origin != kernel_origin::cache);
  CHECK(made.how().trials == 3);
  CHECK(is_right(made));
  const auto again = tune(source, cpu(), options);
  CHECK(again.how().origin == kernel_origin::cache);
  CHECK(again.trace() == made.trace());
}

TEST_CASE("stored kernel: a kernel that computes something else fails its check") {
  const tuning_request request = request_for("");
  const auto compiler = native::jit::create(request.target).value();
  const auto described = describe(source);
  const auto run_of = [&](const auto& operation) {
    return compile_description(describe(operation), trace{}, request).value().run;
  };
  const auto right =
      detail::check_kernel(run_of(source), make_program(described), request, compiler);
  REQUIRE(right);
  CHECK(right->outcome.ok());
  // The same shapes, another function.
  axis<"i"> i{13};
  axis<"j"> j{17};
  axis<"k"> k{19};
  tensor<"A", float, 2> A;
  tensor<"B", float, 2> B;
  tensor<"C", float, 2> C;
  const auto other = op<"other">(A, B, C)(C(i, j) = sum(k)(A(i, k) + B(k, j)));
  const auto wrong =
      detail::check_kernel(run_of(other), make_program(described), request, compiler);
  REQUIRE(wrong);
  CHECK(wrong->outcome.failed == failure::wrong_answer);
}
