#include "restriction.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace lab {
namespace {

/// `count` choices of 0 .. choices - 1, `always` among them.
std::vector<int> spread(int choices, int count, int always) {
  count = std::clamp(count, 1, choices);
  std::vector<int> out;
  if (count == 1) return {always};
  for (int at = 0; at < count; ++at)
    out.push_back((2 * at * (choices - 1) + (count - 1)) / (2 * (count - 1)));
  if (std::find(out.begin(), out.end(), always) == out.end()) {
    const auto nearest = std::min_element(out.begin(), out.end(), [&](int left, int right) {
      return std::abs(left - always) < std::abs(right - always);
    });
    *nearest = always;
    std::sort(out.begin(), out.end());
  }
  return out;
}

}  // namespace

restriction::restriction(const lathe::search_space& whole,
                         const std::vector<variation>& variations) {
  std::set<std::string> unused;
  for (const variation& each : variations) unused.insert(each.begin);
  for (std::size_t at = 0; at < whole.sites.size(); ++at) {
    const lathe::site& of = whole.sites[at];
    int count = 1;
    for (const variation& each : variations) {
      if (!of.name.starts_with(each.begin)) continue;
      count = each.choices;
      unused.erase(each.begin);
    }
    kept_.push_back(spread(of.choices, count, whole.estimates[0].choices[at]));
    const auto choices = static_cast<std::int32_t>(kept_.back().size());
    lathe::site made = of;
    made.choices = choices;
    if (!of.moves.empty()) made.moves = lathe::linear_moves(choices);
    sites_.push_back(std::move(made));
  }
  if (!unused.empty()) {
    std::string names;
    for (const lathe::site& each : whole.sites) names += (names.empty() ? "" : ", ") + each.name;
    throw std::invalid_argument("no site's name begins with '" + *unused.begin() +
                                "'; the sites are: " + names);
  }
}

lathe::point restriction::in_whole(const lathe::point& of_part) const {
  lathe::point out;
  for (std::size_t at = 0; at < kept_.size(); ++at)
    out.choices.push_back(kept_[at][static_cast<std::size_t>(of_part.choices[at])]);
  return out;
}

lathe::point restriction::in_part(const lathe::point& of_whole) const {
  lathe::point out;
  for (std::size_t at = 0; at < kept_.size(); ++at) {
    const auto found = std::find(kept_[at].begin(), kept_[at].end(), of_whole.choices[at]);
    out.choices.push_back(static_cast<std::int32_t>(found - kept_[at].begin()));
  }
  return out;
}

}  // namespace lab
