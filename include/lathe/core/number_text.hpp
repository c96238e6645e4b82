/// @file
/// Numbers as text and back, whatever the locale. `<charconv>` would cost every file that includes
/// lathe.hpp 120 ms.
#pragma once

#include <lathe/config.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace lathe {

/// A short decimal text that reads back as the same double: "0.5", "1e+30", "-inf", "nan".
LATHE_INLINE std::string number_text(double value);
/// The same for a float, with fewer digits: number_text(0.1F) is "0.1".
LATHE_INLINE std::string number_text(float value);

/// Reads all of `text` as a decimal number.
/// @returns false if it is not one (spaces and a leading + count) or does not fit; `value` is then
///          unchanged
LATHE_INLINE bool read_number(std::string_view text, double& value);
LATHE_INLINE bool read_number(std::string_view text, std::int64_t& value);
LATHE_INLINE bool read_number(std::string_view text, std::uint64_t& value);

}  // namespace lathe

#if LATHE_HEADER_ONLY
#  include <lathe/core/number_text.ipp>
#endif
