/// @file
/// Bodies of key.hpp.
#pragma once

#include <lathe/core/algorithm.hpp>
#include <lathe/core/sha256.hpp>
#include <lathe/store/key.hpp>
#include <lathe/store/text.hpp>

namespace lathe {

LATHE_INLINE std::string cache_key::text() const {
  sequence<std::string> names = bound;
  sort(names);
  remove_repeated(names);
  std::string out = std::to_string(key_schema) + '|' + detail::hex_text(structure.high, 16) +
                    detail::hex_text(structure.low, 16) + '|' + detail::escaped(target, "|") +
                    "|threads=" + std::to_string(threads) + "|bound=";
  for (std::size_t n = 0; n < names.size(); ++n) {
    if (n > 0) out += ',';
    out += detail::escaped(names[n], "|,");
  }
  return out + "|strict_fp=" + (strict_fp ? '1' : '0');
}

LATHE_INLINE std::string cache_key::hash() const { return sha256_hex(text()).substr(0, 32); }

LATHE_INLINE std::optional<cache_key> parse_key(std::string_view text) {
  const auto parts = detail::split_text(text, '|');
  if (parts.size() != 6 || parts[1].size() != 32) return std::nullopt;
  const auto high = detail::parse_hex(parts[1].substr(0, 16), 16);
  const auto low = detail::parse_hex(parts[1].substr(16), 16);
  const auto target = detail::unescaped(parts[2], "|");
  if (!high || !low || !target || !parts[3].starts_with("threads=") ||
      !parts[4].starts_with("bound=")) {
    return std::nullopt;
  }
  const auto threads = detail::parse_integer(parts[3].substr(8), 1, 65536);
  if (!threads) return std::nullopt;
  cache_key key;
  key.structure = {*high, *low};
  key.target = *target;
  key.threads = static_cast<int>(*threads);
  if (const auto list = parts[4].substr(6); !list.empty()) {
    for (const auto part : detail::split_text(list, ',')) {
      auto name = detail::unescaped(part, "|,");
      if (!name) return std::nullopt;
      key.bound.push_back(std::move(*name));
    }
  }
  key.strict_fp = parts[5] == "strict_fp=1";
  // Only the canonical text of a key is one: this also refuses other schemas and unsorted names.
  if (key.text() != text) return std::nullopt;
  return key;
}

}  // namespace lathe
