/// @file
/// Bodies of network.hpp.
#pragma once

#include <lathe/core/math.hpp>
#include <lathe/core/random.hpp>
#include <lathe/model/network.hpp>

namespace lathe {

LATHE_INLINE network::network(std::span<const std::size_t> widths, std::uint64_t seed) {
  random_engine engine(seed);
  for (std::size_t n = 0; n + 1 < widths.size(); ++n) {
    const layer made{widths[n], widths[n + 1], weights_.size()};
    layers_.push_back(made);
    const double bound = math::sqrt(6.0 / static_cast<double>(made.inputs));
    for (std::size_t k = 0; k < made.inputs * made.outputs; ++k)
      weights_.push_back(static_cast<float>(bound * (2 * engine.uniform() - 1)));
    weights_.resize(weights_.size() + made.outputs);
  }
  gradients_.resize(weights_.size());
  squares_.resize(weights_.size());
  steps_.resize(weights_.size());
  for (const std::size_t width : widths) values_.emplace_back(width);
}

LATHE_INLINE std::span<const float> network::outputs(std::span<const float> inputs) {
  for (std::size_t n = 0; n < inputs.size(); ++n) values_[0][n] = inputs[n];
  for (std::size_t number = 0; number < layers_.size(); ++number) {
    const layer& at = layers_[number];
    const float* const from = values_[number].data();
    const float* const bias = weights_.data() + at.first + at.inputs * at.outputs;
    const bool last = number + 1 == layers_.size();
    for (std::size_t out = 0; out < at.outputs; ++out) {
      const float* const row = weights_.data() + at.first + out * at.inputs;
      float sum = bias[out];
      for (std::size_t in = 0; in < at.inputs; ++in) sum += row[in] * from[in];
      values_[number + 1][out] = last || sum > 0 ? sum : 0;
    }
  }
  return values_.back();
}

LATHE_INLINE void network::back_propagate(std::span<const float> slopes) {
  slopes_.assign(slopes.begin(), slopes.end());
  for (std::size_t number = layers_.size(); number-- > 0;) {
    const layer& at = layers_[number];
    const float* const from = values_[number].data();
    float* const bias = gradients_.data() + at.first + at.inputs * at.outputs;
    next_slopes_.assign(at.inputs, 0);
    for (std::size_t out = 0; out < at.outputs; ++out) {
      const float slope = slopes_[out];
      if (slope == 0) continue;
      const float* const row = weights_.data() + at.first + out * at.inputs;
      float* const gradient = gradients_.data() + at.first + out * at.inputs;
      bias[out] += slope;
      float* const below = next_slopes_.data();
      for (std::size_t in = 0; in < at.inputs; ++in) {
        gradient[in] += slope * from[in];
        below[in] += slope * row[in];
      }
    }
    if (number > 0) {
      for (std::size_t in = 0; in < at.inputs; ++in)
        if (!(from[in] > 0)) next_slopes_[in] = 0;  // ReLU
    }
    slopes_.swap(next_slopes_);
  }
}

LATHE_INLINE void network::step(const adadelta_options& options) {
  const auto rate = static_cast<float>(options.rate);
  const auto decay = static_cast<float>(options.decay);
  const auto tiny = static_cast<float>(options.tiny);
  for (std::size_t n = 0; n < weights_.size(); ++n) {
    const float gradient = gradients_[n];
    squares_[n] = decay * squares_[n] + (1 - decay) * gradient * gradient;
    const float step = math::sqrt((steps_[n] + tiny) / (squares_[n] + tiny)) * gradient;
    steps_[n] = decay * steps_[n] + (1 - decay) * step * step;
    weights_[n] -= rate * step;
    gradients_[n] = 0;
  }
}

}  // namespace lathe
