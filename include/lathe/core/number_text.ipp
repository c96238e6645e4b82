/// @file
/// Bodies of number_text.hpp.
#pragma once

#include <lathe/core/number_text.hpp>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <locale.h>

namespace lathe {
namespace detail {

/// While it lives, this thread writes and reads numbers as C does, with a point.
class c_numbers {
 public:
  c_numbers() : before_(uselocale(c_locale())) {}
  ~c_numbers() { uselocale(before_); }
  c_numbers(const c_numbers&) = delete;
  c_numbers& operator=(const c_numbers&) = delete;

 private:
  static locale_t c_locale() {
    static const locale_t made = newlocale(LC_ALL_MASK, "C", locale_t());
    return made;
  }

  locale_t before_;
};

/// %g drops trailing zeros, so that the first precision that reads back is short, too.
inline std::string real_text(double value, int fewest, int most,
                             bool (*is_read_back)(const char*, double)) {
  const c_numbers decimal_point;
  char text[40];
  for (int digits = fewest; digits <= most; ++digits) {
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    if (is_read_back(text, value)) break;
  }
  return text;
}

/// Digits only. @returns false if there are none, others, or more than fit
inline bool read_digits(std::string_view text, std::uint64_t& value) {
  std::uint64_t read = 0;
  for (const char each : text) {
    const auto digit = static_cast<std::uint64_t>(static_cast<unsigned char>(each)) - '0';
    if (digit > 9 || __builtin_mul_overflow(read, 10, &read) ||
        __builtin_add_overflow(read, digit, &read))
      return false;
  }
  if (text.empty()) return false;
  value = read;
  return true;
}

}  // namespace detail

LATHE_INLINE std::string number_text(double value) {
  return detail::real_text(value, 15, 17, [](const char* text, double wanted) {
    return std::strtod(text, nullptr) == wanted;
  });
}

LATHE_INLINE std::string number_text(float value) {
  return detail::real_text(static_cast<double>(value), 6, 9, [](const char* text, double wanted) {
    return static_cast<double>(std::strtof(text, nullptr)) == wanted;
  });
}

LATHE_INLINE bool read_number(std::string_view text, double& value) {
  if (text.empty() || text[0] == '+' || text.size() > 400) return false;
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return false;
  const detail::c_numbers decimal_point;
  const std::string ended(text);
  char* stop = nullptr;
  const double read = std::strtod(ended.c_str(), &stop);
  const bool fits =
      read <= std::numeric_limits<double>::max() && read >= std::numeric_limits<double>::lowest();
  if (stop != ended.c_str() + ended.size() || !fits) return false;
  value = read;
  return true;
}

LATHE_INLINE bool read_number(std::string_view text, std::uint64_t& value) {
  return detail::read_digits(text, value);
}

LATHE_INLINE bool read_number(std::string_view text, std::int64_t& value) {
  const bool negative = !text.empty() && text[0] == '-';
  constexpr auto greatest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t size = 0;
  if (!detail::read_digits(text.substr(negative ? 1 : 0), size)) return false;
  if (size > greatest + (negative ? 1 : 0)) return false;
  value = static_cast<std::int64_t>(negative ? ~size + 1 : size);
  return true;
}

}  // namespace lathe
