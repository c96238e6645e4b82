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
    float* const to = values_[number + 1].data();
    const float* const bias = weights_.data() + at.first + at.inputs * at.outputs;
    for (std::size_t out = 0; out < at.outputs; ++out) to[out] = bias[out];
    for (std::size_t in = 0; in < at.inputs; ++in) {
      if (from[in] == 0) continue;  // as half of what ReLU gives
      const float* const row = weights_.data() + at.first + in * at.outputs;
      for (std::size_t out = 0; out < at.outputs; ++out) to[out] += row[out] * from[in];
    }
    if (number + 1 == layers_.size()) break;
    for (std::size_t out = 0; out < at.outputs; ++out) to[out] = to[out] > 0 ? to[out] : 0;
  }
  return values_.back();
}

LATHE_INLINE void network::back_propagate(std::span<const float> slopes) {
  slopes_.assign(slopes.begin(), slopes.end());
  for (std::size_t number = layers_.size(); number-- > 0;) {
    const layer& at = layers_[number];
    const float* const from = values_[number].data();
    const float* const slope = slopes_.data();
    float* const bias = gradients_.data() + at.first + at.inputs * at.outputs;
    for (std::size_t out = 0; out < at.outputs; ++out) bias[out] += slope[out];
    next_slopes_.assign(at.inputs, 0);
    for (std::size_t in = 0; in < at.inputs; ++in) {
      if (from[in] == 0) continue;  // nor does anything pass back through a ReLU
      const float* const row = weights_.data() + at.first + in * at.outputs;
      float* const gradient = gradients_.data() + at.first + in * at.outputs;
      for (std::size_t out = 0; out < at.outputs; ++out) gradient[out] += slope[out] * from[in];
      if (number == 0) continue;
      float sum = 0;
      for (std::size_t out = 0; out < at.outputs; ++out) sum += slope[out] * row[out];
      next_slopes_[in] = sum;
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
