// What a batch of points is worth: the same whether a free core compiles ahead or all compile
// first.
#include <lathe/analysis/describe.hpp>
#include <lathe/api/cpu_evaluator.hpp>
#include <lathe/api/search_report.hpp>
#include <lathe/api/session.hpp>
#include <lathe/core/random.hpp>
#include <lathe/core/stop_flag.hpp>
#include <lathe/ops/linear_algebra.hpp>
#include <lathe/search/random.hpp>
#include <lathe/target/cpu/host.hpp>

#include <doctest/doctest.h>
#include <limits>

using namespace lathe;

namespace {

const auto product = describe(ops::gemm(33, 47, 29));

/// Evaluates the same points with a kernel on `threads` threads.
struct bench_of {
  tuning_request request;
  native::jit compiler = detail::shared_jit(native::host_target().value()).value();
  program of = make_program(product);
  cpu_space space;
  oracle answer;
  owner<worker> bench;
  detail::cpu_evaluator judge;

  static tuning_request request_for(int threads, const stop_flag* cancel) {
    tuning_request request;
    request.target = native::host_target().value();
    request.threads = threads;
    request.cache.mode = cache_mode::off;
    request.cancel = cancel;
    return request;
  }

  explicit bench_of(int threads, const stop_flag* cancel = nullptr)
      : request(request_for(threads, cancel)),
        space(of, request.target, {{}, threads}),
        answer(make_oracle(of, space.to_trace(space.estimates[0]), request.target, compiler, {}, 1)
                   .value()),
        bench(worker::create(compiler, *answer.arguments, {isolation::process, threads, 1 << 30})
                  .value()),
        judge(space, of, request, compiler, *bench, answer, 0) {}

  sequence<point> points(int count) const {
    random_engine engine(5);
    sequence<point> out{space.estimates[0]};
    while (out.size() < static_cast<std::size_t>(count)) out.push_back(random_point(space, engine));
    return out;
  }
};

}  // namespace

TEST_CASE("cpu_evaluator: observations come in the order of the points, whoever compiles") {
  // One thread leaves a core free where there are two; all cores leave none.
  for (const int threads : {1, native::allowed_cores()}) {
    bench_of on(threads);
    const sequence<point> points = on.points(12);
    const sequence<observation> seen = on.judge.evaluate(points, 120);
    REQUIRE(seen.size() == points.size());
    int works = 0;
    for (std::size_t at = 0; at < points.size(); ++at) {
      CHECK(seen[at].at == points[at]);
      CHECK(seen[at].outcome.compile_seconds > 0);
      CHECK(seen[at].outcome.failed != failure::wrong_answer);
      if (seen[at].outcome.ok()) ++works;
    }
    CHECK(seen[0].outcome.ok());
    CHECK(works > 1);
  }
}

TEST_CASE("cpu_evaluator: a search that is cancelled or over evaluates nothing more") {
  const stop_flag never;
  stop_flag cancel;
  for (const int threads : {1, native::allowed_cores()}) {
    bench_of on(threads, &cancel);
    cancel.set();
    CHECK(on.judge.evaluate(on.points(5), 120).empty());
    bench_of timed(threads, &never);
    CHECK(timed.judge.evaluate(timed.points(5), 0).empty());
  }
}

TEST_CASE("cpu_evaluator: compiling beside disturbs kernels that memory limits") {
  cpu_target target;
  target.l2_bytes = 1 << 20;
  // A matrix of 2048^2 times a vector: 16 MiB, 71 us of arithmetic at 118 GFLOP/s.
  CHECK(detail::is_disturbed_by_compiling(16 << 20, 71e-6, target));
  CHECK(!detail::is_disturbed_by_compiling(12 << 20, 18e-3, target));  // a product of 1024^3
  CHECK(!detail::is_disturbed_by_compiling(1 << 20, 0, target));       // its core's own cache
}
