/// @file
/// Bodies of policy_gradient.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/search/policy_gradient.hpp>

namespace lathe {

LATHE_INLINE policy_gradient::policy_gradient(const search_space& space, std::uint64_t seed,
                                              const policy_gradient_options& options)
    : planned_search(space, seed), options_(options) {
  for (const site& each : space.sites) logits_.emplace_back(static_cast<std::size_t>(each.choices));
}

LATHE_INLINE double policy_gradient::probability(std::size_t site, std::int32_t choice) const {
  double largest = logits_[site][0].value, sum = 0;
  for (const weight& each : logits_[site]) largest = larger(largest, each.value);
  for (const weight& each : logits_[site]) sum += math::exp(each.value - largest);
  return math::exp(logits_[site][static_cast<std::size_t>(choice)].value - largest) / sum;
}

LATHE_INLINE void policy_gradient::plan() {
  constexpr int attempts = 32;  // a policy that is sure of itself draws what was seen
  point drawn;
  drawn.choices.resize(space_.sites.size());
  while (planned() < static_cast<std::size_t>(larger(options_.batch, 1))) {
    bool added = false;
    for (int attempt = 0; attempt < attempts && !added; ++attempt) {
      for (std::size_t index = 0; index < drawn.choices.size(); ++index) {
        double left = engine_.uniform();
        std::int32_t choice = 0;
        while (choice + 1 < space_.sites[index].choices &&
               (left -= probability(index, choice)) >= 0)
          ++choice;
        drawn.choices[index] = choice;
      }
      added = add(drawn);
    }
    if (!added && !add_random()) return;
  }
}

LATHE_INLINE void policy_gradient::learn(std::span<const observation> trials) {
  double mean = 0, slowest = 0;
  int successes = 0;
  for (const observation& trial : trials) {
    if (!trial.outcome.ok()) continue;
    mean += trial.outcome.seconds();
    slowest = larger(slowest, trial.outcome.seconds());
    ++successes;
  }
  if (successes == 0) return;  // nothing is better than anything else
  mean /= successes;
  for (const observation& trial : trials) {
    const double seconds = trial.outcome.ok() ? trial.outcome.seconds() : slowest;
    const double advantage = math::log(mean / seconds) / static_cast<double>(trials.size());
    for (std::size_t index = 0; index < logits_.size(); ++index) {
      for (std::int32_t choice = 0; choice < space_.sites[index].choices; ++choice) {
        const double taken = trial.at.choices[index] == choice ? 1 : 0;
        logits_[index][static_cast<std::size_t>(choice)].gradient +=
            advantage * (taken - probability(index, choice));
      }
    }
  }
  ascend();
}

LATHE_INLINE void policy_gradient::ascend() {
  constexpr double first_decay = 0.9, second_decay = 0.999, tiny = 1e-8;
  const double share = 1 - static_cast<double>(updates_) / larger(options_.cooling, 1);
  const double bonus = options_.entropy * larger(0.0, share);
  ++updates_;
  const double first = 1 - math::pow(first_decay, static_cast<double>(updates_));
  const double second = 1 - math::pow(second_decay, static_cast<double>(updates_));
  for (std::size_t index = 0; index < logits_.size(); ++index) {
    sequence<double> chances;
    double entropy = 0;
    for (std::int32_t choice = 0; choice < space_.sites[index].choices; ++choice) {
      chances.push_back(probability(index, choice));
      entropy -= chances.back() * math::log(larger(chances.back(), 1e-300));
    }
    for (std::size_t choice = 0; choice < chances.size(); ++choice) {
      weight& each = logits_[index][choice];
      // d entropy / d logit = -p (log p + entropy)
      each.gradient -=
          bonus * chances[choice] * (math::log(larger(chances[choice], 1e-300)) + entropy);
      each.mean = first_decay * each.mean + (1 - first_decay) * each.gradient;
      each.square = second_decay * each.square + (1 - second_decay) * each.gradient * each.gradient;
      each.value += options_.rate * (each.mean / first) / (math::sqrt(each.square / second) + tiny);
      each.gradient = 0;
    }
  }
}

}  // namespace lathe
