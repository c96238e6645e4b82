/// @file
/// Bodies of random.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/search/random.hpp>

#include <cstddef>
#include <utility>

namespace lathe {

LATHE_INLINE void count_on(const search_space& space, point& at) {
  for (std::size_t site = at.choices.size(); site-- > 0;) {
    if (++at.choices[site] < space.sites[site].choices) return;
    at.choices[site] = 0;
  }
}

LATHE_INLINE point random_point(const search_space& space, random_engine& engine) {
  point drawn;
  drawn.choices.reserve(space.sites.size());
  for (const site& each : space.sites) {
    const auto choices = static_cast<std::uint32_t>(each.choices);
    drawn.choices.push_back(static_cast<std::int32_t>(engine.below(choices)));
  }
  return drawn;
}

LATHE_INLINE std::optional<point> draw_unseen(const search_space& space, random_engine& engine,
                                              seen_points& seen) {
  constexpr int draws = 32;
  constexpr std::uint64_t most_steps = 1 << 16;
  point candidate;
  for (int draw = 0; draw < draws; ++draw) {
    candidate = random_point(space, engine);
    if (seen.add(space, candidate)) return candidate;
  }
  const std::uint64_t steps = smaller(space.size(), most_steps);
  for (std::uint64_t step = 1; step < steps; ++step) {
    count_on(space, candidate);
    if (seen.add(space, candidate)) return candidate;
  }
  return std::nullopt;
}

LATHE_INLINE random_search::random_search(const search_space& space, std::uint64_t seed)
    : space_(space), engine_(seed) {}

LATHE_INLINE sequence<point> random_search::propose(int n) {
  sequence<point> proposals;
  while (static_cast<int>(proposals.size()) < n) {
    std::optional<point> candidate = draw_unseen(space_, engine_, seen_);
    if (!candidate) break;
    proposals.push_back(std::move(*candidate));
  }
  return proposals;
}

LATHE_INLINE void random_search::observe(std::span<const observation> trials) {
  for (const observation& trial : trials) seen_.add(space_, trial.at);
}

}  // namespace lathe
