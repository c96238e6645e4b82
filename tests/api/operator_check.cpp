#include "operator_check.hpp"

#include <lathe/api/oracle.hpp>
#include <lathe/api/session.hpp>
#include <lathe/core/random.hpp>
#include <lathe/measure/timer.hpp>
#include <lathe/space/cpu_space.hpp>
#include <lathe/target/cpu/host.hpp>

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>

using namespace lathe;

namespace test {
namespace {

constexpr double most_compile_seconds = 2;    ///< of CPU time, for one kernel of a test this small
constexpr double slow_compile_seconds = 0.3;  ///< reported by the larger sweep

bool reports() { return std::getenv("LATHE_TEST_POINTS") != nullptr; }

int points_wanted(int usual) {
  return reports() ? std::atoi(std::getenv("LATHE_TEST_POINTS")) : usual;
}

/// Checks kernels of one operator for one instruction set.
class kernel_checker {
 public:
  kernel_checker(const operator_case& of, const cpu_target& target)
      : case_(of), program_(make_program(of.desc.view())) {
    request_.target = target;
    request_.cache.mode = cache_mode::off;
    label_ = of.name + " on " + name_of(target.set);
  }

  /// Inputs and the answer; evaluate() must agree with the answer before kernels are held to it.
  bool prepare() {
    auto compiler = native::jit::create(request_.target);
    REQUIRE_MESSAGE(compiler.has_value(), std::string(compiler ? "" : compiler.error().what()));
    auto made = make_oracle(program_, estimated_trace(case_.desc.view(), request_), request_.target,
                            *compiler, {}, 7);
    INFO(label_);
    REQUIRE_MESSAGE(made.has_value(), std::string(made ? "" : made.error().what()));
    answer_ = std::move(*made);
    for (std::size_t at = 0; at < answer_.arguments->size(); ++at)
      params_.push_back((*answer_.arguments)[at].memory.data());
    answer_.arguments->reset_outputs();
    case_.evaluate(params_.data());
    return right("evaluate()");
  }

  /// @return false if the trace is illegal, which is reported unless `may_be_illegal`
  bool check(const trace& steps, bool may_be_illegal = false) {
    const double start = thread_seconds();
    const auto made = compile_description(case_.desc.view(), steps, request_);
    const double seconds = thread_seconds() - start;
    const std::string text = to_text(steps);
    INFO(label_, ", threads ", request_.threads, ", bound ", request_.bound.size(), ": ", text);
    if (!made) {
      const bool refused = made.error().id().starts_with("LATHE-E2");
      if (!refused || !may_be_illegal)
        FAIL_CHECK(std::string(made.error().what()));
      else if (reports())
        MESSAGE(std::string(made.error().what()));
      return false;
    }
    CHECK(seconds < most_compile_seconds);
    if (reports() && seconds > slow_compile_seconds) MESSAGE("compiled in ", seconds, " s");
    run(made->run);
    return right(text);
  }

  void check(const char* steps) {
    const auto parsed = parse_trace(steps);
    REQUIRE_MESSAGE(parsed.has_value(), std::string(parsed ? "" : parsed.error().what()));
    check(*parsed);
  }

  void check_estimate(int threads, const std::vector<std::string>& bound) {
    request_.threads = threads;
    request_.bound = bound;
    check(estimated_trace(case_.desc.view(), request_));
  }

  /// Random points, alternately on one and two threads, with and without bound weights.
  void check_points(int count) {
    random_engine engine(11, static_cast<std::uint64_t>(request_.target.set));
    int tried = 0, legal = 0;
    for (int number = 0; tried < count && number < 200 * count; ++number) {
      request_.threads = 1 + number % 2;
      request_.bound = number % 4 < 2 ? std::vector<std::string>{} : case_.weights;
      const cpu_space space(program_, request_.target, {request_.bound, request_.threads});
      point candidate;
      for (const site& each : space.sites)
        candidate.choices.push_back(
            static_cast<std::int32_t>(engine.below(static_cast<std::uint32_t>(each.choices))));
      if (space.why_rejected(candidate)) continue;
      ++tried;
      legal += check(space.to_trace(candidate), true) ? 1 : 0;
    }
    if (reports()) MESSAGE(label_, ": ", legal, " of ", tried, " points are legal");
  }

  void check_search() {
    request_.threads = 2;
    request_.bound = case_.weights;
    request_.time_limit = 1;
    request_.trials = 6;
    const auto made = tune_description(case_.desc.view(), request_);
    INFO(label_);
    REQUIRE_MESSAGE(made.has_value(), std::string(made ? "" : made.error().what()));
    INFO(to_text(made->steps));
    CHECK(made->outcomes[static_cast<std::size_t>(failure::wrong_answer)] == 0);
    CHECK(made->outcomes[static_cast<std::size_t>(failure::crash)] == 0);
    CHECK(made->outcomes[static_cast<std::size_t>(failure::compile)] == 0);
    run(made->run);
    right("tuned");
  }

 private:
  void run(const native::executable& made) {
    answer_.arguments->reset_outputs();
    if (made.needs_bind())
      made.bind(params_.data())(params_.data());
    else
      made(params_.data());
  }

  bool right(const std::string& what) {
    INFO(what);
    const std::string damage = answer_.arguments->damage();
    CHECK(damage == "");
    std::size_t output = 0;
    bool ok = damage.empty();
    for (std::size_t at = 0; at < answer_.arguments->size(); ++at) {
      if (!(*answer_.arguments)[at].what.output) continue;
      const comparison verdict = compare(params_[at], answer_.wanted[output++]);
      CHECK(verdict.text == "");
      ok = ok && verdict.ok();
    }
    return ok;
  }

  const operator_case& case_;
  program program_;
  tuning_request request_;
  oracle answer_;
  std::vector<void*> params_;
  std::string label_;
};

}  // namespace

void check_operator(const operator_case& of, const check_extent& extent) {
  if (!native::jit::create(native::host_target().value())) {
    MESSAGE("[SKIP] no libLLVM");
    return;
  }
  for (const isa set : {isa::avx512, isa::avx2, isa::sse2}) {
    if (set > native::best_isa()) continue;
    kernel_checker checker(of, native::host_target(set).value());
    if (!checker.prepare()) return;
    checker.check(trace{});
    const bool best = set == native::best_isa();
    if (best) checker.check_estimate(1, {});
    checker.check_estimate(2, {});
    if (!of.weights.empty()) checker.check_estimate(1, of.weights);
    for (const char* const steps : extent.traces) checker.check(steps);
    checker.check_points(points_wanted(best ? extent.points : extent.points / 3));
    if (extent.search && best) checker.check_search();
  }
}

}  // namespace test
