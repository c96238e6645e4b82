#include <lathe/core/random.hpp>
#include <lathe/model/gaussian_process.hpp>

#include <cmath>
#include <doctest/doctest.h>

using namespace lathe;

TEST_CASE("gaussian process: the kernel in closed form") {
  const double a[] = {0, 0}, b[] = {0.3, 0.4};
  const double scaled = std::sqrt(3.0) * 0.5 / 1.5;
  CHECK(matern_kernel(a, b, 1.5) == doctest::Approx((1 + scaled) * std::exp(-scaled)));
  CHECK(matern_kernel(a, a, 1.5) == 1);
}

TEST_CASE("gaussian process: two observations in closed form") {
  // mean(x) = m + k(x)' inverse(K) (y - m), variance = s^2 (1 - k(x)' inverse(K) k(x)), where y is
  // normalised: of 2 and 4 the mean is 3 and the deviation 1.
  const double x0[] = {0.1}, x1[] = {0.7}, x[] = {0.3};
  gaussian_process_options options;
  options.length = 0.4;
  options.noise = 0.01;
  gaussian_process model(1, options);
  model.add(x0, 2);
  model.add(x1, 4);
  const double diagonal = 1.01, off = matern_kernel(x0, x1, 0.4);
  const double determinant = diagonal * diagonal - off * off;
  const double k0 = matern_kernel(x, x0, 0.4), k1 = matern_kernel(x, x1, 0.4);
  const double w0 = (diagonal * -1 - off * 1) / determinant;
  const double w1 = (diagonal * 1 - off * -1) / determinant;
  const double explained =
      (k0 * (diagonal * k0 - off * k1) + k1 * (diagonal * k1 - off * k0)) / determinant;
  const uncertain_value got = model.predict(x);
  CHECK(got.mean == doctest::Approx(3 + k0 * w0 + k1 * w1));
  CHECK(got.deviation == doctest::Approx(std::sqrt(1 - explained)));
}

TEST_CASE("gaussian process: certain where it was observed, the prior far away") {
  gaussian_process model(1, {0.01, 1e-10});
  const double at[] = {0.5}, far[] = {50};
  model.add(at, 7);
  const double other[] = {0.9};
  model.add(other, 9);
  CHECK(model.predict(at).mean == doctest::Approx(7));
  CHECK(model.predict(at).deviation < 1e-3);
  CHECK(model.predict(far).mean == doctest::Approx(8));
  CHECK(model.predict(far).deviation == doctest::Approx(1));
}

TEST_CASE("gaussian process: candidates are predictions, before and after observations") {
  random_engine engine(5);
  constexpr std::size_t dimensions = 3, count = 20;
  gaussian_process model(dimensions);
  sequence<double> candidates;
  for (std::size_t n = 0; n < count * dimensions; ++n) candidates.push_back(engine.uniform());
  const auto observe = [&](int times) {
    for (int n = 0; n < times; ++n) {
      const double at[] = {engine.uniform(), engine.uniform(), engine.uniform()};
      model.add(at, std::sin(5 * at[0]) + at[1] * at[2]);
    }
  };
  const auto check = [&] {
    for (std::size_t n = 0; n < count; ++n) {
      const uncertain_value kept = model.candidate(n);
      const uncertain_value anew = model.predict({candidates.data() + n * dimensions, dimensions});
      CHECK(kept.mean == doctest::Approx(anew.mean).epsilon(1e-6));
      CHECK(kept.deviation == doctest::Approx(anew.deviation).epsilon(1e-6));
    }
  };
  observe(10);
  model.set_candidates(candidates);
  check();
  observe(15);
  check();
  CHECK(model.observations() == 25);
  CHECK(model.candidates() == count);
}

TEST_CASE("gaussian process: the same point twice, equal values, one observation") {
  gaussian_process model(1);
  const double at[] = {0.5}, near[] = {0.6};
  model.add(at, 3);
  CHECK(model.predict(near).mean == doctest::Approx(3));
  model.add(at, 3);
  model.add(at, 3);
  CHECK(model.predict(near).mean == doctest::Approx(3));
  CHECK(std::isfinite(model.predict(near).deviation));
}
