/// @file
/// FlexTensor's Q-method: good points are left in the direction that a network, trained on all
/// moves so far, expects most of. In: a space, a seed, the outcomes of its proposals. Called
/// through the strategy interface.
///
/// Zheng et al., ASPLOS 2020, section 5.1, by default: one network of four fully connected layers
/// with ReLU whose input is the point and whose outputs are the directions; a second one for
/// targets; reward (E_e - E_p) / E_p with E = 1 / time; AdaDelta; training every five trials. What
/// the paper leaves open is the released code's (alpha, epsilon) or ours (gamma, numbers of starts
/// and steps: what did best on the synthetic function of tests/search/rugged_space.hpp).
///
/// `released`: the code on GitHub. One network per decision, so that every starting point is left
/// in one direction per decision; reward tanh(gain in milliseconds), never negative; the fastest
/// points are the starting points until no neighbour is better; 20 epochs of training, seldom.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>
#include <lathe/model/network.hpp>
#include <lathe/search/directions.hpp>
#include <lathe/search/planned_search.hpp>
#include <lathe/search/point_vector.hpp>
#include <lathe/search/starting_points.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe {

/// Parameters of q_method.
struct q_method_options {
  int starts = 2;               ///< starting points of a trial
  int steps = 1;                ///< moves from each of them, one after the other
  double gamma = 20;            ///< of starting_points
  double alpha = 0.9;           ///< discount of what the next move gives
  double epsilon = 0.8;         ///< chance of a random direction at the start
  double epsilon_decay = 0.01;  ///< per trial, exponential
  double least_epsilon = 0.1;
  int warmup = 16;      ///< random points at the start
  int patience = 64;    ///< of stage_by_stage; 0 = all decisions at once
  int width = 64;       ///< outputs of the hidden layers
  int train_every = 5;  ///< [trials]
  int batches = 20;     ///< per training
  int batch = 32;       ///< moves per batch
  int replay = 1000;    ///< latest moves that are trained on
  adadelta_options step;
  flextensor_variant variant = flextensor_variant::paper;

  /// The defaults of the released code; its "every fifth of all trials" is every 20.
  static q_method_options released() {
    q_method_options out;
    out.starts = 8;
    out.gamma = 0.5;
    out.warmup = 200;
    out.patience = 0;
    out.train_every = 20;
    out.batches = 20 * 32;  // 20 epochs of 1000 moves
    out.step.rate = 0.02;
    out.variant = flextensor_variant::released;
    return out;
  }
};

/// The network and what it is trained on: the part that is the same for all decisions or, released,
/// there once for each.
class direction_learner {
 public:
  /// @param inputs  length of a point's vector
  /// @param directions  the directions that are outputs, of all of the space
  LATHE_INLINE direction_learner(std::size_t inputs, sequence<std::size_t> directions,
                                 std::uint64_t seed, const q_method_options& options);

  const sequence<std::size_t>& outputs() const { return directions_; }
  /// Expected reward of every output.
  std::span<const float> values(std::span<const float> at) { return network_.outputs(at); }
  /// Remembers a move along output number `output`. @param next  empty if it led to a failure
  LATHE_INLINE void remember(sequence<float> from, std::size_t output, double reward,
                             sequence<float> next);
  /// Trains on what is remembered, then makes the network its own target.
  LATHE_INLINE void train(random_engine& engine);

 private:
  struct move {
    sequence<float> from, next;
    std::size_t output;
    float reward;
  };

  q_method_options options_;
  sequence<std::size_t> directions_;
  network network_, target_;
  sequence<move> memory_;
  std::size_t oldest_ = 0;
};

/// A trial is `starts` points and `steps` moves from each.
class q_method final : public planned_search {
 public:
  LATHE_INLINE q_method(const search_space& space, std::uint64_t seed,
                        const q_method_options& options = {});

  /// The direction that is expected to be best from a point, number in directions().
  LATHE_INLINE std::size_t best_direction(const point& from);

 protected:
  LATHE_INLINE void plan() override;
  LATHE_INLINE void learn(std::span<const observation> trials) override;

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  struct planned_move {                      // how a point of the plan came about
    std::size_t learner = none, output = 0;  // none: it was drawn
    point from;
    double from_seconds = 0;   // of `from` if after == none
    std::size_t after = none;  // number of `from` in the plan
    std::size_t start = none;  // in evaluated_
  };

  LATHE_INLINE bool add_move(std::size_t learner, const point& from, double seconds,
                             std::size_t after, std::size_t start);
  LATHE_INLINE sequence<std::size_t> starts();
  LATHE_INLINE double reward(double from, double to) const;
  LATHE_INLINE void add_moves();
  sequence<float> vector_of(const point& at) const {
    return point_vector<float>(space_, at, unordered_as::choices);
  }

  q_method_options options_;
  directions directions_;
  starting_points evaluated_;
  stage_by_stage stages_;
  sequence<direction_learner> learners_;
  sequence<planned_move> moves_;
  int trials_ = 0;
  bool warm_ = false;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/q_method.ipp>
#endif
