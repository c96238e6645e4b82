/// @file
/// Bodies of losses.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/model/losses.hpp>

namespace lathe {

LATHE_INLINE double squared_loss::value(std::span<const double> predictions) const {
  double sum = 0;
  for (std::size_t row = 0; row < wanted_.size(); ++row) {
    const double off = predictions[row] - wanted_[row];
    sum += weight(row) * off * off / 2;
  }
  return sum;
}

LATHE_INLINE void squared_loss::slopes(std::span<const double> predictions,
                                       std::span<loss_slope> slopes) {
  for (std::size_t row = 0; row < wanted_.size(); ++row)
    slopes[row] = {weight(row) * (predictions[row] - wanted_[row]), weight(row)};
}

LATHE_INLINE double rank_loss::value(std::span<const double> predictions) const {
  double sum = 0;
  for (std::size_t better = 0; better < worth_.size(); ++better) {
    for (std::size_t other = 0; other < worth_.size(); ++other) {
      if (!(worth_[better] > worth_[other])) continue;
      sum += math::log(1 + math::exp(-(predictions[better] - predictions[other])));
    }
  }
  return sum / static_cast<double>(larger<std::size_t>(worth_.size(), 1));
}

LATHE_INLINE void rank_loss::slopes(std::span<const double> predictions,
                                    std::span<loss_slope> slopes) {
  const double scale = 1 / static_cast<double>(larger<std::size_t>(worth_.size(), 1));
  // exp(-(a - b)) = exp(-a) exp(b), about the mean so that neither overflows.
  double mean = 0;
  for (const double each : predictions) mean += each * scale;
  sequence<double> up;
  for (const double each : predictions)
    up.push_back(math::exp(clamped(each - mean, -300.0, 300.0)));
  for (loss_slope& each : slopes) each = {};
  for (std::size_t better = 0; better < worth_.size(); ++better) {
    for (std::size_t other = 0; other < worth_.size(); ++other) {
      if (!(worth_[better] > worth_[other])) continue;
      const double wrong = up[other] / (up[better] + up[other]);  // chance of the wrong order
      const double curve = wrong * (1 - wrong) * scale;
      slopes[better].gradient -= wrong * scale;
      slopes[other].gradient += wrong * scale;
      slopes[better].hessian += curve;
      slopes[other].hessian += curve;
    }
  }
}

LATHE_INLINE sequence<double> summed_loss::sums(std::span<const double> predictions) const {
  sequence<double> out;
  std::size_t row = 0;
  for (const std::size_t end : ends_) {
    double sum = 0;
    for (; row < end; ++row) sum += predictions[row];
    out.push_back(sum);
  }
  return out;
}

LATHE_INLINE double summed_loss::value(std::span<const double> predictions) const {
  return programs_.value(sums(predictions));
}

LATHE_INLINE void summed_loss::slopes(std::span<const double> predictions,
                                      std::span<loss_slope> slopes) {
  sequence<loss_slope> of_programs(ends_.size());
  programs_.slopes(sums(predictions), of_programs);
  std::size_t row = 0;
  for (std::size_t number = 0; number < ends_.size(); ++number)
    for (; row < ends_[number]; ++row) slopes[row] = of_programs[number];
}

}  // namespace lathe
