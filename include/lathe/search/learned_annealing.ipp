/// @file
/// Bodies of learned_annealing.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/search/learned_annealing.hpp>

#include <cstddef>

namespace lathe {

LATHE_INLINE sequence<std::size_t> select_diverse(std::span<const point> candidates,
                                                  std::span<const double> scores, int count,
                                                  double diversity) {
  double least = 0, most = 0;
  for (std::size_t n = 0; n < scores.size(); ++n) {
    if (n == 0 || scores[n] < least) least = scores[n];
    if (n == 0 || scores[n] > most) most = scores[n];
  }
  const double scale = most > least ? 1 / (most - least) : 0;
  const std::size_t sites = candidates.empty() ? 0 : candidates[0].choices.size();
  flat_set<std::uint64_t> taken;  // site and choice
  const auto pair_of = [](std::size_t site, std::int32_t choice) {
    return std::uint64_t{site} << 32 | static_cast<std::uint32_t>(choice);
  };
  sequence<std::size_t> selected;
  sequence<std::size_t> left;
  for (std::size_t n = 0; n < candidates.size(); ++n) left.push_back(n);
  while (!left.empty() && selected.size() < static_cast<std::size_t>(larger(count, 0))) {
    std::size_t best = 0;
    double best_gain = 0;
    for (std::size_t n = 0; n < left.size(); ++n) {
      double gain = (scores[left[n]] - least) * scale;
      if (diversity > 0)
        for (std::size_t site = 0; site < sites; ++site)
          if (!taken.contains(pair_of(site, candidates[left[n]].choices[site]))) gain += diversity;
      if (n > 0 && !(gain > best_gain)) continue;
      best = n;
      best_gain = gain;
    }
    for (std::size_t site = 0; site < sites; ++site)
      taken.insert(pair_of(site, candidates[left[best]].choices[site]));
    selected.push_back(left[best]);
    left.erase(left.begin() + best);
  }
  return selected;
}

LATHE_INLINE learned_annealing::learned_annealing(const strategy_setting& setting,
                                                  const learned_annealing_options& options)
    : planned_search(setting.space, setting.seed),
      options_(options),
      model_(setting, options.model) {}

LATHE_INLINE void learned_annealing::plan() {
  const int wanted = larger(options_.plan, 1);
  sequence<point> chosen;
  const bool enough = model_.size() >= static_cast<std::size_t>(wanted);
  if (enough) model_.train();
  if (model_.is_trained() && (enough || model_.has_past())) {
    const sequence<point> found =
        annealed_best(space_, model_, wanted * larger(options_.candidates, 1), seen_, engine_,
                      chains_, options_.annealer);
    sequence<point> promising;
    for (const point& each : found)
      if (!space_.why_rejected(each)) promising.push_back(each);
    const sequence<double> scores = model_.score(promising);
    for (const std::size_t number : select_diverse(promising, scores, wanted, options_.diversity))
      chosen.push_back(promising[number]);
  }
  std::size_t next = 0;
  for (int n = 0; n < wanted; ++n) {
    bool added = false;
    if (!engine_.chance(options_.random_share))
      while (next < chosen.size() && !added) added = add(chosen[next++]);
    if (!added && !add_random()) break;
  }
}

LATHE_INLINE void learned_annealing::learn(std::span<const observation> trials) {
  for (const observation& trial : trials) model_.add(trial);
}

}  // namespace lathe
