/// @file
/// Bodies of bayesian_search.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/math.hpp>
#include <lathe/search/bayesian_search.hpp>
#include <lathe/search/directions.hpp>
#include <lathe/search/point_vector.hpp>
#include <lathe/search/random.hpp>

#include <limits>
#include <utility>

namespace lathe {

LATHE_INLINE double acquisition_value(acquisition how, const uncertain_value& predicted,
                                      double best, double exploration, double scale) {
  if (how == acquisition::bound) return exploration * predicted.deviation - predicted.mean;
  const double gain = best - exploration * scale - predicted.mean;
  constexpr double tiny = 1e-12;
  if (predicted.deviation < tiny * scale)
    return how == acquisition::improvement ? larger(gain, 0.0) : (gain > 0 ? 1.0 : 0.0);
  const double z = gain / predicted.deviation;
  const double chance = 0.5 * (1 + math::erf(z * math::sqrt(0.5)));
  if (how == acquisition::probability) return chance;
  const double density = math::exp(-z * z / 2) * 0.3989422804014327;  // 1 / sqrt(2 pi)
  return gain * chance + predicted.deviation * density;
}

LATHE_INLINE void acquisition_portfolio::judge(std::span<const std::size_t> proposals,
                                               std::span<const double> found) {
  const double discount = advanced_ ? 0.95 : 0.65;
  for (std::size_t n = 0; n < size; ++n) {
    record& each = all_[n];
    if (!each.used || !math::isfinite(found[n])) continue;
    each.sum = discount * each.sum + found[n];
    each.weight = discount * each.weight + 1;
  }
  if (advanced_)
    drop_worse();
  else
    drop_duplicate(proposals);
}

LATHE_INLINE void acquisition_portfolio::drop_duplicate(std::span<const std::size_t> proposals) {
  constexpr int most_duplicates = 5;
  std::size_t worst = size;
  for (std::size_t n = 0; n < size; ++n) {
    bool duplicate = false;
    for (std::size_t other = 0; other < size; ++other)
      duplicate |=
          other != n && all_[n].used && all_[other].used && proposals[n] == proposals[other];
    all_[n].duplicates = duplicate ? all_[n].duplicates + 1 : 0;
    if (all_[n].duplicates < most_duplicates) continue;
    if (worst == size || mean_of(all_[n]) > mean_of(all_[worst])) worst = n;
  }
  if (worst == size) return;
  all_[worst].used = false;
  for (record& each : all_) each.duplicates = 0;
}

LATHE_INLINE void acquisition_portfolio::drop_worse() {
  constexpr int most_times = 5;
  constexpr double least_difference = 0.1;
  if (used() < 2) return;
  double mean = 0;
  for (const record& each : all_)
    if (each.used) mean += mean_of(each) / used();
  for (std::size_t n = 0; n < size; ++n) {
    record& each = all_[n];
    if (!each.used || each.weight == 0) continue;
    const double off = mean_of(each) - mean;
    each.worse = off > least_difference * math::abs(mean) ? each.worse + 1 : 0;
    each.better = off < -least_difference * math::abs(mean) ? each.better + 1 : 0;
  }
  for (std::size_t n = 0; n < size; ++n) {
    if (all_[n].worse >= most_times && used() > 1) all_[n].used = false;
    if (all_[n].better < most_times) continue;
    for (std::size_t other = 0; other < size; ++other) all_[other].used = other == n;
    return;
  }
}

LATHE_INLINE bayesian_search::bayesian_search(const search_space& space, std::uint64_t seed,
                                              const bayesian_options& options)
    : planned_search(space, seed),
      options_(options),
      model_(point_vector<double>(space, random_point(space, engine_), unordered_as::number).size(),
             options.process),
      portfolio_(options.advanced != 0),
      proposals_(acquisition_portfolio::size),
      places_(acquisition_portfolio::size) {}

LATHE_INLINE bool bayesian_search::offer_candidate(const point& at,
                                                   flat_set<std::uint64_t>& offered) {
  const std::uint64_t hash = space_.hash(at);
  if (seen_.contains(hash) || !offered.insert(hash)) return false;
  if (space_.why_rejected(at)) return false;
  candidates_.push_back(at);
  hashes_.push_back(hash);
  return true;
}

LATHE_INLINE void bayesian_search::draw_candidates() {
  constexpr std::uint64_t most_counted = 1 << 18;
  const auto wanted = static_cast<std::size_t>(larger(options_.candidates, 1));
  candidates_.clear();
  hashes_.clear();
  flat_set<std::uint64_t> offered;
  if (space_.size() <= most_counted) {
    point at;
    at.choices.resize(space_.sites.size());
    for (std::uint64_t n = 0; n < space_.size(); ++n) {
      offer_candidate(at, offered);
      count_on(space_, at);
    }
    complete_ = candidates_.size() <= wanted;
    for (std::size_t n = 0; n < wanted && !complete_; ++n) {
      const auto left = static_cast<std::uint32_t>(candidates_.size() - n);
      const std::size_t drawn = n + engine_.below(left);
      std::swap(candidates_[n], candidates_[drawn]);
      std::swap(hashes_[n], hashes_[drawn]);
    }
    candidates_.resize(smaller(candidates_.size(), wanted));
    hashes_.resize(candidates_.size());
  } else {
    // The neighbours of the fastest points, and what chance brings.
    sequence<std::size_t> order;
    for (std::size_t n = 0; n < values_.size(); ++n) order.push_back(n);
    sort(order,
         [&](std::size_t left, std::size_t right) { return values_[left] < values_[right]; });
    const directions around(space_);
    for (const std::size_t number : order) {
      if (candidates_.size() >= wanted / 2) break;
      for (std::size_t along = 0; along < around.size(); ++along)
        if (const auto next = around.step(successes_[number], along))
          offer_candidate(*next, offered);
    }
    for (std::size_t n = 0; n < 4 * wanted && candidates_.size() < wanted; ++n)
      offer_candidate(random_point(space_, engine_), offered);
  }
  open_.assign(candidates_.size(), true);
  drawn_at_ = values_.size();
  sequence<double> coordinates;
  for (const point& each : candidates_) {
    const sequence<double> at = point_vector<double>(space_, each, unordered_as::number);
    coordinates.append(at.begin(), at.end());
  }
  model_.set_candidates(std::move(coordinates));
}

/// A random open candidate, or any unseen point.
LATHE_INLINE bool bayesian_search::add_candidate() {
  constexpr int attempts = 32;
  for (int attempt = 0; attempt < attempts && !candidates_.empty(); ++attempt) {
    const auto count = static_cast<std::uint32_t>(candidates_.size());
    const std::size_t number = engine_.below(count);
    if (!open_[number]) continue;
    open_[number] = false;
    if (add(candidates_[number])) return true;
  }
  for (std::size_t number = 0; number < candidates_.size(); ++number) {
    if (!open_[number]) continue;
    open_[number] = false;
    if (add(candidates_[number])) return true;
  }
  return add_random();
}

LATHE_INLINE void bayesian_search::add_initial() {
  const auto wanted = static_cast<std::size_t>(larger(options_.initial, 1));
  sequence<point> samples(wanted);
  for (const site& each : space_.sites) {
    sequence<std::size_t> strata;
    for (std::size_t n = 0; n < wanted; ++n) strata.push_back(n);
    for (std::size_t n = wanted; n > 1; --n)
      std::swap(strata[n - 1], strata[engine_.below(static_cast<std::uint32_t>(n))]);
    for (std::size_t n = 0; n < wanted; ++n) {
      const double share =
          (static_cast<double>(strata[n]) + engine_.uniform()) / static_cast<double>(wanted);
      const auto choice = static_cast<std::int32_t>(share * each.choices);
      samples[n].choices.push_back(smaller(choice, each.choices - 1));
    }
  }
  for (const point& each : samples)
    if ((space_.why_rejected(each) || !add(each)) && !add_candidate()) return;
}

LATHE_INLINE void bayesian_search::add_predicted() {
  sequence<uncertain_value> predicted;
  sequence<std::size_t> numbers;
  double mean_deviation = 0;
  for (std::size_t number = 0; number < candidates_.size(); ++number) {
    if (open_[number] && seen_.contains(hashes_[number])) open_[number] = false;
    if (!open_[number]) continue;
    numbers.push_back(number);
    predicted.push_back(model_.candidate(number));
    mean_deviation += predicted.back().deviation;
  }
  if (numbers.empty()) return;
  mean_deviation /= static_cast<double>(numbers.size());
  double best = values_[0];
  for (const double each : values_) best = smaller(best, each);
  if (initial_deviation_ == 0) {
    initial_deviation_ = mean_deviation;
    for (const double each : values_) initial_mean_ += each / static_cast<double>(values_.size());
  }
  // Contextual variance: explore while the model is unsure, less the more was gained since the
  // initial sample.
  const double gained =
      options_.logarithm != 0 ? math::exp(initial_mean_ - best) : initial_mean_ / best;
  const double exploration =
      initial_deviation_ > 0 && gained > 0 ? mean_deviation / gained / initial_deviation_ : 0.01;
  for (std::size_t how = 0; how < acquisition_portfolio::size; ++how) {
    proposals_[how] = candidates_.size();
    if (!portfolio_.is_used(how)) continue;
    double most = 0;
    for (std::size_t n = 0; n < numbers.size(); ++n) {
      const double worth = acquisition_value(static_cast<acquisition>(how), predicted[n], best,
                                             exploration, model_.scale());
      if (n > 0 && !(worth > most)) continue;
      most = worth;
      proposals_[how] = numbers[n];
    }
    const std::size_t first = position(proposals_, proposals_[how]);
    places_[how] = first < how ? places_[first] : planned();
    if (first == how) add(candidates_[proposals_[how]]);
    open_[proposals_[how]] = false;
  }
}

LATHE_INLINE void bayesian_search::plan() {
  proposals_.assign(acquisition_portfolio::size, candidates_.size());
  if (!initialised_) {
    initialised_ = true;
    draw_candidates();
    add_initial();
    return;
  }
  const bool stale =
      values_.size() >= drawn_at_ + static_cast<std::size_t>(larger(options_.redraw, 1));
  if (!complete_ && stale) draw_candidates();
  if (!values_.empty()) add_predicted();
  if (planned() > 0) return;
  if (!complete_) draw_candidates();
  for (int n = 0; n < (values_.empty() ? larger(options_.initial, 1) : 1); ++n)
    if (!add_candidate()) return;
}

LATHE_INLINE void bayesian_search::learn(std::span<const observation> trials) {
  std::array<double, acquisition_portfolio::size> found{};
  bool judged = false;
  for (std::size_t n = 0; n < trials.size(); ++n) {
    double value = trials[n].outcome.seconds();
    if (options_.logarithm != 0 && math::isfinite(value)) value = math::log(value);
    for (std::size_t how = 0; how < found.size(); ++how) {
      if (proposals_[how] >= candidates_.size() || places_[how] != n) continue;
      found[how] = value;
      judged = true;
    }
    if (!trials[n].outcome.ok()) continue;
    successes_.push_back(trials[n].at);
    values_.push_back(value);
    model_.add(point_vector<double>(space_, trials[n].at, unordered_as::number), value);
  }
  if (judged) portfolio_.judge(proposals_, found);
  proposals_.assign(acquisition_portfolio::size, candidates_.size());
}

}  // namespace lathe
