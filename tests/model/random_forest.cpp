#include <lathe/core/random.hpp>
#include <lathe/model/random_forest.hpp>

#include <cmath>
#include <doctest/doctest.h>

using namespace lathe;

TEST_CASE("random forest: without drawing, a tree is what it was grown on") {
  const feature_rows rows{2, {0, 0, 0, 1, 1, 0, 1, 1}};
  const sequence<double> wanted{1, 2, 3, 7};
  forest_options options;
  options.trees = 3;
  options.resample = false;
  random_forest model;
  model.train(rows, wanted, 1, options);
  for (std::size_t row = 0; row < 4; ++row) {
    CHECK(model.predict(rows.row(row)).mean == doctest::Approx(wanted[row]));
    CHECK(model.predict(rows.row(row)).deviation == doctest::Approx(0));
  }
  options.least_rows = 2;  // one split: 0 0 | 1 1 of the first column gains most
  model.train(rows, wanted, 1, options);
  CHECK(model.predict(rows.row(0)).mean == doctest::Approx(1.5));
  CHECK(model.predict(rows.row(3)).mean == doctest::Approx(5));
  options.depth = 0;
  model.train(rows, wanted, 1, options);
  CHECK(model.predict(rows.row(3)).mean == doctest::Approx(3.25));
}

TEST_CASE("random forest: the spread says where it errs") {
  // A smooth function, known densely on the left and hardly on the right, which is noisy.
  random_engine engine(9);
  feature_rows rows{1, {}};
  sequence<double> wanted;
  const auto value = [](double x) { return std::sin(6 * x); };
  for (int n = 0; n < 400; ++n) {
    const bool left = n % 10 != 0;
    const double x = left ? 0.5 * engine.uniform() : 0.5 + 0.5 * engine.uniform();
    rows.values.push_back(static_cast<float>(x));
    wanted.push_back(value(x) + (left ? 0 : engine.uniform() - 0.5));
  }
  random_forest model;
  model.train(rows, wanted, 1);
  double spread[2] = {}, wrong[2] = {};
  for (int n = 0; n < 200; ++n) {
    const float x[] = {static_cast<float>((n + 0.5) / 200)};
    const uncertain_value got = model.predict(x);
    spread[n / 100] += got.deviation / 100;
    wrong[n / 100] += std::abs(got.mean - value(x[0])) / 100;
  }
  CHECK(wrong[1] > 3 * wrong[0]);
  CHECK(spread[1] > 3 * spread[0]);
}

TEST_CASE("random forest: the seed decides, and empty models") {
  random_engine engine(2);
  feature_rows rows{3, {}};
  sequence<double> wanted;
  for (int n = 0; n < 60; ++n) {
    for (int column = 0; column < 3; ++column)
      rows.values.push_back(static_cast<float>(engine.uniform()));
    wanted.push_back(engine.uniform());
  }
  random_forest one, same, other, none;
  one.train(rows, wanted, 1);
  same.train(rows, wanted, 1);
  other.train(rows, wanted, 2);
  none.train(feature_rows{3, {}}, {}, 1);
  const float at[] = {0.3F, 0.6F, 0.9F};
  CHECK(one.predict(at).mean == same.predict(at).mean);
  CHECK(one.predict(at).mean != other.predict(at).mean);
  CHECK(none.predict(at).mean == 0);
}
