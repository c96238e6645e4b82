/// @file
/// How a strategy is made, by its name: what options hold until the space is known. In: "evolve" or
/// "random". Out: the strategy. Called by api/session; <lathe/lab.hpp> makes the other ones.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/search/strategy.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace lathe {

class point_features;  // search/point_features.hpp
struct past_trials;    // the same

/// What a strategy is made for. All but the seed must outlive the strategy.
struct strategy_setting {
  const search_space& space;
  std::uint64_t seed = 0;
  point_features* features = nullptr;  ///< what models see of a point; null = its choices
  const past_trials* past = nullptr;   ///< trials of similar operators to learn from; null = none
};

/// A strategy by name that can be made for any space.
class strategy_maker {
 public:
  /// Makes the strategy that a text names.
  using function = owner<strategy> (*)(const std::string& text, const strategy_setting& setting);

  /// The default, "evolve".
  strategy_maker() : strategy_maker("evolve") {}
  /// @param name  "evolve" or "random"
  /// @error LATHE-E520 for any other name
  LATHE_INLINE strategy_maker(const char* name);  // NOLINT(google-explicit-constructor)
  /// Any other one. @param makes  must know `text`
  strategy_maker(std::string text, function makes) : text_(std::move(text)), make_(makes) {}

  owner<strategy> make(const strategy_setting& setting) const { return make_(text_, setting); }
  /// What it was named.
  const std::string& name() const { return text_; }

 private:
  std::string text_;
  function make_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/strategy_maker.ipp>
#endif
