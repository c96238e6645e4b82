/// @file
/// Our boosted trees against XGBoost's on the same data, with the same derivatives of the same
/// losses. In: nothing. Out: a table of errors on rows that neither has seen and of training times;
/// exit status 1 if ours are worse by more than 2 %, or if predictions differ where they should
/// not.
#include <lathe/core/random.hpp>
#include <lathe/model/boosted_trees.hpp>
#include <lathe/model/losses.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>
#include <xgboost/c_api.h>

namespace {

using lathe::boosted_trees;
using lathe::boosting_options;
using lathe::feature_rows;
using lathe::loss_slope;
using lathe::training_loss;

void require(int status) {
  if (status == 0) return;
  std::fprintf(stderr, "XGBoost: %s\n", XGBGetLastError());
  std::exit(2);
}

/// Rows like those of schedules: powers of two and small numbers, and a throughput that depends on
/// several at a time, with noise.
struct problem {
  problem(std::uint64_t seed, std::size_t count, std::size_t columns, bool continuous)
      : rows{columns, {}} {
    lathe::random_engine engine(seed);
    for (std::size_t row = 0; row < count; ++row) {
      std::vector<double> x;
      for (std::size_t n = 0; n < columns; ++n) {
        x.push_back(continuous ? 12 * engine.uniform() : engine.below(12));
        rows.values.push_back(static_cast<float>(x.back()));
      }
      double loss = 0.03 * std::pow(x[0] - 7, 2) + 0.03 * std::pow(x[1] - 6, 2) +
                    0.02 * std::pow(x[2] - x[0], 2) + (x[3] > 6 && x[4] > 3 ? 1 : 0);
      loss += 0.2 * engine.uniform();
      throughput.push_back(1 / (1 + loss));
    }
    // Programs of one to three statements.
    for (std::size_t row = 0; row < count;) {
      row = std::min(count, row + 1 + engine.below(3));
      double sum = 0;
      for (std::size_t n = ends.empty() ? 0 : ends.back(); n < row; ++n) sum += throughput[n];
      ends.push_back(row);
      programs.push_back(sum / 3);
    }
  }
  feature_rows rows;
  lathe::sequence<double> throughput;  // per row
  lathe::sequence<std::size_t> ends;   // of programs
  lathe::sequence<double> programs;    // throughput of each
};

class xgboost {
 public:
  xgboost(const feature_rows& rows, const boosting_options& options, const char* method)
      : matrix_(make(rows)) {
    require(XGBoosterCreate(&matrix_, 1, &booster_));
    const auto set = [&](const char* name, const std::string& value) {
      require(XGBoosterSetParam(booster_, name, value.c_str()));
    };
    set("tree_method", method);
    set("nthread", "1");
    set("base_score", "0");
    set("max_depth", std::to_string(options.depth));
    set("eta", std::to_string(options.rate));
    set("lambda", std::to_string(options.lambda));
    set("gamma", std::to_string(options.gamma));
    set("min_child_weight", std::to_string(options.least_weight));
    set("verbosity", "0");
  }
  ~xgboost() {
    XGBoosterFree(booster_);
    XGDMatrixFree(matrix_);
  }
  xgboost(const xgboost&) = delete;
  xgboost& operator=(const xgboost&) = delete;

  void train(training_loss& loss, int rounds, std::size_t rows) {
    std::vector<loss_slope> slopes(rows);
    std::vector<float> gradients(rows), hessians(rows);
    for (int round = 0; round < rounds; ++round) {
      const std::vector<double> at = round == 0 ? std::vector<double>(rows) : predict(matrix_);
      loss.slopes(at, slopes);
      for (std::size_t row = 0; row < rows; ++row) {
        gradients[row] = static_cast<float>(slopes[row].gradient);
        hessians[row] = static_cast<float>(slopes[row].hessian);
      }
      require(XGBoosterBoostOneIter(booster_, matrix_, gradients.data(), hessians.data(), rows));
    }
  }

  std::vector<double> predict(const feature_rows& rows) {
    const DMatrixHandle matrix = make(rows);
    std::vector<double> out = predict(matrix);
    XGDMatrixFree(matrix);
    return out;
  }

