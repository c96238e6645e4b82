#include "property/functions.hpp"

extern "C" {
float lathe_larger_f32(float left, float right) { return left > right ? left : right; }
double lathe_larger_f64(double left, double right) { return left > right ? left : right; }
std::int64_t lathe_larger_i64(std::int64_t left, std::int64_t right) {
  return left > right ? left : right;
}
std::int32_t lathe_larger_i32(std::int32_t left, std::int32_t right) {
  return left > right ? left : right;
}
std::int8_t lathe_larger_i8(std::int8_t left, std::int8_t right) {
  return left > right ? left : right;
}
std::uint8_t lathe_larger_u8(std::uint8_t left, std::uint8_t right) {
  return left > right ? left : right;
}
}

namespace lathe::property {
namespace {

void larger_real(const external_value* given, external_value* result) {
  result->real = lathe_larger_f64(given[0].real, given[1].real);
}
void larger_whole(const external_value* given, external_value* result) {
  result->whole = lathe_larger_i64(given[0].whole, given[1].whole);
}

}  // namespace

const char* larger_name(dtype type) {
  switch (type) {
    case dtype::f32: return "lathe_larger_f32";
    case dtype::f64: return "lathe_larger_f64";
    case dtype::i64: return "lathe_larger_i64";
    case dtype::i32: return "lathe_larger_i32";
    case dtype::i8: return "lathe_larger_i8";
    default: return "lathe_larger_u8";
  }
}

std::span<const external_function> functions() {
  static const external_function all[] = {
      {larger_name(dtype::f32), larger_real},  {larger_name(dtype::f64), larger_real},
      {larger_name(dtype::i64), larger_whole}, {larger_name(dtype::i32), larger_whole},
      {larger_name(dtype::i8), larger_whole},  {larger_name(dtype::u8), larger_whole}};
  return all;
}

}  // namespace lathe::property
