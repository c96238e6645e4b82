#include <lathe/core/number_text.hpp>

#include <charconv>
#include <clocale>
#include <cstdint>
#include <cstring>
#include <doctest/doctest.h>
#include <limits>
#include <random>
#include <string>

using namespace lathe;

namespace {

template <class Value>
Value read_by_std(const std::string& text) {
  Value value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

template <class Value, class Bits>
void check_random_bits(int count) {
  std::mt19937_64 engine(7);
  for (int n = 0; n < count; ++n) {
    const auto bits = static_cast<Bits>(engine());
    Value value{};
    std::memcpy(&value, &bits, sizeof value);
    if (value != value || value - value != 0) continue;  // NaN, infinity
    const std::string text = number_text(value);
    CAPTURE(text);
    CHECK(read_by_std<Value>(text) == value);
    double read = 0;
    CHECK(read_number(text, read));
    CHECK(static_cast<Value>(read) == value);
  }
}

}  // namespace

TEST_CASE("number_text: every number reads back as itself") {
  check_random_bits<double, std::uint64_t>(20000);
  check_random_bits<float, std::uint32_t>(20000);
}

TEST_CASE("number_text: short where the number is") {
  CHECK(number_text(0.5) == "0.5");
  CHECK(number_text(0.1F) == "0.1");
  CHECK(number_text(1e30) == "1e+30");
  CHECK(number_text(-3.0) == "-3");
  CHECK(number_text(1.0 / 3) == "0.3333333333333333");
  CHECK(number_text(-std::numeric_limits<double>::infinity()) == "-inf");
}

TEST_CASE("read_number: whole numbers up to the limits of their types") {
  std::int64_t value = 5;
  CHECK(read_number("-9223372036854775808", value));
  CHECK(value == std::numeric_limits<std::int64_t>::min());
  CHECK(read_number("9223372036854775807", value));
  CHECK(value == std::numeric_limits<std::int64_t>::max());
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "", "-", "+1", " 1", "1 ",
                           "1x", "0x1", "--1"}) {
    CAPTURE(text);
    value = 5;
    CHECK_FALSE(read_number(text, value));
    CHECK(value == 5);
  }
  std::uint64_t natural = 0;
  CHECK(read_number("18446744073709551615", natural));
  CHECK(natural == std::numeric_limits<std::uint64_t>::max());
  CHECK_FALSE(read_number("18446744073709551616", natural));
  CHECK_FALSE(read_number("-1", natural));
}

TEST_CASE("read_number: what is no decimal number or does not fit a double") {
  double value = 5;
  for (const char* text : {"", "+1", " 1", "1 ", "0x10", "1e", "e1", "inf", "nan", "1e400",
                           "-1e400", "1.2.3", "1,5"}) {
    CAPTURE(text);
    CHECK_FALSE(read_number(text, value));
    CHECK(value == 5);
  }
  CHECK(read_number("-1.5e-3", value));
  CHECK(value == -1.5e-3);
}

TEST_CASE("number_text: the program's locale does not matter") {
  const std::string before = std::setlocale(LC_NUMERIC, nullptr);
  const char* comma = nullptr;
  for (const char* name : {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8"})
    if (comma == nullptr) comma = std::setlocale(LC_NUMERIC, name);
  if (comma == nullptr) {
    MESSAGE("[SKIP] no locale with a decimal comma is installed");
    return;
  }
  const std::string text = number_text(0.5);
  double value = 0;
  const bool is_read = read_number("0.25", value);
  std::setlocale(LC_NUMERIC, before.c_str());
  CHECK(text == "0.5");
  CHECK(is_read);
  CHECK(value == 0.25);
}
