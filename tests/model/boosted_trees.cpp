#include <lathe/core/random.hpp>
#include <lathe/model/boosted_trees.hpp>
#include <lathe/model/losses.hpp>

#include <cmath>
#include <doctest/doctest.h>

using namespace lathe;

namespace {

/// `count` random rows and a wanted value that depends on some columns, partly on two at a time.
struct problem {
  explicit problem(std::uint64_t seed, std::size_t count = 400) {
    random_engine engine(seed);
    rows.columns = 6;
    for (std::size_t row = 0; row < count; ++row) {
      float x[6];
      for (float& each : x) rows.values.push_back(each = static_cast<float>(engine.below(12)));
      wanted.push_back(0.1 * x[0] + (x[1] < 4 ? 0.5 : 0) + (x[2] > 6 && x[3] > 6 ? 1 : 0));
    }
  }
  feature_rows rows;
  sequence<double> wanted;
};

double mean_square(const boosted_trees& model, const problem& on) {
  double sum = 0;
  for (std::size_t row = 0; row < on.rows.rows(); ++row) {
    const double off = model.predict(on.rows.row(row)) - on.wanted[row];
    sum += off * off / static_cast<double>(on.rows.rows());
  }
  return sum;
}

}  // namespace

TEST_CASE("boosted trees: one split of one column, by hand") {
  const feature_rows rows{1, {0, 0, 1, 1}};
  const sequence<double> wanted{1, 3, -2, -4};
  squared_loss loss(wanted);
  boosted_trees model;
  boosting_options options;
  options.rounds = 1;
  options.rate = 1;
  options.lambda = 0;
  model.train(rows, loss, options);
  const float zero[] = {0}, one[] = {1}, below[] = {0.49F}, above[] = {0.5F};
  CHECK(model.predict(zero) == doctest::Approx(2));  // the mean of each side
  CHECK(model.predict(one) == doctest::Approx(-3));
  CHECK(model.predict(below) == doctest::Approx(2));
  CHECK(model.predict(above) == doctest::Approx(-3));
  // lambda counts as that many rows of value 0.
  options.lambda = 2;
  model.train(rows, loss, options);
  CHECK(model.predict(zero) == doctest::Approx(4.0 / 4));
  // The gain is 16/2 + 36/2 - 4/4 = 25 (lambda 0): gamma above it leaves one leaf.
  options.lambda = 0;
  options.gamma = 24.9;
  model.train(rows, loss, options);
  CHECK(model.predict(zero) == doctest::Approx(2));
  options.gamma = 25.1;
  model.train(rows, loss, options);
  CHECK(model.predict(zero) == doctest::Approx(-0.5));
  // Neither side may have less weight than asked for.
  options.gamma = 0;
  options.least_weight = 2.5;
  model.train(rows, loss, options);
  CHECK(model.predict(zero) == doctest::Approx(-0.5));
}

TEST_CASE("boosted trees: a split of no gain stays if one below it has some") {
  // Exclusive or: no first split gains anything on its own... but for one odd row.
  const feature_rows rows{2, {0, 0, 0, 1, 1, 0, 1, 1}};
  const sequence<double> wanted{1, -1, -1, 1.2};
  squared_loss loss(wanted);
  boosting_options options;
  options.rounds = 1;
  options.rate = 1;
  options.lambda = 0;
  options.gamma = 1;
  boosted_trees model;
  model.train(rows, loss, options);
  for (std::size_t row = 0; row < 4; ++row)
    CHECK(model.predict(rows.row(row)) == doctest::Approx(wanted[row]));
  options.depth = 1;
  model.train(rows, loss, options);  // now the first split is over leaves, and goes
  CHECK(model.predict(rows.row(0)) == doctest::Approx(0.05));
}

