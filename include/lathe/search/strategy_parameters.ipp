/// @file
/// Bodies of strategy_parameters.hpp.
#pragma once

#include <lathe/search/strategy_parameters.hpp>

namespace lathe {
namespace detail {

/// `text` without spaces at its ends.
LATHE_INLINE std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace detail

LATHE_INLINE strategy_parameters::strategy_parameters(std::string_view text) {
  const auto malformed = [&] {
    fail("LATHE-E521", "'" + std::string(text) +
                           "' does not name a strategy: write name or name(key=number, ...)");
  };
  const std::size_t open = text.find('(');
  name_ = detail::trimmed(text.substr(0, open));
  if (open == std::string_view::npos) return;
  std::string_view left = detail::trimmed(text.substr(open + 1));
  if (left.empty() || left.back() != ')') malformed();
  left = detail::trimmed(left.substr(0, left.size() - 1));
  while (!left.empty()) {
    const std::size_t comma = left.find(',');
    const std::string_view part = left.substr(0, comma);
    const std::size_t equals = part.find('=');
    setting each{std::string(detail::trimmed(part.substr(0, equals))), 0, false};
    if (equals == std::string_view::npos ||
        !read_number(detail::trimmed(part.substr(equals + 1)), each.value))
      malformed();
    settings_.push_back(each);
    left = comma == std::string_view::npos ? std::string_view() : left.substr(comma + 1);
  }
}

LATHE_INLINE void strategy_parameters::read_number_of(std::string_view key, double& value) {
  for (setting& each : settings_) {
    if (each.key != key) continue;
    value = each.value;
    each.read = true;
  }
  known_ += (known_.empty() ? "" : ", ") + std::string(key) + "=" + number_text(value);
}

LATHE_INLINE void strategy_parameters::require_all_read() const {
  for (const setting& each : settings_) {
    if (each.read) continue;
    fail("LATHE-E522", "strategy " + name_ + " has no parameter '" + each.key + "': it has " +
                           (known_.empty() ? "none" : known_));
  }
}

}  // namespace lathe
