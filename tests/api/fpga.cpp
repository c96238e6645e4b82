// Design-space exploration for FPGAs: the search against the true optimum, reports, errors.
#include <lathe/api/fpga.hpp>
#include <lathe/api/fpga_evaluator.hpp>
#include <lathe/api/fpga_report.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/ops/convolution.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/ops/pooling.hpp>
#include <lathe/search/evolve.hpp>
#include <lathe/search/tuner.hpp>

#include <algorithm>
#include <doctest/doctest.h>
#include <initializer_list>

using namespace lathe;

namespace {

/// Notes which designs are evaluated.
class counting_evaluator final : public evaluator {
 public:
  counting_evaluator(evaluator& judge, const fpga_space& space) : judge_(judge), space_(space) {}
  sequence<observation> evaluate(std::span<const point> points, double seconds) override {
    for (const point& each : points) repeated += !met_.insert(space_.hash(each));
    return judge_.evaluate(points, seconds);
  }
  int repeated = 0;

 private:
  evaluator& judge_;
  const fpga_space& space_;
  flat_set<std::uint64_t> met_;
};

/// Keeps what a design is worth: enumerations and searches meet the same ones.
class remembering_evaluator final : public evaluator {
 public:
  remembering_evaluator(evaluator& judge, const fpga_space& space) : judge_(judge), space_(space) {}
  sequence<observation> evaluate(std::span<const point> points, double seconds) override {
    sequence<observation> out;
    for (const point& each : points) {
      const std::uint64_t key = space_.hash(each);
      if (met_.find(key) == met_.end())
        met_.add(key, judge_.evaluate({&each, 1}, seconds)[0].outcome);
      out.push_back({each, met_.find(key)->second});
    }
    return out;
  }

 private:
  evaluator& judge_;
  const fpga_space& space_;
  flat_map<std::uint64_t, measurement> met_;
};

/// Enumerates a space, then searches it with 20 seeds and a tenth of the evaluations. @returns how
/// many of them find the optimum
template <class Operation>
int searches_that_find(const Operation& operation, const char* device) {
  const fpga_device on = find_fpga_device(device).value();
  const program base = make_program(describe(operation));
  const fpga_space space(base, fpga_limits_of(base, on));
  fpga_evaluator model(base, space, on);
  remembering_evaluator judge(model, space);
  const fpga_optimum optimum = enumerate_fpga(space, judge);
  REQUIRE(optimum.best.has_value());
  CHECK(optimum.designs >= 1000);
  int found = 0;
  double worst = 1;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    evolutionary_search proposer(space, seed, fpga_search());
    counting_evaluator counted(judge, space);
    search_options how;
    how.limits.trials = static_cast<int>(optimum.designs / 10);
    how.finalists = 0;
    const search_result searched = run_search(space, proposer, counted, how);
    CHECK(counted.repeated == 0);  // infeasible ones included
    REQUIRE(searched.best.has_value());
    const double ratio = searched.best->outcome.seconds() / optimum.best->outcome.seconds();
    CHECK(ratio > 1 - 1e-9);
    found += ratio < 1 + 1e-9;
    worst = std::max(worst, ratio);
  }
  MESSAGE(optimum.designs << " designs on " << on.name << ", the optimum is found by " << found
                          << " of 20 seeds, the worst is " << worst);
  return found;
}

const char* const tiny60 = "tiny60:dsp=60,bram36=60,lut=20000,ff=28000";
const char* const tiny40 = "tiny40:dsp=40,bram36=60,lut=20000,ff=28000";
const char* const tiny20 = "tiny20:dsp=20,bram36=40,lut=15000,ff=20000,gbytes=3";

}  // namespace

TEST_CASE("fpga search finds the true optimum of spaces that can be enumerated") {
  CHECK(searches_that_find(ops::gemv(8, 8), "vu9p") >= 19);
  CHECK(searches_that_find(ops::gemm(4, 4, 2), "vu9p") >= 19);
}

TEST_CASE("fpga search finds the true optimum where some designs do not fit") {
  CHECK(searches_that_find(ops::gemm(4, 4, 2), tiny60) >= 19);
}

TEST_CASE("fpga search in thirteen spaces" * doctest::test_suite("nightly")) {
  const std::initializer_list<int> found{
      searches_that_find(ops::gemv(8, 8), "vu9p"), searches_that_find(ops::gemv(8, 8), tiny40),
      searches_that_find(ops::gemm(4, 4, 2), "vu9p"),
      searches_that_find(ops::gemm(4, 4, 2), tiny60),
      searches_that_find(ops::gemm(8, 2, 3), tiny20), searches_that_find(ops::gemv(12, 6), tiny40),
      searches_that_find(ops::gemv(16, 16), tiny20),
      searches_that_find(ops::bilinear(2, 2, 2, 2), tiny60),
      searches_that_find(ops::conv1d(1, 1, 8, 2, 3, 1, 0), "vu9p"),
      searches_that_find(ops::max_pool2d(1, 2, 4, 4, 2, 2), tiny20),
      // A handful of optima that nothing leads to: chance does as well.
      searches_that_find(ops::gemm(4, 4, 2), tiny40),
      searches_that_find(ops::gemm(6, 2, 2), tiny40),
      searches_that_find(ops::conv1d(1, 1, 6, 1, 3, 1, 1), tiny40)};
  CHECK(std::count_if(found.begin(), found.end(), [](int each) { return each >= 19; }) >= 10);
}

TEST_CASE("explore_fpga: a design, its files and its reports") {
  fpga_options options;
  options.trials = 300;
  const fpga_found found = explore_fpga(ops::conv2d(1, 64, 14, 14, 64, 3, 1, 1), options);
  CHECK(found.estimate.fits());
  CHECK(found.estimate.seconds > found.least_seconds);
  CHECK(found.optimistic.seconds <= found.estimate.seconds);
  CHECK(found.gflops() > 20);
  CHECK(found.trials == 300);
  const fpga_found again = design_description(describe(ops::conv2d(1, 64, 14, 14, 64, 3, 1, 1)),
                                              found.steps, options.device)
                               .value();
  CHECK(again.estimate.cycles == found.estimate.cycles);
  CHECK(again.files.source == found.files.source);
  const std::string text = to_text(found), page = to_html(found);
  CHECK(text.find("nothing was synthesised") != std::string::npos);
  CHECK(page.find("nothing was synthesised") != std::string::npos);
  CHECK(page.find("<svg") != std::string::npos);
  CHECK(page.find("&lt;math.h&gt;") != std::string::npos);
}

TEST_CASE("explore_fpga: nothing fits, illegal schedules") {
  fpga_options options;
  options.trials = 50;
  options.device = find_fpga_device("mite:dsp=1,bram36=4,lut=900,ff=900").value();
  const auto none = try_explore_fpga(ops::gemm(16, 16, 16), options);
  REQUIRE(!none);
  CHECK(none.error().id() == "LATHE-E351");
  CHECK(none.error().text().find("of") != std::string::npos);
  const auto illegal = design_description(describe(ops::gemm(16, 16, 16)),
                                          parse_trace("unroll(C.x)").value(), options.device);
  REQUIRE(!illegal);
  CHECK(illegal.error().id() == "LATHE-E203");
}
