#include "statistics.hpp"

#include <lathe/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lab {

double best_after_trials(const curve& of, int trials) {
  double best = std::numeric_limits<double>::infinity();
  for (const lathe::search_step& each : of)
    if (each.trial <= trials) best = each.best;
  return best;
}

double best_after_seconds(const curve& of, double seconds) {
  double best = std::numeric_limits<double>::infinity();
  for (const lathe::search_step& each : of)
    if (each.seconds <= seconds) best = each.best;
  return best;
}

double area_under(const curve& of, double optimum, int trials) {
  double area = 0;
  for (std::size_t at = 0; at < of.size(); ++at) {
    const int end = at + 1 < of.size() ? of[at + 1].trial : trials + 1;
    area += optimum / of[at].best * std::max(0, std::min(end, trials + 1) - of[at].trial);
  }
  return area / trials;
}

int trials_to(const curve& of, double optimum, double fraction, int trials) {
  for (const lathe::search_step& each : of)
    if (optimum >= fraction * each.best && each.trial <= trials) return each.trial;
  return trials + 1;
}

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double at = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  const double rest = at - static_cast<double>(below);
  if (rest == 0) return values[below];  // a neighbour may be infinite
  return values[below] * (1 - rest) + values[above] * rest;
}

estimate bootstrap(
    const std::vector<std::size_t>& sizes,
    const std::function<double(const std::vector<std::vector<std::size_t>>&)>& statistic) {
  constexpr int samples = 2000;
  std::vector<std::vector<std::size_t>> chosen;
  for (const std::size_t size : sizes) {
    chosen.emplace_back(size);
    std::iota(chosen.back().begin(), chosen.back().end(), std::size_t{0});
  }
  estimate out;
  out.value = statistic(chosen);
  lathe::random_engine engine(1);
  std::vector<double> values;
  for (int sample = 0; sample < samples; ++sample) {
    for (std::vector<std::size_t>& group : chosen)
      for (std::size_t& each : group) each = engine.below(static_cast<std::uint32_t>(group.size()));
    values.push_back(statistic(chosen));
  }
  out.low = quantile(values, 0.025);
  out.high = quantile(values, 0.975);
  return out;
}

}  // namespace lab