 private:
  static DMatrixHandle make(const feature_rows& rows) {
    DMatrixHandle out = nullptr;
    require(XGDMatrixCreateFromMat(rows.values.data(), rows.rows(), rows.columns, NAN, &out));
    return out;
  }
  std::vector<double> predict(DMatrixHandle matrix) {
    bst_ulong count = 0;
    const float* values = nullptr;
    constexpr int margin = 1;
    require(XGBoosterPredict(booster_, matrix, margin, 0, 0, &count, &values));
    return {values, values + count};
  }

  DMatrixHandle matrix_ = nullptr;
  BoosterHandle booster_ = nullptr;
};

double seconds_of(auto&& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

bool compare(const char* name, bool continuous, bool exact, const boosting_options& options) {
  const problem seen(1, 1000, 24, continuous), unseen(2, 1000, 24, continuous);
  const auto run = [&](auto&& make_loss) {
    auto on_seen = make_loss(seen), on_unseen = make_loss(unseen);
    boosted_trees ours;
    const double our_seconds = seconds_of([&] { ours.train(seen.rows, *on_seen, options); });
    // Ours cuts columns of more than 256 different values, as `hist` does.
    xgboost theirs(seen.rows, options, continuous ? "hist" : "exact");
    const double their_seconds =
        seconds_of([&] { theirs.train(*on_seen, options.rounds, seen.rows.rows()); });
    std::vector<double> our_values;
    for (std::size_t row = 0; row < unseen.rows.rows(); ++row)
      our_values.push_back(ours.predict(unseen.rows.row(row)));
    const std::vector<double> their_values = theirs.predict(unseen.rows);
    int same = 0;
    for (std::size_t row = 0; row < our_values.size(); ++row)
      same += std::abs(our_values[row] - their_values[row]) < 1e-5 ? 1 : 0;
    const double our_loss = on_unseen->value(our_values),
                 their_loss = on_unseen->value(their_values);
    const bool good = our_loss <= 1.05 * their_loss && (!exact || same >= 990);
    std::printf("%-28s %10.5f %10.5f %9.1f %% %9.1f %9.1f  %s\n", name, our_loss, their_loss,
                same / 10.0, 1e3 * our_seconds, 1e3 * their_seconds, good ? "" : "WORSE");
    return good;
  };
  const std::string kind = name;
  if (kind.starts_with("squared"))
    return run(
        [](const problem& of) { return std::make_unique<lathe::squared_loss>(of.throughput); });
  if (kind.starts_with("rank"))
    return run([](const problem& of) { return std::make_unique<lathe::rank_loss>(of.throughput); });
  struct program_loss final : training_loss {
    explicit program_loss(const problem& of)
        : squared(of.programs, of.programs), sums(squared, of.ends) {}
    double value(std::span<const double> at) const override { return sums.value(at); }
    void slopes(std::span<const double> at, std::span<loss_slope> out) override {
      sums.slopes(at, out);
    }
    lathe::squared_loss squared;
    lathe::summed_loss sums;
  };
  return run([](const problem& of) { return std::make_unique<program_loss>(of); });
}

}  // namespace

int main() {
  std::printf("%-28s %10s %10s %11s %9s %9s\n", "loss, columns", "ours", "XGBoost", "same",
              "ours ms", "theirs ms");
  bool good = true;
  good &= compare("squared, 12 values", false, false, {50, 6, 0.3, 1, 0, 1});
  good &= compare("squared, 12 values, pruned", false, true, {50, 6, 0.3, 1, 0.05, 1});
  good &= compare("squared, continuous", true, false, {50, 6, 0.3, 1, 0, 1});
  good &= compare("rank, 12 values", false, true, {50, 3, 0.3, 1, 1e-4, 1});
  good &= compare("rank, continuous", true, false, {50, 3, 0.3, 1, 1e-4, 1});
  good &= compare("program sums, 12 values", false, false, {50, 6, 0.2, 1, 1e-3, 0});
  good &= compare("program sums, continuous", true, false, {50, 6, 0.2, 1, 1e-3, 0});
  return good ? 0 : 1;
}
