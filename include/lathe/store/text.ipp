/// @file
/// Bodies of text.hpp.
#pragma once

#include <lathe/core/number_text.hpp>
#include <lathe/store/text.hpp>

namespace lathe::detail {

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 if there is none.
LATHE_INLINE std::size_t utf8_sequence(std::string_view text) {
  const auto at = [&](std::size_t n) { return static_cast<unsigned char>(text[n]); };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  // The second byte excludes overlong forms, surrogates and code points above U+10FFFF.
  const unsigned least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned greatest = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (at(1) < least || at(1) > greatest) return 0;
  for (std::size_t n = 2; n < size; ++n) {
    if (at(n) < 0x80 || at(n) > 0xbf) return 0;
  }
  return size;
}

LATHE_INLINE bool is_plain_text(std::string_view text, std::size_t limit) {
  if (text.size() > limit) return false;
  while (!text.empty()) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x20 || lead == 0x7f) return false;
    const std::size_t size = utf8_sequence(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

LATHE_INLINE std::string escaped(std::string_view text, std::string_view reserved) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char character : text) {
    if (character != '%' && reserved.find(character) == std::string_view::npos) {
      out += character;
      continue;
    }
    const auto value = static_cast<unsigned char>(character);
    out += '%';
    out += digits[value >> 4];
    out += digits[value & 15];
  }
  return out;
}

LATHE_INLINE std::optional<std::string> unescaped(std::string_view text,
                                                  std::string_view reserved) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] != '%') {
      if (reserved.find(text[n]) != std::string_view::npos) return std::nullopt;
      out += text[n];
      continue;
    }
    if (text.size() - n < 3) return std::nullopt;
    const std::size_t high = digits.find(text[n + 1]);
    const std::size_t low = digits.find(text[n + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    const char character = static_cast<char>(high * 16 + low);
    if (character != '%' && reserved.find(character) == std::string_view::npos) {
      return std::nullopt;
    }
    out += character;
    n += 2;
  }
  return out;
}

LATHE_INLINE sequence<std::string_view> split_text(std::string_view text, char separator) {
  sequence<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

LATHE_INLINE std::optional<std::int64_t> parse_integer(std::string_view text, std::int64_t least,
                                                       std::int64_t greatest) {
  std::int64_t value = 0;
  if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
  if (text[0] == '0' && text.size() > 1) return std::nullopt;
  if (!read_number(text, value)) return std::nullopt;
  if (value < least || value > greatest) return std::nullopt;
  return value;
}

LATHE_INLINE std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  if (text.empty() || text.size() > 32 || text[0] < '0' || text[0] > '9') return std::nullopt;
  if (!read_number(text, value)) return std::nullopt;
  return value;
}

LATHE_INLINE std::string hex_text(std::uint64_t value, int digits) {
  std::string out(static_cast<std::size_t>(digits), '0');
  for (std::size_t n = out.size(); n-- > 0; value >>= 4) out[n] = "0123456789abcdef"[value & 15];
  return out;
}

LATHE_INLINE std::optional<std::uint64_t> parse_hex(std::string_view text, int digits) {
  if (text.size() != static_cast<std::size_t>(digits)) return std::nullopt;
  std::uint64_t value = 0;
  for (const char character : text) {
    const std::size_t digit = std::string_view("0123456789abcdef").find(character);
    if (digit == std::string_view::npos) return std::nullopt;
    value = value << 4 | digit;
  }
  return value;
}

}  // namespace lathe::detail