TEST_CASE("boosted trees: rounds fit interactions, and generalise") {
  const problem seen(1), unseen(2);
  squared_loss loss(seen.wanted);
  boosting_options options;
  boosted_trees model;
  options.rounds = 5;
  model.train(seen.rows, loss, options);
  const double early = mean_square(model, seen);
  options.rounds = 100;
  model.train(seen.rows, loss, options);
  CHECK(model.size() == 100);
  CHECK(mean_square(model, seen) < 0.05 * early);
  CHECK(mean_square(model, unseen) < 0.01);  // the variance of what is wanted is 0.35
  boosted_trees again;
  again.train(seen.rows, loss, options);
  for (std::size_t row = 0; row < unseen.rows.rows(); ++row)
    CHECK(again.predict(unseen.rows.row(row)) == model.predict(unseen.rows.row(row)));
}

TEST_CASE("boosted trees: rank and weighted losses order what they have not seen") {
  const problem seen(1), unseen(2);
  const auto agreement = [&](const boosted_trees& model) {
    double right = 0, pairs = 0;
    for (std::size_t a = 0; a < 400; ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        if (std::abs(unseen.wanted[a] - unseen.wanted[b]) < 1e-6) continue;
        const bool less = model.predict(unseen.rows.row(a)) < model.predict(unseen.rows.row(b));
        right += less == (unseen.wanted[a] < unseen.wanted[b]) ? 1 : 0;
        ++pairs;
      }
    }
    return right / pairs;
  };
  boosting_options options;
  options.rounds = 50;
  boosted_trees model;
  rank_loss ranks(seen.wanted);
  model.train(seen.rows, ranks, options);
  CHECK(agreement(model) > 0.9);
  sequence<std::size_t> ends;
  for (std::size_t row = 0; row < 400; ++row) ends.push_back(row + 1);
  squared_loss weighted(seen.wanted, seen.wanted);
  summed_loss programs(weighted, ends);
  model.train(seen.rows, programs, options);
  CHECK(agreement(model) > 0.9);
}

TEST_CASE("boosted trees: statements add up to programs") {
  // Programs of one to three statements; what a statement costs is its only feature.
  random_engine engine(3);
  feature_rows rows{1, {}};
  sequence<std::size_t> ends;
  sequence<double> wanted;
  for (int program = 0; program < 200; ++program) {
    double sum = 0;
    for (std::uint32_t n = 0; n <= engine.below(3); ++n) {
      const auto cost = static_cast<float>(engine.below(8));
      rows.values.push_back(cost);
      sum += 0.04 * cost;
    }
    ends.push_back(rows.rows());
    wanted.push_back(sum);
  }
  squared_loss programs(wanted);
  summed_loss loss(programs, ends);
  boosted_trees model;
  model.train(rows, loss, {});
  for (int cost = 0; cost < 8; ++cost) {
    const float row[] = {static_cast<float>(cost)};
    CHECK(model.predict(row) == doctest::Approx(0.04 * cost).epsilon(0.02));
  }
}

TEST_CASE("boosted trees: more than 256 different values of a column") {
  feature_rows rows{1, {}};
  sequence<double> wanted;
  for (int n = 0; n < 2000; ++n) {
    rows.values.push_back(static_cast<float>(n));
    wanted.push_back(n < 1000 ? 0 : 1);
  }
  squared_loss loss(wanted);
  boosted_trees model;
  model.train(rows, loss, {});
  const float low[] = {980}, high[] = {1020}, beyond[] = {1e9F};
  CHECK(model.predict(low) == doctest::Approx(0).epsilon(0.01));
  CHECK(model.predict(high) == doctest::Approx(1).epsilon(0.01));
  CHECK(model.predict(beyond) == doctest::Approx(1).epsilon(0.01));
}

TEST_CASE("boosted trees: base predictions, no rows, constant columns") {
  const feature_rows rows{2, {1, 0, 1, 1}};
  const sequence<double> wanted{3, 5}, base{2, 2};
  squared_loss loss(wanted);
  boosting_options options;
  options.rounds = 1;
  options.rate = 1;
  options.lambda = 0;
  boosted_trees model;
  model.train(rows, loss, options, base);
  CHECK(model.predict(rows.row(0)) == doctest::Approx(1));  // what is missing from the base
  CHECK(model.predict(rows.row(1)) == doctest::Approx(3));
  model.train(feature_rows{2, {}}, loss, options);
  CHECK(model.size() == 0);
  CHECK(model.predict(rows.row(0)) == 0);
}
