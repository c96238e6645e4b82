#include <lathe/measure/record.hpp>
#include <lathe/measure/timer.hpp>

#include <doctest/doctest.h>

namespace {

double fake_now = 0;
int calls_made = 0;

double fake_clock() { return fake_now; }

/// A call that takes as many fake seconds as its context says.
void fake_call(void* seconds) {
  fake_now += *static_cast<double*>(seconds);
  ++calls_made;
}

lathe::timing time_of(double seconds, lathe::timing_options options = {}) {
  fake_now = 100;
  calls_made = 0;
  options.clock = fake_clock;
  return lathe::time_calls(fake_call, &seconds, options);
}

}  // namespace

TEST_CASE("timer: steady calls need few samples") {
  const lathe::timing result = time_of(0.01);
  CHECK(result.samples.size() == 3);
  CHECK(lathe::median(result.samples) == doctest::Approx(0.01));
  CHECK(calls_made == 4);  // one to warm up
  CHECK_FALSE(result.hopeless);
}

TEST_CASE("timer: short calls are repeated within a sample") {
  const lathe::timing result = time_of(1e-7);
  CHECK(lathe::median(result.samples) == doctest::Approx(1e-7).epsilon(0.01));
  CHECK(calls_made > 1500);  // three samples of 50 us
}

TEST_CASE("timer: a hopeless call runs twice and no more") {
  lathe::timing_options options;
  options.best_seconds = 0.01;
  const lathe::timing result = time_of(0.5, options);
  CHECK(result.hopeless);
  CHECK(result.samples.size() == 1);
  CHECK(calls_made == 2);
  CHECK_FALSE(time_of(0.02, options).hopeless);
}

TEST_CASE("timer: a slow first call alone is not hopeless") {
  lathe::timing_options options;
  options.best_seconds = 0.01;
  options.clock = fake_clock;
  calls_made = 0;
  const auto slow_once = [](void*) { fake_now += calls_made++ == 0 ? 1.0 : 0.01; };
  const lathe::timing result = lathe::time_calls(slow_once, nullptr, options);
  CHECK_FALSE(result.hopeless);
  CHECK(lathe::median(result.samples) == doctest::Approx(0.01));
}

TEST_CASE("timer: unsteady calls get more samples, within the limits") {
  lathe::timing_options options;
  options.min_seconds = 1;
  options.clock = fake_clock;
  const auto unsteady = [](void*) { fake_now += ++calls_made % 2 == 0 ? 0.010 : 0.015; };
  calls_made = 0;
  const std::size_t many = lathe::time_calls(unsteady, nullptr, options).samples.size();
  CHECK(many == 60);
  options.max_seconds = 0.1;
  const std::size_t fewer = lathe::time_calls(unsteady, nullptr, options).samples.size();
  CHECK(fewer >= 3);
  CHECK(fewer < 12);
}

TEST_CASE("timer: the clock is monotonic") {
  const double before = lathe::monotonic_seconds();
  CHECK(lathe::monotonic_seconds() >= before);
}
