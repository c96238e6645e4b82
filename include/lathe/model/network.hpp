/// @file
/// Small fully connected networks with ReLU between their layers. In: rows of numbers and the
/// derivatives of a loss by the outputs. Out: outputs. One thread, deterministic under a seed.
/// Called by q_method.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// Parameters of AdaDelta (Zeiler, 2012).
struct adadelta_options {
  double rate = 1;     ///< factor of every step; the released FlexTensor has 0.02
  double decay = 0.9;  ///< of both running means (rho)
  double tiny = 1e-6;  ///< keeps the first steps from being zero
};

/// Layers of widths[0] inputs, then widths[1], ... outputs; the last layer is linear.
class network {
 public:
  /// Weights are drawn uniformly from +-sqrt(6 / inputs) of their layer (He et al., 2015), biases
  /// are 0.
  LATHE_INLINE network(std::span<const std::size_t> widths, std::uint64_t seed);

  /// The outputs for one row; they live until the next call.
  LATHE_INLINE std::span<const float> outputs(std::span<const float> inputs);

  /// Adds the gradient of a loss to what step() will follow.
  /// @param slopes  derivative of the loss by every output of the last call of outputs()
  LATHE_INLINE void back_propagate(std::span<const float> slopes);

  /// Moves against the gradients that were added since the last step, and forgets them.
  LATHE_INLINE void step(const adadelta_options& options);

  /// All weights, layer by layer: for each of its inputs the weights of its outputs, then the
  /// biases. Optimizer state is not part of them.
  std::span<float> weights() { return weights_; }
  /// The derivative by each of them, as added since the last step.
  std::span<const float> gradients() const { return gradients_; }
  /// Takes the weights of a network of the same widths.
  void copy_weights(const network& other) { weights_ = other.weights_; }

 private:
  struct layer {
    std::size_t inputs, outputs, first;  // first weight
  };

  sequence<layer> layers_;
  sequence<float> weights_, gradients_;
  sequence<float> squares_, steps_;   // AdaDelta's running means
  sequence<sequence<float>> values_;  // inputs of every layer, then the outputs
  sequence<float> slopes_, next_slopes_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/model/network.ipp>
#endif
