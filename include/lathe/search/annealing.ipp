/// @file
/// Bodies of annealing.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/search/annealing.hpp>
#include <lathe/search/random.hpp>

#include <utility>

namespace lathe {

LATHE_INLINE annealing_search::annealing_search(const search_space& space, std::uint64_t seed,
                                                const annealing_options& options)
    : planned_search(space, seed),
      options_(options),
      directions_(space),
      temperature_(options.temperature) {}

LATHE_INLINE void annealing_search::plan() {
  moved_.clear();
  const auto wanted = static_cast<std::size_t>(larger(options_.chains, 1));
  for (std::size_t number = 0; number < wanted; ++number) {
    bool moved = false;
    if (number < chains_.size() && directions_.size() > 0) {
      const std::size_t first = engine_.below(static_cast<std::uint32_t>(directions_.size()));
      for (std::size_t n = 0; n < directions_.size() && !moved; ++n) {
        const auto next = directions_.step(chains_[number].at, (first + n) % directions_.size());
        moved = next && add(*next);
      }
      if (!moved) chains_[number].seconds = std::numeric_limits<double>::infinity();
    }
    if (!moved && !add_random()) return;
    moved_.push_back(number);
  }
}

LATHE_INLINE void annealing_search::learn(std::span<const observation> trials) {
  for (std::size_t n = 0; n < trials.size(); ++n) {
    const double seconds = trials[n].outcome.seconds();
    const std::size_t number = n < moved_.size() ? moved_[n] : chains_.size();
    if (number >= chains_.size()) {  // a new chain, or a point that somebody else chose
      if (chains_.size() < static_cast<std::size_t>(options_.chains))
        chains_.push_back({trials[n].at, seconds});
      continue;
    }
    chain& walker = chains_[number];
    const bool better = !(seconds > walker.seconds);
    const double loss = better ? 0 : math::log(seconds / walker.seconds);
    if (better || engine_.uniform() < math::exp(-loss / temperature_))
      walker = {trials[n].at, seconds};
  }
  if (!moved_.empty()) temperature_ *= options_.cooling;
  moved_.clear();
}

LATHE_INLINE sequence<point> annealed_best(const search_space& space, point_scorer& scorer,
                                           int count, const seen_points& seen,
                                           random_engine& engine, sequence<point>& starts,
                                           const annealer_options& options) {
  struct found {
    double score;
    std::uint64_t hash;
    point at;
  };
  sequence<found> best;  // best first
  int since_change = 0;
  const auto offer = [&](const point& at, double score) {
    const bool full = best.size() == static_cast<std::size_t>(count);
    if (count < 1 || (full && !(score > best.back().score))) return;
    const std::uint64_t hash = space.hash(at);
    if (seen.contains(hash)) return;
    for (const found& each : best)
      if (each.hash == hash) return;
    std::size_t place = best.size();
    while (place > 0 && score > best[place - 1].score) --place;
    best.insert(best.begin() + place, {score, hash, at});
    if (best.size() > static_cast<std::size_t>(count)) best.pop_back();
    since_change = 0;
  };

  sequence<std::size_t> free;  // decisions that there are
  for (std::size_t index = 0; index < space.sites.size(); ++index)
    if (space.sites[index].choices > 1) free.push_back(index);
  while (starts.size() < static_cast<std::size_t>(options.chains))
    starts.push_back(random_point(space, engine));
  sequence<double> scores = scorer.score(starts);
  for (std::size_t n = 0; n < starts.size(); ++n) offer(starts[n], scores[n]);
  for (int step = 0; step < options.steps && since_change < options.patience; ++step) {
    if (free.empty()) break;
    ++since_change;
    const double share = static_cast<double>(step) / options.steps;
    const double temperature = options.temperature * (1 - share) + 1e-5;
    sequence<point> moved = starts;
    for (point& each : moved) {
      const std::size_t index = free[engine.below(static_cast<std::uint32_t>(free.size()))];
      const auto others = static_cast<std::uint32_t>(space.sites[index].choices - 1);
      std::int32_t& choice = each.choices[index];
      const auto drawn = static_cast<std::int32_t>(engine.below(others));
      choice = drawn < choice ? drawn : drawn + 1;
    }
    const sequence<double> reached = scorer.score(moved);
    for (std::size_t n = 0; n < moved.size(); ++n) {
      offer(moved[n], reached[n]);
      if (engine.uniform() < math::exp((reached[n] - scores[n]) / temperature)) {
        starts[n] = std::move(moved[n]);
        scores[n] = reached[n];
      }
    }
  }
  sequence<point> out;
  for (found& each : best) out.push_back(std::move(each.at));
  return out;
}

}  // namespace lathe
