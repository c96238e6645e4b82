/// @file
/// Bodies of q_method.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/search/q_method.hpp>

#include <array>
#include <utility>

namespace lathe {
namespace detail {

/// Four layers.
LATHE_INLINE std::array<std::size_t, 5> q_network_widths(std::size_t inputs, int width,
                                                         std::size_t outputs) {
  const auto hidden = static_cast<std::size_t>(larger(width, 1));
  return {inputs, hidden, hidden, hidden, outputs};
}

}  // namespace detail

LATHE_INLINE direction_learner::direction_learner(std::size_t inputs,
                                                  sequence<std::size_t> directions,
                                                  std::uint64_t seed,
                                                  const q_method_options& options)
    : options_(options),
      directions_(std::move(directions)),
      network_(detail::q_network_widths(inputs, options.width, directions_.size()), seed),
      target_(network_) {}

LATHE_INLINE void direction_learner::remember(sequence<float> from, std::size_t output,
                                              double reward, sequence<float> next) {
  move made{std::move(from), std::move(next), output, static_cast<float>(reward)};
  const auto most = static_cast<std::size_t>(larger(options_.replay, 1));
  if (memory_.size() < most) {
    memory_.push_back(std::move(made));
  } else {
    memory_[oldest_] = std::move(made);
    oldest_ = (oldest_ + 1) % most;
  }
}

LATHE_INLINE void direction_learner::train(random_engine& engine) {
  if (memory_.empty()) return;
  const auto moves = static_cast<std::uint32_t>(memory_.size());
  const auto batch = smaller(static_cast<std::uint32_t>(options_.batch), moves);
  const bool by_epoch = options_.variant == flextensor_variant::released;
  const int epoch = larger(1, static_cast<int>(moves / larger(batch, 1U)));
  sequence<float> slopes(directions_.size());
  for (int number = 0; number < options_.batches; ++number) {
    for (std::uint32_t n = 0; n < batch; ++n) {
      const move& made = memory_[engine.below(moves)];
      float wanted = made.reward;
      if (!made.next.empty()) {
        const std::span<const float> next = target_.outputs(made.next);
        float most = next[0];
        for (const float each : next) most = larger(most, each);
        wanted += static_cast<float>(options_.alpha) * most;
      }
      const float off = network_.outputs(made.from)[made.output] - wanted;
      slopes[made.output] = 2 * off / static_cast<float>(batch);
      network_.back_propagate(slopes);
      slopes[made.output] = 0;
    }
    network_.step(options_.step);
    if (by_epoch && (number + 1) % epoch == 0) target_.copy_weights(network_);
  }
  target_.copy_weights(network_);
}

LATHE_INLINE q_method::q_method(const search_space& space, std::uint64_t seed,
                                const q_method_options& options)
    : planned_search(space, seed),
      options_(options),
      directions_(space),
      evaluated_(options.variant, options.gamma),
      stages_(space, options.patience) {
  point first;
  first.choices.resize(space.sites.size());
  const std::size_t inputs = vector_of(first).size();
  sequence<std::size_t> outputs;
  for (std::size_t along = 0; along < directions_.size(); ++along) {
    outputs.push_back(along);
    const bool last = along + 1 == directions_.size() ||
                      (options.variant == flextensor_variant::released &&
                       directions_.site_of(along) != directions_.site_of(along + 1));
    if (!last) continue;
    learners_.emplace_back(inputs, std::move(outputs), engine_.next(), options);
    outputs = {};
  }
}

LATHE_INLINE std::size_t q_method::best_direction(const point& from) {
  const sequence<float> at = vector_of(from);
  std::size_t best = none;
  float most = 0;
  for (direction_learner& learner : learners_) {
    const std::span<const float> values = learner.values(at);
    for (std::size_t output = 0; output < values.size(); ++output) {
      const std::size_t along = learner.outputs()[output];
      if (!directions_.step(from, along) || (best != none && !(values[output] > most))) continue;
      best = along;
      most = values[output];
    }
  }
  return best;
}

/// The unvisited neighbour in the best open direction, or with probability epsilon a random one.
LATHE_INLINE bool q_method::add_move(std::size_t number, const point& from, double seconds,
                                     std::size_t after, std::size_t start) {
  direction_learner& learner = learners_[number];
  const sequence<std::size_t>& along = learner.outputs();
  sequence<std::size_t> order;
  for (std::size_t output = 0; output < along.size(); ++output)
    if (stages_.is_open(directions_.site_of(along[output]))) order.push_back(output);
  const double epsilon = larger(options_.least_epsilon,
                                options_.epsilon * math::exp(-options_.epsilon_decay * trials_));
  if (engine_.chance(epsilon)) {
    for (std::size_t n = order.size(); n > 1; --n)
      std::swap(order[n - 1], order[engine_.below(static_cast<std::uint32_t>(n))]);
  } else {
    const std::span<const float> values = learner.values(vector_of(from));
    sort(order, [&](std::size_t left, std::size_t right) { return values[left] > values[right]; });
  }
  for (const std::size_t output : order) {
    const auto next = directions_.step(from, along[output]);
    if (!next || !add(*next)) continue;
    moves_.push_back({number, output, from, seconds, after, start});
    return true;
  }
  return false;
}

LATHE_INLINE sequence<std::size_t> q_method::starts() {
  const auto count = static_cast<std::size_t>(larger(options_.starts, 1));
  if (options_.variant == flextensor_variant::released) return evaluated_.fastest(count);
  sequence<std::size_t> chosen;
  while (chosen.size() < count) {
    const std::size_t start = evaluated_.choose(engine_);
    if (start == evaluated_.size()) break;
    chosen.push_back(start);
  }
  return chosen;
}

LATHE_INLINE void q_method::add_moves() {
  for (const std::size_t start : starts()) {
    bool moved = false;
    for (std::size_t learner = 0; learner < learners_.size(); ++learner) {
      point from = evaluated_[start].at;
      double seconds = evaluated_[start].seconds;
      std::size_t after = none;
      for (int step = 0; step < options_.steps; ++step) {
        if (!add_move(learner, from, seconds, after, start)) break;
        moved = true;
        after = moves_.size() - 1;
        from = *directions_.step(from, learners_[learner].outputs()[moves_.back().output]);
        seconds = 0;  // not known yet
      }
    }
    // With all decisions open: every neighbour was visited.
    if (!moved && stages_.phases() < 2) evaluated_.retire(start);
  }
}

LATHE_INLINE void q_method::plan() {
  moves_.clear();
  const auto add_drawn = [&](int count) {
    for (int n = 0; n < count && add_random(); ++n) moves_.push_back({});
  };
  if (!warm_) {
    warm_ = true;
    add_drawn(options_.warmup);
    if (planned() > 0) return;
  }
  if (trials_ > 0 && trials_ % larger(options_.train_every, 1) == 0) {
    for (direction_learner& learner : learners_) learner.train(engine_);
    if (options_.variant == flextensor_variant::released) add_drawn(options_.starts);
  }
  ++trials_;
  for (std::size_t phase = 0; phase <= stages_.phases(); ++phase) {
    constexpr int most_rounds = 8;  // starting points without open neighbours
    for (int round = 0; round < most_rounds && planned() == 0; ++round) add_moves();
    if (planned() > 0) break;
    stages_.next();
  }
  if (planned() == 0) add_drawn(larger(options_.starts, 1));
}

LATHE_INLINE double q_method::reward(double from, double to) const {
  if (options_.variant == flextensor_variant::released)
    return math::tanh(1e3 * larger(from - to, 0.0));
  return from / to - 1;  // (E_e - E_p) / E_p, -1 for a failure
}

LATHE_INLINE void q_method::learn(std::span<const observation> trials) {
  sequence<std::size_t> left;  // starting points, and whether some neighbour was better
  sequence<std::size_t> improved;
  // Points that others chose come before ours, if at all.
  const std::size_t foreign = trials.size() - smaller(trials.size(), moves_.size());
  for (std::size_t n = 0; n < trials.size(); ++n) {
    const double seconds = trials[n].outcome.seconds();
    stages_.note(seconds);
    if (n >= foreign && moves_[n - foreign].learner != none) {
      const planned_move& made = moves_[n - foreign];
      const double before =
          made.after == none ? made.from_seconds : trials[foreign + made.after].outcome.seconds();
      if (math::isfinite(before))
        learners_[made.learner].remember(
            vector_of(made.from), made.output, reward(before, seconds),
            math::isfinite(seconds) ? vector_of(trials[n].at) : sequence<float>{});
      left.push_back(made.start);
      if (seconds < before) improved.push_back(made.start);
    }
    if (trials[n].outcome.ok()) evaluated_.add(trials[n].at, seconds, engine_);
  }
  moves_.clear();
  if (options_.variant != flextensor_variant::released) return;
  for (const std::size_t start : left)
    if (!contains(improved, start)) evaluated_.retire(start);
}

}  // namespace lathe
