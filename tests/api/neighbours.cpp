// Starting points from what was found for other extents.
#include <lathe/analysis/describe.hpp>
#include <lathe/api/neighbours.hpp>
#include <lathe/api/options.hpp>
#include <lathe/api/session.hpp>
#include <lathe/core/random.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/search/random.hpp>
#include <lathe/space/cpu_space.hpp>
#include <lathe/target/cpu/host.hpp>

#include <cmath>
#include <doctest/doctest.h>
#include <filesystem>
#include <stdlib.h>
#include <string>

using namespace lathe;

namespace {

struct scratch_folder {
  std::string path = (std::filesystem::temp_directory_path() / "lathe-near-XXXXXX").string();
  scratch_folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~scratch_folder() { std::filesystem::remove_all(path); }
};

tuning_request request_in(const std::string& folder) {
  tuning_request request;
  request.target = native::host_target().value();
  request.trials = 4;
  request.time_limit = 20;
  request.cache.mode = cache_mode::rw;
  request.cache.directory = folder;
  request.cache.environment = false;
  return request;
}

}  // namespace

TEST_CASE("neighbours: extents are compared axis by axis") {
  CHECK(detail::extent_distance("i=64 j=32", "i=64 j=32") == 0);
  CHECK(detail::extent_distance("i=64 j=32", "i=32 j=64") == doctest::Approx(2 * std::log(2.0)));
  CHECK(std::isinf(detail::extent_distance("i=64 j=32", "i=64")));
  CHECK(std::isinf(detail::extent_distance("i=64 j=32", "i=64 k=32")));
  CHECK(std::isinf(detail::extent_distance("i=64 j=?", "i=64 j=?")));
}

TEST_CASE("neighbours: the nearest point to a point's own trace stands for the same program") {
  const auto product = describe(ops::gemm(61, 64, 50));
  const cpu_target target = native::host_target().value();
  const cpu_space space(make_program(product), target, {{}, 1});
  random_engine engine(3);
  int same = 0;
  constexpr int count = 10;
  for (int n = 0; n < count; ++n) {
    const trace wanted = space.to_trace(random_point(space, engine));
    const point found = detail::nearest_point(space, wanted, space.estimates[0]);
    same += to_text(space.to_trace(found)) == to_text(wanted);
  }
  CHECK(same >= count / 2);  // from site to site it may end beside it
}

TEST_CASE("neighbours: a search begins with what was found for the nearest extents") {
  const scratch_folder folder;
  const tuning_request request = request_in(folder.path);
  const cpu_target& target = request.target;
  const auto here = describe(ops::gemm(96, 128, 80));
  const cpu_space space(make_program(here), target, {{}, request.threads});
  const auto starts = [&] {
    const cache store = cache::open(request.cache);
    return detail::neighbours_of(key_of(here, request), store, space);
  };
  CHECK(starts().empty());

  // Winners as a search would have left them: schedules that are not the analytic ones.
  random_engine engine(11);
  for (const int rows : {90, 60}) {
    const auto other = describe(ops::gemm(rows, 128, 80));
    const cpu_space theirs(make_program(other), target, {{}, request.threads});
    winner found;
    found.key = key_of(other, request);
    do {
      found.trace = to_text(theirs.to_trace(random_point(theirs, engine)));
    } while (found.trace == to_text(theirs.to_trace(theirs.estimates[0])));
    found.best_seconds = found.median_seconds = 1e-3;
    cache store = cache::open(request.cache);
    store.put(std::move(found));
  }
  const auto renamed = describe(ops::gemv(96, 128));  // another operator: no neighbour
  winner foreign;
  foreign.key = key_of(renamed, request);
  foreign.trace = "vectorize(y.i)";
  foreign.best_seconds = foreign.median_seconds = 1e-3;
  cache::open(request.cache).put(std::move(foreign));

  const sequence<point> found = starts();
  CHECK(found.size() >= 1);
  CHECK(found.size() <= 2);
  for (const point& each : found) {
    CHECK(space.is_inside(each));
    CHECK(!(each == space.estimates[0]));
  }

  // They are tried first, right after the analytic schedule.
  const tuned how = tune_description(here, request).value();
  CHECK(how.trials >= static_cast<int>(1 + found.size()));
  const sequence<trial> tried = cache::open(request.cache).trials(key_of(here, request));
  REQUIRE(tried.size() > found.size());
  CHECK(tried[1].trace == to_text(space.to_trace(found[0])));
}
