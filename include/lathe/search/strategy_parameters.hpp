/// @file
/// The parameters of a strategy as text: "q_method(gamma=8, starts=4)". In: such a text. Out: its
/// name, and its numbers by name. Called by strategies.hpp.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/error.hpp>
#include <lathe/core/number_text.hpp>
#include <lathe/core/sequence.hpp>

#include <string>
#include <string_view>

namespace lathe {

/// Numbers by name. What reads them is what lists them, so that the two never differ.
class strategy_parameters {
 public:
  /// @error LATHE-E521 if `text` is not of the form name(key=number, ...)
  LATHE_INLINE explicit strategy_parameters(std::string_view text);

  const std::string& name() const { return name_; }

  /// Sets `value` if the text says so, and notes that there is such a parameter.
  template <class Number>
  void read(std::string_view key, Number& value) {
    double number = static_cast<double>(value);
    read_number_of(key, number);
    value = static_cast<Number>(number);
  }

  /// What was noted, with the values that were set or left: "gamma=8, starts=4".
  const std::string& known() const { return known_; }

  /// @error LATHE-E522 if the text sets a parameter that was not read
  LATHE_INLINE void require_all_read() const;

 private:
  struct setting {
    std::string key;
    double value;
    bool read;
  };

  LATHE_INLINE void read_number_of(std::string_view key, double& value);

  std::string name_;
  sequence<setting> settings_;
  std::string known_;
};

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/search/strategy_parameters.ipp>
#endif
