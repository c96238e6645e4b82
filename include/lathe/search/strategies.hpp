/// @file
/// Every strategy by its name, with parameters as text. In: "q_method(gamma=8)" and what it is made
/// for. Out: the strategy. Part of <lathe/lab.hpp>; the names that options know without it are in
/// strategy_maker.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/owner.hpp>
#include <lathe/search/strategy.hpp>
#include <lathe/search/strategy_maker.hpp>

#include <span>
#include <string>
#include <string_view>

namespace lathe {

/// One line of the list of strategies.
struct strategy_info {
  const char* name;
  const char* summary;  ///< what it does and where it comes from
};

/// All strategies, those that are compared with first.
LATHE_INLINE std::span<const strategy_info> strategies();

/// Makes a strategy. `text` is a name, or name(key=number, ...).
/// @error LATHE-E520 no strategy of that name, E521 not of that form, E522 no such parameter
LATHE_INLINE owner<strategy> make_strategy(const std::string& text,
                                           const strategy_setting& setting);

/// The parameters of a strategy with the values that `text` sets or leaves: "gamma=8, starts=4".
/// @error as make_strategy()
LATHE_INLINE std::string parameters_of(const std::string& text);

/// For tune_options::strategy: `{.strategy = lab_strategy("q_method")}`.
/// @error as make_strategy(), at once
LATHE_INLINE strategy_maker lab_strategy(const std::string& text);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/strategies.ipp>
#endif
