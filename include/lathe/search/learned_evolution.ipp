/// @file
/// Bodies of learned_evolution.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/flat_map.hpp>
#include <lathe/search/learned_evolution.hpp>
#include <lathe/search/random.hpp>

#include <utility>

namespace lathe {
namespace detail {

/// Draws members in proportion to their scores; negative ones count as 0.
class roulette {
 public:
  explicit roulette(std::span<const double> scores) {
    double sum = 0;
    for (const double each : scores) {
      sum += each > 0 ? each : 0;
      sums_.push_back(sum);
    }
  }

  /// @pre there are members
  std::size_t draw(random_engine& engine) const {
    if (!(sums_.back() > 0)) return engine.below(static_cast<std::uint32_t>(sums_.size()));
    const double at = engine.uniform() * sums_.back();
    std::size_t low = 0, high = sums_.size() - 1;
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (sums_[middle] > at)
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  }

 private:
  sequence<double> sums_;
};

}  // namespace detail

LATHE_INLINE learned_evolution::learned_evolution(const strategy_setting& setting,
                                                  const learned_evolution_options& options)
    : planned_search(setting.space, setting.seed),
      options_(options),
      model_(setting, options.model) {}

LATHE_INLINE void learned_evolution::learn(std::span<const observation> trials) {
  for (const observation& trial : trials) {
    model_.add(trial);
    if (!trial.outcome.ok()) continue;
    const double seconds = trial.outcome.seconds();
    const member* place = measured_.begin();
    while (place != measured_.end() && !(seconds < place->score)) ++place;
    measured_.insert(place, {trial.at, seconds});
    if (measured_.size() > static_cast<std::size_t>(larger(options_.population, 1)))
      measured_.pop_back();
  }
}

LATHE_INLINE sequence<point> learned_evolution::first_generation() {
  const auto size = static_cast<std::size_t>(larger(options_.population, 1));
  sequence<point> out;
  const auto most = static_cast<std::size_t>(options_.measured_share * static_cast<double>(size));
  for (std::size_t n = 0; n < measured_.size() && n < most; ++n) out.push_back(measured_[n].at);
  for (std::size_t draws = 0; out.size() < size && draws < 16 * size; ++draws) {
    point drawn = random_point(space_, engine_);
    if (!space_.why_rejected(drawn)) out.push_back(std::move(drawn));
  }
  return out;
}

/// The best points of all generations that were not seen, best first.
LATHE_INLINE sequence<point> learned_evolution::breed() {
  const auto wanted = static_cast<std::size_t>(larger(options_.plan, 1));
  sequence<member> best;
  flat_set<std::uint64_t> met;
  sequence<point> generation = first_generation();
  for (int number = 0; !generation.empty(); ++number) {
    const sequence<double> scores = model_.score(generation);
    for (std::size_t n = 0; n < generation.size(); ++n) {
      const bool full = best.size() == wanted;
      if (full && !(scores[n] > best.back().score)) continue;
      const std::uint64_t hash = space_.hash(generation[n]);
      if (seen_.contains(hash) || !met.insert(hash)) continue;
      const member* place = best.begin();
      while (place != best.end() && !(scores[n] > place->score)) ++place;
      best.insert(place, {generation[n], scores[n]});
      if (best.size() > wanted) best.pop_back();
    }
    if (number == options_.generations) break;
    const detail::roulette parents(scores);
    sequence<point> children;
    for (std::size_t n = 0; n < generation.size(); ++n) {
      constexpr int attempts = 10;  // else the parent lives on
      const point& parent = generation[parents.draw(engine_)];
      point child = parent;
      bool changed = false;
      if (engine_.chance(options_.crossover)) {
        cross(child, generation[parents.draw(engine_)], engine_);
        changed = true;
      }
      if (engine_.chance(options_.mutation)) {
        mutate(space_, child, engine_, options_.variation);
        changed = true;
      }
      for (int attempt = 0; changed && space_.why_rejected(child); ++attempt) {
        child = parent;
        if (attempt == attempts) break;
        mutate(space_, child, engine_, options_.variation);
      }
      children.push_back(std::move(child));
    }
    generation = std::move(children);
  }
  sequence<point> out;
  for (member& each : best) out.push_back(std::move(each.at));
  return out;
}

LATHE_INLINE void learned_evolution::plan() {
  const bool enough = model_.size() >= static_cast<std::size_t>(larger(options_.first, 1));
  if (enough) model_.train();
  sequence<point> bred;
  if (model_.is_trained() && (enough || model_.has_past())) bred = breed();
  std::size_t next = 0;
  const int wanted = model_.is_trained() || enough ? options_.plan : options_.first;
  for (int n = 0; n < larger(wanted, 1); ++n) {
    bool added = false;
    if (!engine_.chance(options_.random_share))
      while (next < bred.size() && !added) added = add(bred[next++]);
    if (!added && !add_random()) break;
  }
}

}  // namespace lathe
