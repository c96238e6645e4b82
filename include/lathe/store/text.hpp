/// @file
/// The strict text that records are made of: escaping, UTF-8, numbers. Every reader accepts exactly
/// what the writer produces, so that equal values have equal texts. Called by all of store/.
#pragma once

#include <lathe/config.hpp>
#include <lathe/core/sequence.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lathe::detail {

/// True for valid UTF-8 (Unicode 15, table 3-7) without control characters, of at most `limit`
/// bytes.
LATHE_INLINE bool is_plain_text(std::string_view text, std::size_t limit);

/// `text` with '%' and the characters in `reserved` written as %XX.
LATHE_INLINE std::string escaped(std::string_view text, std::string_view reserved);

/// Inverse of escaped(); nothing if `text` is not what escaped() writes.
LATHE_INLINE std::optional<std::string> unescaped(std::string_view text, std::string_view reserved);

/// The parts between separators; one part for a text without any.
LATHE_INLINE sequence<std::string_view> split_text(std::string_view text, char separator);

/// A decimal integer in [least, greatest] without sign, blanks or leading zeros.
LATHE_INLINE std::optional<std::int64_t> parse_integer(std::string_view text, std::int64_t least,
                                                       std::int64_t greatest);

/// A finite number >= 0 in decimal, independent of the locale.
LATHE_INLINE std::optional<double> parse_number(std::string_view text);

/// `digits` lower-case hex digits.
LATHE_INLINE std::string hex_text(std::uint64_t value, int digits);

/// Exactly `digits` (at most 16) lower-case hex digits.
LATHE_INLINE std::optional<std::uint64_t> parse_hex(std::string_view text, int digits);

}  // namespace lathe::detail

#if LATHE_HEADER_ONLY
#  include <lathe/store/text.ipp>
#endif
